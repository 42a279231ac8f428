"""Makes the NDEF message that gives a resident's phone a key, a home code or a log. Format: README.md."""

from binascii import b2a_base64

from access.guest_key import letters
from people.entry import HOME_KEY, LOG


def note(lock: str, what: int, key: bytes, page: str = "") -> bytes:
    """A text, then the same as a mail to nobody; of a guest key the address of the page, if there is one.

    `what` is GUEST_KEY or HOME_KEY, `key` has 16 bytes; or it is LOG, and `key` what people/logs.py hands
    over, for which there is only an address. `page` has no https://. An iPhone opens the first URI of a
    message (Apple, "Adding Support for Background Tag Reading") and shows no text; an Android phone takes the
    first record.
    """
    # NFC Forum NDEF 1.0, 3.2: begin or end, short, well-known; RTD URI 1.0, table 3: https:// and mailto:
    if what == LOG:
        sealed = b2a_base64(key).strip().replace(b"+", b"-").replace(b"/", b"_").replace(b"=", b"")
        head = "\x04%s#lock=%s&log=" % (page, lock)
        if not page:
            head = "\x06?body=Menshen%%20log%%20of%%20%s:%%20" % lock
        return _record(0xD1, b"U", head.encode() + sealed)
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
    """One record of the message, whose length has four bytes where it is not a short one."""
    size = len(payload)
    if size > 255:
        return bytes((flags & ~0x10, 1)) + size.to_bytes(4, "big") + kind + payload
    return bytes((flags, 1, size)) + kind + payload
