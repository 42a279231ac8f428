"""A slot's one file: an index, the SHA-256 of each file of the application, and the files one after another.

One file, since littlefs gives a block of 4,096 bytes to the smallest file: 116 files take 123 blocks as a
folder and 36 as a pack, and the flash has 240 blocks for two of them and two lists. start.py reads the index
to import from it; firmware/update builds a new one out of what has not changed.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

MAGIC = b"MNP1"
_HEAD = struct.Struct("<4sHHI")  # magic, bytes of the index, files, bytes of data
_HASH = 32


class PackError(ValueError):
    """The bytes are no pack; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One file in a pack."""

    name: str
    sha256: bytes
    data: bytes


def table(files: Mapping[str, bytes]) -> bytes:
    """The head, index and hashes of these files: all of a pack but the data."""
    names = sorted(files)
    index, place = bytearray(), 0
    for name in names:
        if not name or name.startswith("/") or any(c in name for c in " \n\\") or ".." in name.split("/"):
            raise PackError(f"{name!r} is no name for a file in a slot")
        index += f"\n{name} {place}".encode()
        place += len(files[name])
    index += b"\n"
    hashes = b"".join(hashlib.sha256(files[name]).digest() for name in names)
    return _HEAD.pack(MAGIC, len(index), len(names), place) + bytes(index) + hashes


def pack(files: Mapping[str, bytes]) -> bytes:
    """The same bytes for the same files, in whatever order they are given."""
    return table(files) + b"".join(files[name] for name in sorted(files))


def delta(before: bytes, after: bytes) -> bytes:
    """The difference that makes one pack's head from another's: see firmware/update/delta.py. PackError."""
    old, new = _listed(before), _listed(after)
    said = after[: _HEAD.size]
    for name in sorted(old.keys() | new.keys(), key=str.encode):
        if old.get(name) != new.get(name):
            size, digest = new.get(name, (0, bytes(_HASH)))
            said += f"{name} {size}\n".encode() + digest
    return said


def _listed(head: bytes) -> dict[str, tuple[int, bytes]]:
    """Size and SHA-256 of each file of a head."""
    names, places, start, _ = _parsed(head)
    sizes = [end - place for place, end in pairwise(places)]
    hashes = [head[start - _HASH * n :][:_HASH] for n in range(len(names), 0, -1)]
    return dict(zip(names, zip(sizes, hashes, strict=True), strict=True))


def unpack(data: bytes) -> list[Entry]:
    """The files of a pack, in its order. Raises PackError, also where a file's hash is not right."""
    names, places, start, size = _parsed(data)
    if len(data) != start + size:
        raise PackError("no pack")
    entries = []
    for n, name in enumerate(names):
        content = data[start + places[n] : start + places[n + 1]]
        digest = data[start - _HASH * (len(names) - n) :][:_HASH]
        if hashlib.sha256(content).digest() != digest:
            raise PackError(f"{name} has not the hash that the table says")
        entries.append(Entry(name, digest, content))
    return entries


def _parsed(data: bytes) -> tuple[list[str], list[int], int, int]:
    """Of a pack or its head: names, places with the end of the last file, where data begins, its bytes."""
    try:
        magic, index_size, count, size = _HEAD.unpack_from(data)
        lines = data[_HEAD.size : _HEAD.size + index_size].decode().strip("\n").split("\n")
        fields = [line.rsplit(" ", 1) for line in lines]
        places = [int(place) for _, place in fields] + [size]
    except (struct.error, ValueError) as error:
        raise PackError("no pack") from error
    start = _HEAD.size + index_size + _HASH * count
    if magic != MAGIC or len(fields) != count or len(data) < start:
        raise PackError("no pack")
    return [name for name, _ in fields], places, start, size


def flash_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files by absolute path as they lie in the lock's flash: each folder /slots/<x>/ as its pack."""
    found: dict[str, bytes] = {}
    slots: dict[str, dict[str, bytes]] = {}
    for path, data in files.items():
        parts = path.split("/", 3)
        if parts[:2] == ["", "slots"] and len(parts) == 4:
            slots.setdefault(parts[2], {})[parts[3]] = data
        else:
            found[path] = data
    return found | {f"/slots/{slot}.pack": pack(content) for slot, content in slots.items()}
