"""Makes the NDEF message that gives a resident's phone a guest key or a home code. Format: README.md."""

from people.entry import HOME_KEY
from people.home_code import letters


def note(lock: str, what: int, key: bytes, page: str = "") -> bytes:
    """A text, then the same as a mail to nobody; of a guest key the address of the page, if there is one.

    `what` is GUEST_KEY or HOME_KEY, `key` has 16 bytes, `page` has no https://. Of each message an iPhone
    opens the first URI (Apple, "Adding Support for Background Tag Reading") and shows no text; an Android
    phone takes the first record of all.
    """
    # NFC Forum NDEF 1.0, 3.2: begin or end, short, well-known; RTD URI 1.0, table 3: https:// and mailto:
    if page and what != HOME_KEY:
        return _record(0xD1, b"U", b"\x04" + ("%s#lock=%s&key=%s" % (page, lock, key.hex())).encode())
    title, digits = ("home code", letters(key)) if what == HOME_KEY else ("guest key", key.hex())
    text = "Menshen %s of %s:" % (title, lock)
    for place in range(0, len(digits), 4):
        text += " " + digits[place : place + 4]
    mail = "?body=" + text.replace(" ", "%20")
    # RTD Text 1.0, 3.2: UTF-8, English
    return _record(0x91, b"T", b"\x02en" + text.encode()) + _record(0x51, b"U", b"\x06" + mail.encode())


def _record(flags: int, kind: bytes, payload: bytes) -> bytes:
    """One short record of the message."""
    return bytes((flags, 1, len(payload))) + kind + payload
