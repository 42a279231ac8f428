"""Joins surrogate pairs in a text that json.loads() has read. Loaded only if there are any."""


def joined(value: str) -> "str | None":
    r"""The text with one letter for each pair of surrogates, or None if one of them has no partner.

    JSON may write an emoji as "\ud83d\ude00" (RFC 8259, section 7). MicroPython makes two letters of it,
    which do not exist in UTF-8.
    """
    found, high = "", 0
    for sign in value:
        code = ord(sign)
        is_low = 0xDC00 <= code < 0xE000
        if is_low != bool(high):
            return None
        if is_low:
            found += chr(0x10000 + (high - 0xD800 << 10) + code - 0xDC00)
            high = 0
        elif 0xD800 <= code < 0xDC00:
            high = code
        else:
            found += sign
    return None if high else found
