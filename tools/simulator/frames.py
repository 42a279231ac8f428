"""Frames of the PN532 on its serial line: build them, and find them in a stream of bytes."""

ACK = bytes.fromhex("0000ff00ff00")  # UM0701-02, 6.2.1.3
NACK = bytes.fromhex("0000ffff0000")  # 6.2.1.4
MAX_SIZE = 265  # TFI, command and 263 bytes: the longest packet the chip takes (6.2.1.2)
ERROR = bytes.fromhex("0000ff01ff7f8100")  # 6.2.1.5: the command was not understood


def build(data: bytes) -> bytes:
    """Wrap TFI and data in a normal frame, or in an extended one above 255 bytes (UM0701-02, 6.2.1.1)."""
    size = len(data)
    if size > 255:
        high, low = divmod(size, 256)
        head = bytes((0, 0, 0xFF, 0xFF, 0xFF, high, low, -(high + low) & 0xFF))
    else:
        head = bytes((0, 0, 0xFF, size, -size & 0xFF))
    return head + data + bytes((-sum(data) & 0xFF, 0))


class Deframer:
    """Finds frames in what the host sends; what is broken is dropped, as the chip does."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def push(self, byte: int) -> bytes | None:
        """Take one byte; give ACK, NACK, or TFI and data of a frame whose checksums are right."""
        buffer = self._buffer
        buffer.append(byte)
        if len(buffer) < 2 or buffer[:2] != b"\x00\xff":
            if len(buffer) >= 2:
                del buffer[0]
            return None
        if len(buffer) < 4:
            return None
        if buffer[2:4] in (b"\x00\xff", b"\xff\x00"):
            found = ACK if buffer[2] == 0 else NACK
            buffer.clear()
            return found
        extended = buffer[2:4] == b"\xff\xff"
        start = 7 if extended else 4
        if len(buffer) < start:
            return None
        sizes = buffer[4:7] if extended else buffer[2:4]
        if sum(sizes) & 0xFF:
            buffer.clear()
            return None
        size = sizes[0] * 256 + sizes[1] if extended else sizes[0]
        if size > MAX_SIZE:
            buffer.clear()
            return None
        if len(buffer) < start + size + 1:
            return None
        data = bytes(buffer[start : start + size])
        whole = not sum(buffer[start:]) & 0xFF
        buffer.clear()
        return data if whole else None
