"""Letters beyond the first 65,536 in a text that json.loads has read: loaded where there are any."""


def joined(value: str) -> "str | None":
    r"""The text with each pair of surrogates made one letter, or None where one stands alone.

    Of an emoji that JSON has as "\ud83d\ude00" (RFC 8259, 7) MicroPython makes two, and UTF-8 has none such.
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
