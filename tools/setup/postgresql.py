"""build/toolchain/postgresql: PostgreSQL, which only the tests of the operator's file at it need.

Its programs start each other, so each gets a wrapper in its place, which starts it through the loader that
was fetched with it, wherever the folder stands.
"""

from pathlib import Path

from . import pins, toolchain
from .extra import Extra

FOLDER = toolchain.FOLDER / "postgresql"

BIN = "usr/lib/postgresql/17/bin"
"""Where its programs are in the folder."""

_WRAPPER = """\
#!/bin/sh
here=$(cd "${{0%/*}}/../../../../.." && pwd)
exec "$here/{loader}" --library-path "$here/{libraries}" "$0.elf" "$@"
"""


def _write_wrappers(top: Path, loader: str, libraries: str) -> None:
    for path in list((top / BIN).iterdir()):
        with path.open("rb") as file:
            if path.is_symlink() or file.read(4) != b"\x7fELF":
                continue
        path.rename(path.with_name(f"{path.name}.elf"))
        toolchain.write_program(path, _WRAPPER.format(loader=loader, libraries=libraries))


POSTGRESQL = Extra(
    "PostgreSQL",
    FOLDER,
    pins.DEBIAN_POSTGRESQL,
    (_WRAPPER,),
    _write_wrappers,
    megabytes=50,
    without="whose tests will be skipped",
)
