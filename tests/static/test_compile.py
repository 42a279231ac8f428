"""Every module compiles with mpy-cross, and loads in the Unix port with both word sizes.

The type checker's stubs miss what MicroPython's built-ins lack; loading finds part of it, and that
a module's imports are there, in the compiled form that the chip gets.
"""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from menshen import build_app
from menshen.build_app import BuildError, build, compile_file
from menshen.shrink import rooms
from tests.static.helpers.sources import MODULES, ON_CHIP, TOP, import_name, name

BIN = TOP / "build" / "toolchain" / "bin"
WORD_SIZES = {"64-bit": BIN / "micropython", "32-bit": BIN / "micropython32"}

_PLACES = rooms.placed(build_app.read_sources(TOP / "firmware"), build_app.called())
_FILES = build_app.shrunk(TOP / "firmware").files

# These rooms know nothing of the chip: they load where there is no `machine` at all.
PURE = ("access/", "door/", "people/", "readers/", "roll/")


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("compiled") / "app")


def _load(micropython: Path, module: str, *folders: Path) -> None:
    if not micropython.exists():
        pytest.skip(f"there is no {micropython.name} for this machine")
    places = [".frozen", *map(str, folders)]
    result = subprocess.run(
        [micropython, "-c", f"import sys; sys.path[:] = {places}; import {module}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", ON_CHIP, ids=name)
def test_compiles(path: Path, tmp_path: Path) -> None:
    compile_file(path, tmp_path / "module.mpy", name(path))


@pytest.mark.parametrize("bits", WORD_SIZES)
@pytest.mark.parametrize("path", MODULES, ids=name)
def test_loads(path: Path, bits: str, app: Path) -> None:
    _load(WORD_SIZES[bits], _built(path), app.parent / "fakes", app / "slots/a", app / "lib")


@pytest.mark.parametrize(
    "path", [p for p in MODULES if import_name(p).replace(".", "/").startswith(PURE)], ids=name
)
def test_loads_without_the_chip(path: Path, app: Path) -> None:
    _load(WORD_SIZES["64-bit"], _built(path), app / "slots/a")


def _built(path: Path) -> str:
    """The module to import: that of the file, or the one that it is joined to, by its short name."""
    place = _PLACES[import_name(path)]
    return _FILES.get(place, place)


def _strike(app: Path) -> Path:
    """The file that firmware/door/strike.py becomes, whatever it is called."""
    [path] = [path for path in (app / "slots/a").rglob("*.mpy") if path.stem not in ("app", "board")]
    return path


def _tree(top: Path, text: str) -> Path:
    (top / "firmware/door").mkdir(parents=True, exist_ok=True)
    (top / "firmware/door/strike.py").write_text(text)
    return top


def test_a_syntax_error_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"firmware/door/strike\.py"):
        build(tmp_path / "app", _tree(tmp_path / "top", "def (:\n"))


def test_what_a_failed_build_has_overwritten_is_built_again(tmp_path: Path) -> None:
    top = _tree(tmp_path / "top", "LIMIT = 1\ndef get():\n    return LIMIT\n")
    (top / "firmware/app.py").write_text("from door.strike import get\nget()\n")
    app = build(tmp_path / "app", top)
    good = {path: path.read_bytes() for path in app.rglob("*.mpy")}
    (top / "firmware/app.py").write_text(
        "def (:\n"
    )  # so nothing is shrunk, and the others are compiled first
    with pytest.raises(BuildError):
        build(app, top)
    (top / "firmware/app.py").write_text("from door.strike import get\nget()\n")
    build(app, top)
    assert {path: path.read_bytes() for path in app.rglob("*.mpy")} == good


def test_a_build_waits_for_another_of_the_same_folder(tmp_path: Path) -> None:
    """Nobody walks through files that another is about to rename."""
    app = tmp_path / "app"
    with (tmp_path / ".build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        program = "import sys; from pathlib import Path; from menshen.build_app import build; "
        program += "print('begun', flush=True); build(*map(Path, sys.argv[1:]))"
        command = [sys.executable, "-c", program, app, _tree(tmp_path / "top", "A = 1\n")]
        with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE) as other:
            try:
                assert other.stdout
                assert other.stdout.readline() == b"begun\n"
                with pytest.raises(subprocess.TimeoutExpired):
                    other.wait(2)  # long enough for a build of one module
                assert not app.exists()
                fcntl.flock(lock, fcntl.LOCK_UN)
                assert other.wait(60) == 0
            finally:
                other.kill()
    assert _strike(app).exists()


def test_a_build_compiles_what_changed_and_drops_what_went(tmp_path: Path) -> None:
    top = _tree(tmp_path / "top", "pulse = [1]\n")  # a constant would be written out, and leave no trace
    (top / "firmware/board.py").write_text("")
    app = build(tmp_path / "app", top)
    strike, log = _strike(app), app / "slots/a/board.mpy"
    before = strike.stat().st_mtime_ns, log.stat().st_mtime_ns
    _tree(top, "pulse = [2]\n")
    build(app, top)
    assert strike.stat().st_mtime_ns != before[0]
    assert log.stat().st_mtime_ns == before[1]
    (top / "firmware/door/strike.py").unlink()
    build(app, top)
    assert sorted(p.name for p in app.rglob("*") if not p.name.startswith(".")) == [
        "a",
        "board.mpy",
        "slots",
    ]
