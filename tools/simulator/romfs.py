"""Writes a ROMFS image: MicroPython's read-only file system that is used where it lies.

The format is that of extmod/vfs_rom.c of MicroPython 1.25: records of kind, length and contents.
"""

from collections.abc import Mapping

_HEADER = b"\xd2\xcd\x31"
_DATA, _FILE = 2, 5


def build(files: Mapping[str, bytes]) -> bytes:
    """An image of one folder with `files`, name to contents."""
    records = b"".join(  # each a file with its data in it
        _record(_FILE, _number(len(name)) + name.encode() + _record(_DATA, data))
        for name, data in files.items()
    )
    length = _number(len(records))
    if (len(_HEADER) + len(length) + len(records)) % 2:  # an even whole; a leading zero digit changes nothing
        length = b"\x80" + length
    return _HEADER + length + records


def _record(kind: int, contents: bytes) -> bytes:
    return _number(kind) + _number(len(contents)) + contents


def _number(value: int) -> bytes:
    """Seven bits a byte, the highest first, all but the last with their top bit set."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.insert(0, 0x80 | value & 0x7F)
    return bytes(digits)
