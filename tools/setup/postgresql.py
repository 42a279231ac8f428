"""build/toolchain/postgresql: PostgreSQL, which only the tests of the operator's file at it need.

Its programs start each other, so each gets a wrapper in its place, which starts it through the loader that
was fetched with it, wherever the folder stands.
"""

from pathlib import Path

from . import debian, pins, step, toolchain

FOLDER = toolchain.FOLDER / "postgresql"

BIN = "usr/lib/postgresql/17/bin"
"""Where its programs are in the folder."""

_WRAPPER = """\
#!/bin/sh
here=$(cd "${{0%/*}}/../../../../.." && pwd)
exec "$here/{loader}" --library-path "$here/{libraries}" "$0.elf" "$@"
"""


def prepare() -> None:
    """Fetch it and make it ready to start; without Debian's packages its tests are skipped."""
    mark = step.fingerprint(pins.DEBIAN_POSTGRESQL, _WRAPPER)
    if step.is_done(FOLDER, mark):
        return
    try:
        native = debian.architecture()
        if native not in toolchain.LOADERS:
            raise debian.UnavailableError(f"the wrappers know no {native} machine")
        step.say("fetching PostgreSQL from Debian (once; about 50 MB)")
        with step.scratch() as folder:
            debian.fetch({native: pins.DEBIAN_POSTGRESQL}, folder)
            _write_wrappers(folder / native, *toolchain.LOADERS[native])
            step.done(folder / native, mark)
            step.replace(FOLDER, folder / native)
    except debian.UnavailableError as reason:
        step.say(f"going on without PostgreSQL, whose tests will be skipped: {reason}")


def _write_wrappers(top: Path, loader: str, libraries: str) -> None:
    for path in list((top / BIN).iterdir()):
        with path.open("rb") as file:
            if path.is_symlink() or file.read(4) != b"\x7fELF":
                continue
        path.rename(path.with_name(f"{path.name}.elf"))
        toolchain.write_program(path, _WRAPPER.format(loader=loader, libraries=libraries))
