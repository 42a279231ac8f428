"""build/toolchain: the Unix port of MicroPython in 64 and 32 bits, and Mosquitto, ready to start."""

import os
import shutil
import subprocess
from pathlib import Path

from . import debian, pins, step

FOLDER = step.BUILD / "toolchain"
BIN = FOLDER / "bin"

# Debian's name of the architecture: its dynamic loader, its folder of libraries.
LOADERS = {
    "amd64": ("usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu"),
    "arm64": ("usr/lib/ld-linux-aarch64.so.1", "usr/lib/aarch64-linux-gnu"),
    "i386": ("usr/lib/ld-linux.so.2", "usr/lib/i386-linux-gnu"),
}

# Paths are found from the script's own, so that the project's folder may be moved; exec keeps one
# process, with its id, its signals and its open files.
_DEBIAN_WRAPPER = """\
#!/bin/sh
here=${{0%/*}}/../{folder}
exec "$here/{loader}" --library-path "$here/{libraries}" "$here/{program}" "$@"
"""
_OTHER_WRAPPER = """\
#!/bin/sh
exec {program} "$@"
"""

_PROBE = "import sys, vfs, ffi, asyncio, tls; vfs.VfsLfs2; v = sys.implementation.version; print(v[0], v[1])"


def prepare() -> None:
    """Choose the MicroPython to use, fetch what is missing, and write the wrappers in bin/."""
    chosen, on_path = os.environ.get("MICROPYTHON", ""), shutil.which("micropython") or ""
    mark = step.fingerprint(chosen, on_path, pins.DEBIAN_MICROPYTHON, pins.DEBIAN_MOSQUITTO)
    if step.is_done(BIN, mark):
        return
    micropython = _own_micropython(chosen, on_path)
    try:
        _fetch()
    except debian.UnavailableError as reason:
        if not micropython:
            wanted = ".".join(map(str, pins.MICROPYTHON))
            raise step.CannotGoOnError(
                f"micropython {wanted} or later is not on the PATH and Debian's cannot be fetched "
                f"({reason}): install it, or set MICROPYTHON to its path."
            ) from reason
        step.say(f"going on without the 32-bit MicroPython and Debian's Mosquitto: {reason}")
        _write_wrappers(micropython)
        return  # without the stamp: the next run tries again
    _write_wrappers(micropython)
    step.done(BIN, mark)


def native() -> str:
    """The machine's architecture in Debian's words; raises UnavailableError where the wrappers know none."""
    name = debian.architecture()
    if name not in LOADERS:
        raise debian.UnavailableError(f"the wrappers know no {name} machine")
    return name


def _own_micropython(chosen: str, on_path: str) -> str:
    """The path of a MicroPython that the machine has already, or "" to take Debian's."""
    wanted = ".".join(map(str, pins.MICROPYTHON))
    if chosen:
        path = shutil.which(chosen)
        if not path:
            raise step.CannotGoOnError(f"MICROPYTHON is set to {chosen}, which is no program.")
        if not _is_recent(path):
            raise step.CannotGoOnError(
                f"MICROPYTHON is set to {chosen}, which is not the standard Unix port "
                f"of MicroPython {wanted} or later."
            )
        return str(Path(path).absolute())
    return on_path if on_path and _is_recent(on_path) else ""


def _is_recent(program: str) -> bool:
    try:
        version = step.run([program, "-c", _PROBE], env={"MICROPYPATH": ".frozen"})
        return tuple(map(int, version.split())) >= pins.MICROPYTHON
    except (subprocess.CalledProcessError, OSError, ValueError):
        return False


def _fetch() -> None:
    own = native()
    wanted = {own: (*pins.DEBIAN_MICROPYTHON, *pins.DEBIAN_MOSQUITTO)}
    if own == "amd64":
        wanted["i386"] = pins.DEBIAN_MICROPYTHON
    marks = {name: step.fingerprint(packages) for name, packages in wanted.items()}
    missing = {name: wanted[name] for name in wanted if not step.is_done(FOLDER / name, marks[name])}
    if not missing:
        return
    step.say("fetching MicroPython and Mosquitto from Debian (once; about 20 MB)")
    with step.scratch() as folder:
        debian.fetch(missing, folder)
        for name in missing:
            step.done(folder / name, marks[name])
            step.replace(FOLDER / name, folder / name)


def _write_wrappers(micropython: str) -> None:
    with step.scratch() as folder:
        new = folder / "bin"
        new.mkdir()
        fetched = next((name for name in ("amd64", "arm64") if (FOLDER / name).is_dir()), "")
        if micropython:
            step.say(f"using the MicroPython at {micropython}")
            quoted = "'" + micropython.replace("'", "'\\''") + "'"
            write_program(new / "micropython", _OTHER_WRAPPER.format(program=quoted))
        else:
            _write_debian(new / "micropython", fetched, "usr/bin/micropython")
        if (FOLDER / "i386").is_dir():
            _write_debian(new / "micropython32", "i386", "usr/bin/micropython")
        if fetched:
            _write_debian(new / "mosquitto", fetched, "usr/sbin/mosquitto")
        elif mosquitto := shutil.which("mosquitto"):
            write_program(new / "mosquitto", _OTHER_WRAPPER.format(program=f"'{mosquitto}'"))
        step.replace(BIN, new)
    if not _is_recent(str(BIN / "micropython")):
        raise step.CannotGoOnError(
            "the MicroPython that was fetched does not start here; what it said is in build/setup.log."
        )


def _write_debian(path: Path, name: str, program: str) -> None:
    loader, libraries = LOADERS[name]
    write_program(
        path, _DEBIAN_WRAPPER.format(folder=name, loader=loader, libraries=libraries, program=program)
    )


def write_program(path: Path, text: str) -> None:
    """A file that can be started."""
    path.write_text(text, "utf-8")
    path.chmod(0o755)
