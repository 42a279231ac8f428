"""The chip's flash from the computer's side: a littlefs image of 240 blocks in a file."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from littlefs import LittleFS
from littlefs.errors import LittleFSError

BLOCK_SIZE, BLOCK_COUNT = 4096, 240
_GEOMETRY = {
    "block_size": BLOCK_SIZE,
    "block_count": BLOCK_COUNT,
    "read_size": 32,  # MicroPython's esp32/modules/_boot.py mounts with the defaults of VfsLfs2
    "prog_size": 32,
    "cache_size": 128,  # extmod/vfs_lfsx.c: four times the larger of the two
    "lookahead_size": 32,
    "metadata_max": 1024,  # of a folder's log: every import walks the folders, and reads their logs
    "name_max": 255,  # disk version: littlefs-python's own, 2.1, is that of MicroPython 1.24 and 1.25 too
}


def build(files: Mapping[str, bytes], blocks: int = BLOCK_COUNT) -> bytes:
    """A new image that holds `files`, absolute path to contents. OSError if they do not fit."""
    fs = LittleFS(mount=False, **(_GEOMETRY | {"block_count": blocks}))
    fs.format()
    fs.mount()
    try:
        for path, data in files.items():
            _put(fs, path, data)
    except LittleFSError as error:
        raise _os_error(error, path) from error
    fs.unmount()
    return bytes(fs.context.buffer)


def contents(data: bytes) -> dict[str, bytes]:
    """All files of an image: absolute path to contents. OSError if it is none."""
    fs = LittleFS(mount=False, **(_GEOMETRY | {"block_count": len(data) // BLOCK_SIZE}))
    fs.context.buffer = bytearray(data)
    try:
        fs.mount()
        return {path: _get(fs, path) for path in _paths(fs)}
    except LittleFSError as error:
        raise _os_error(error, "/") from error


def make(image: Path, files: Mapping[str, bytes]) -> None:
    """Write a new image that holds `files`, absolute path to contents."""
    _replace(image, build(files))


def read(image: Path, path: str) -> bytes:
    """The contents of `path`; FileNotFoundError if it is not there."""
    with _mounted(image) as fs:
        return _get(fs, path)


def write(image: Path, path: str, data: bytes) -> None:
    """Replace or make `path`, with the folders above it. OSError, and no change at all, if it cannot fit."""
    with _mounted(image) as fs:
        try:
            _put(fs, path, data)
        except LittleFSError as error:
            raise _os_error(error, path) from error
        fs.unmount()
        _replace(image, bytes(fs.context.buffer))


def remove_folder(image: Path, path: str) -> None:
    """Remove a folder with all that is in it."""
    with _mounted(image) as fs:
        fs.remove(path, recursive=True)
        fs.unmount()
        _replace(image, bytes(fs.context.buffer))


def names(image: Path) -> list[str]:
    """Absolute paths of all files, sorted."""
    with _mounted(image) as fs:
        return _paths(fs)


@contextmanager
def _mounted(image: Path) -> Iterator[LittleFS]:
    fs = LittleFS(mount=False, **_GEOMETRY)
    fs.context.buffer = bytearray(image.read_bytes())
    fs.mount()
    yield fs


def _paths(fs: LittleFS) -> list[str]:
    return sorted(f"{folder.rstrip('/')}/{name}" for folder, _, files in fs.walk("/") for name in files)


def _get(fs: LittleFS, path: str) -> bytes:
    with fs.open(path, "rb") as file:
        return file.read()


def _os_error(error: LittleFSError, path: str) -> OSError:
    # -28 is ENOSPC: the codes are those of errno.h, negated
    return OSError(-error.code, os.strerror(-error.code), path)


def _put(fs: LittleFS, path: str, data: bytes) -> None:
    fs.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
    with fs.open(path, "wb") as file:
        file.write(data)


def _replace(image: Path, data: bytes) -> None:
    fresh = image.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.replace(image)
