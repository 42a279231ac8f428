"""Frames of the PN532 (NXP UM0701-02, section 6.2.1): made, and found again among noise."""

from micropython import const

ACK = b"\x00\x00\xff\x00\xff\x00"  # 6.2.1.3; from the host it gives up the command in hand
HOST = const(0xD4)  # TFI, 6.2.1.1
CHIP = const(0xD5)
SYNTAX = const(0x7F)  # the only byte of an error frame, 6.2.1.5
_LONGEST = const(300)  # bytes of a frame with all around it: the longest answer is 262 + 10


def frame(data: bytes) -> bytes:
    """A normal frame around TFI, command and parameters (at most 255 bytes)."""
    size = len(data)
    head = bytes((0, 0, 0xFF, size, -size & 0xFF))
    return head + data + bytes((-sum(data) & 0xFF, 0))


class Finder:
    """Takes bytes as they come, and gives the frames whose checksums are right. Memory is bounded."""

    def __init__(self) -> None:
        self._buffer = bytearray(_LONGEST)
        self._view = memoryview(self._buffer)
        self._end = 0

    def room(self) -> memoryview:
        """Where to put what comes next; added() says how much it was."""
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
        """The next frame: TFI and data, b"" for an ACK, None where none is whole yet."""
        while True:
            if not self._find_start():
                return None
            view, end = self._view, self._end
            if view[2] == 0 and view[3] == 0xFF:
                self._drop(4)
                return b""
            start, size = 4, view[2]
            if view[2] == 0xFF and view[3] == 0xFF:  # extended: 6.2.1.2
                if end < 7:
                    return None
                start, size = 7, view[4] << 8 | view[5]
                right = not (view[4] + view[5] + view[6]) & 0xFF
            else:
                right = not (view[2] + view[3]) & 0xFF
            if not right or start + size + 1 > _LONGEST:
                self._drop(1)
                continue
            if end < start + size + 1:
                return None
            if sum(view[start : start + size + 1]) & 0xFF:
                self._drop(1)
                continue
            data = bytes(view[start : start + size])
            self._drop(start + size + 1)
            return data

    def _find_start(self) -> bool:
        """Move the next start code (00 FF) to the front; whether the four bytes of a head are there."""
        place = bytes(self._view[: self._end]).find(b"\x00\xff")
        if place < 0:
            keep = self._end > 0 and self._buffer[self._end - 1] == 0
            self._drop(self._end - keep)
            return False
        self._drop(place)
        return self._end >= 4

    def _drop(self, count: int) -> None:
        if count:
            left = self._end - count
            self._view[:left] = bytes(self._view[count : self._end])
            self._end = left
