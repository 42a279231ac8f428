"""Frames of the PN532 (NXP UM0701-02, section 6.2.1): made, and found again among noise.

Memory is bounded: a frame is made in a buffer that the caller keeps, and what comes in is gathered in
one that never grows. What cannot be a frame is dropped as soon as that is known.
"""

from micropython import const

ACK = b"\x00\x00\xff\x00\xff\x00"  # 6.2.1.3; from the host it gives up the command in hand
NACK = b"\x00\x00\xff\xff\x00\x00"  # 6.2.1.4
HOST = const(0xD4)  # TFI, 6.2.1.1
CHIP = const(0xD5)
SYNTAX = const(0x7F)  # the only byte of an error frame, 6.2.1.5

LONGEST_SENT = const(262)  # a normal frame of LEN 255: preamble, start code 2, LEN, LCS, data, DCS, postamble
_LONGEST_DATA = const(265)  # TFI, code and 263 bytes: 6.2.1.2
_LONGEST = const(288)  # the longest frame, and room for noise before it


def build(buffer: bytearray, code: int, parameters: bytes = b"") -> int:
    """Make the normal frame of a command in `buffer`; its size. ValueError: more than 253 parameter bytes."""
    size = len(parameters) + 2
    if size > 255:
        raise ValueError("too long for a frame")
    buffer[0] = buffer[1] = 0
    buffer[2] = 0xFF
    buffer[3], buffer[4] = size, -size & 0xFF
    buffer[5], buffer[6] = HOST, code
    buffer[7 : 5 + size] = parameters
    buffer[5 + size] = -(HOST + code + sum(parameters)) & 0xFF
    buffer[6 + size] = 0
    return size + 7


class Finder:
    """Takes bytes as they come, and gives the frames whose checksums are right."""

    def __init__(self) -> None:
        self._buffer = bytearray(_LONGEST)
        self._view = memoryview(self._buffer)
        self._end = 0

    def room(self) -> memoryview:
        """Where to put what comes next, never empty; added() says how much it was."""
        if self._end == _LONGEST:
            self._drop(1)
        return self._view[self._end :]

    def added(self, count: int) -> None:
        """So many bytes were put into room()."""
        self._end += count

    def clear(self) -> None:
        """Forget all that came."""
        self._end = 0

    def next(self) -> "bytes | None":
        """The next frame: TFI and data, b"" for an ACK, None where none is whole yet. A NACK is no news."""
        buffer, view, end = self._buffer, self._view, self._end
        place = 0
        while True:
            place = buffer.find(b"\x00\xff", place, end)
            if place < 0:
                self._drop(end - (end > 0 and buffer[end - 1] == 0))
                return None
            if place + 4 > end:
                break
            start, size = place + 4, buffer[place + 2]
            if size == 0 and buffer[place + 3] == 0xFF:
                self._drop(start)
                return b""
            wrong = size + buffer[place + 3] & 0xFF
            if size == 0xFF and buffer[place + 3] == 0xFF:  # extended: 6.2.1.2
                start += 3
                if start > end:
                    break
                size = buffer[place + 4] << 8 | buffer[place + 5]
                wrong = sum(view[place + 4 : start]) & 0xFF
            if not wrong and 0 < size <= _LONGEST_DATA:
                after = start + size + 1
                if after > end:
                    break
                if not sum(view[start:after]) & 0xFF:
                    data = bytes(view[start : after - 1])
                    self._drop(after)
                    return data
            place += 1
        self._drop(place)
        return None

    def _drop(self, count: int) -> None:
        """Forget the first `count` bytes."""
        if count:
            left = self._end - count
            self._view[:left] = self._view[count : self._end]
            self._end = left
