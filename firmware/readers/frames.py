"""Builds the frames of the PN532 and finds them in a noisy stream (NXP UM0701-02, section 6.2.1).

Memory is bounded: build() writes into the caller's buffer, and Finder collects bytes in one that never
grows. Bytes that cannot belong to a frame are dropped as soon as that is known.
"""

from micropython import const

ACK = b"\x00\x00\xff\x00\xff\x00"  # 6.2.1.3; sent by the host, it aborts the current command
NACK = b"\x00\x00\xff\xff\x00\x00"  # 6.2.1.4
HOST = const(0xD4)  # TFI, 6.2.1.1
CHIP = const(0xD5)
SYNTAX = const(0x7F)  # the only byte of an error frame, 6.2.1.5

_LONGEST_DATA = const(265)  # TFI, code and 263 bytes: 6.2.1.2
_LONGEST = const(288)  # the longest frame, of 275 bytes, and some noise before it


def build(buffer: "bytearray | memoryview", code: int, parameters: bytes = b"", more: bytes = b"") -> int:
    """Write the frame of a command into `buffer`, an extended one if LEN would exceed 255; returns its size.

    Its parameters are `parameters`, then `more`. Raises ValueError for more than 263 bytes of them.
    """
    first = len(parameters)
    size = first + len(more) + 2
    if size > _LONGEST_DATA:
        raise ValueError("too long for a frame")
    buffer[0] = buffer[1] = 0
    buffer[2] = 0xFF
    if size > 255:
        buffer[3] = buffer[4] = 0xFF
        buffer[5], buffer[6], buffer[7] = size >> 8, size & 0xFF, -(size + (size >> 8)) & 0xFF
        start = 8
    else:
        buffer[3], buffer[4] = size, -size & 0xFF
        start = 5
    end = start + size
    buffer[start], buffer[start + 1] = HOST, code
    buffer[start + 2 : start + 2 + first] = parameters
    buffer[start + 2 + first : end] = more
    buffer[end] = -(HOST + code + sum(parameters) + sum(more)) & 0xFF
    buffer[end + 1] = 0
    return end + 2


class Finder:
    """Collects bytes as they come, `holds` so many, and returns the frames whose checksums are right."""

    def __init__(self) -> None:
        self._buffer = bytearray(_LONGEST)
        self._view = memoryview(self._buffer)
        self.holds = 0

    def space(self) -> memoryview:
        """The free part of the buffer, never empty: read the next bytes into it, then call added()."""
        if not self.holds:
            return self._view
        if self.holds == _LONGEST:
            self._drop(1)
        return self._view[self.holds :]

    def added(self, count: int) -> None:
        """Count in so many bytes that were read into space()."""
        self.holds += count

    def clear(self) -> None:
        """Drop all bytes."""
        self.holds = 0

    def skip(self, frame: bytes) -> bool:
        """Whether this frame has come: it and what stands before it are dropped then. Allocates nothing."""
        place = self._buffer.find(frame, 0, self.holds)
        if place < 0:
            return False
        self._drop(place + len(frame))
        return True

    def next(self) -> "bytes | None":
        """The next frame: TFI and data; b"" for an ACK; None if none is complete yet. A NACK is skipped."""
        buffer, view, end = self._buffer, self._view, self.holds
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
        """Drop the first `count` bytes."""
        if count:
            left = self.holds - count
            if left:
                self._view[:left] = self._view[count : self.holds]
            self.holds = left
