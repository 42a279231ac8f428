"""Writes a ROMFS image: MicroPython's read-only file system, which is used in place.

The format is that of extmod/vfs_rom.c of MicroPython 1.25: records of kind, length and contents.
"""

from collections.abc import Mapping
from pathlib import Path

_HEADER = b"\xd2\xcd\x31"
_DATA, _FOLDER, _FILE = 2, 4, 5


def build(files: Mapping[str, bytes]) -> bytes:
    """An image with `files`, path to contents; a path has no slash at its front."""
    records = _folder({tuple(path.split("/")): data for path, data in files.items()})
    length = _number(len(records))
    if (len(_HEADER) + len(length) + len(records)) % 2:  # an even whole; a leading zero digit changes nothing
        length = b"\x80" + length
    return _HEADER + length + records


def build_of(folder: Path) -> bytes:
    """An image of the Python files in a folder, and in those within it."""
    files = sorted(folder.rglob("[!.]*py"))
    return build({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})


def _folder(files: Mapping[tuple[str, ...], bytes]) -> bytes:
    """Its files, each with its data in it, and its folders."""
    records = b"".join(
        _record(_FILE, _named(path[0]) + _record(_DATA, data))
        for path, data in files.items()
        if len(path) == 1
    )
    for name in sorted({path[0] for path in files if len(path) > 1}):
        inner = {path[1:]: data for path, data in files.items() if path[0] == name}
        records += _record(_FOLDER, _named(name) + _folder(inner))
    return records


def _named(name: str) -> bytes:
    return _number(len(name.encode())) + name.encode()


def _record(kind: int, contents: bytes) -> bytes:
    return _number(kind) + _number(len(contents)) + contents


def _number(value: int) -> bytes:
    """Seven bits a byte, the highest first, all but the last with their top bit set."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.insert(0, 0x80 | value & 0x7F)
    return bytes(digits)
