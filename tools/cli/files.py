"""Files that a person names: what is read is one that ends, and what is written takes no other's place."""

import stat
from pathlib import Path
from typing import Any

import click

MOST = 64 * 1024 * 1024
"""Bytes; a flash has 16 MiB at most."""

_HEAD = 512  # bytes, in which a file says what it is


def contents(path: Path) -> bytes:
    """What is in a file. Raises OSError, which says why, for a device or what is too large."""
    if why := _odd(path):
        raise OSError(None, why, str(path))
    return path.read_bytes()


def _odd(path: Path) -> str:
    """Why nobody can mean this file; a pipe of the shell's may be meant."""
    about = path.stat()
    if stat.S_ISCHR(about.st_mode) or stat.S_ISBLK(about.st_mode):
        return "is a device"
    return f"has more than {MOST >> 20} MiB" if about.st_size > MOST else ""


class Input(click.Path):
    """A file to be read."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, of a file that is there."""
        path = Path(super().convert(value, param, ctx))
        if why := _odd(path):
            self.fail(f"File {str(path)!r} {why}: a file is needed.", param, ctx)
        return path


class Output(click.Path):
    """A file to be written anew; one that is there and does not begin with `mark` is kept, and refused."""

    def __init__(self, mark: bytes) -> None:
        super().__init__(dir_okay=False, path_type=Path)
        self._mark = mark

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, of no file or of one like that which is to be written."""
        path = Path(super().convert(value, param, ctx))
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(_HEAD)
            if head and self._mark not in head:
                self.fail(f"File {str(path)!r} has something else in it: name another.", param, ctx)
        return path
