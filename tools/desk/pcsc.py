"""A card reader at the desk, by PC/SC: carries APDUs to the card that lies on it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .talk import CardError, Transmit

_MISSING = (
    "a card reader at the desk needs the library pyscard: install Menshen with its extra, "
    "`pipx install '.[desk]'` in its folder; on Debian `apt install pcscd swig libpcsclite-dev` comes first"
)


@contextmanager
def card(seconds: int) -> Iterator[Transmit]:
    """Wait for a card on any reader, at most so long, and connect to it. Raises CardError."""
    try:
        from smartcard.CardRequest import CardRequest
        from smartcard.Exceptions import CardRequestTimeoutException, SmartcardException
        from smartcard.pcsc.PCSCExceptions import BaseSCardException
        from smartcard.System import readers
    except ImportError:
        raise CardError(_MISSING) from None
    try:
        if not readers():
            raise CardError("no card reader is connected: a contactless one with PC/SC is right")
        service = CardRequest(timeout=seconds).waitforcard()
        connection = service.connection
        connection.connect()
    except CardRequestTimeoutException:
        raise CardError(f"no card came within {seconds} s: lay one on the reader, and try again") from None
    except BaseSCardException as error:
        raise CardError(f"the card reader's service does not answer; is pcscd running? {error}") from error
    except SmartcardException as error:
        raise CardError(f"the card on the reader does not answer: {error}") from error

    def transmit(apdu: bytes) -> bytes:
        try:
            data, first, second = connection.transmit(list(apdu))
        except (SmartcardException, BaseSCardException):
            raise CardError(
                "the card was taken away too early: lay it on the reader, and try again"
            ) from None
        return bytes((*data, first, second))

    try:
        yield transmit
    finally:
        with suppress(SmartcardException, BaseSCardException):  # the card, or the reader, may be gone
            connection.disconnect()
