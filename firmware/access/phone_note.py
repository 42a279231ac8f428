"""Makes the NDEF message that gives a tenant's phone a guest key or a home code. Format: README.md."""

from people.entry import HOME_KEY
from people.home_code import letters


def note(lock: str, what: int, key: bytes) -> bytes:
    """A text, then the same text as a mail to nobody. `what` is GUEST_KEY or HOME_KEY, `key` has 16 bytes.

    Of each message an iPhone opens the first URI (Apple, "Adding Support for Background Tag Reading") and
    shows no text; an Android phone takes the first record of all.
    """
    title, digits = ("home code", letters(key)) if what == HOME_KEY else ("guest key", key.hex())
    text = "Menshen %s of %s:" % (title, lock)
    for place in range(0, len(digits), 4):
        text += " " + digits[place : place + 4]
    mail = "?body=" + text.replace(" ", "%20")
    # NFC Forum NDEF 1.0, 3.2: begin or end, short, well-known; RTD Text 1.0, 3.2: UTF-8, English
    return _record(0x91, b"T", b"\x02en" + text.encode()) + _record(
        0x51, b"U", b"\x06" + mail.encode()
    )  # RTD URI 1.0, table 3: mailto:


def _record(flags: int, kind: bytes, payload: bytes) -> bytes:
    """One short record of the message."""
    return bytes((flags, 1, len(payload))) + kind + payload
