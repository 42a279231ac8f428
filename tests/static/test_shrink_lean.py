"""What the build leaves out of each .mpy file, and that the program does the same without."""

import subprocess
from pathlib import Path

import pytest

from menshen import build_app
from menshen.shrink import is_program, mpy, names, places
from menshen.shrink.lean import lean
from tests.conftest import TOP

_PORT = TOP / "build/toolchain/bin/micropython"
_PROGRAM = """
from sys import print_exception, stdout
from umqtt.simple import MQTTClient
import json

class Odd(Exception):
    pass

class Base:
    KIND = 3
    def __init__(self, first, second=2, *others):
        self.all = first, second, others
    def added(self, number):
        return [self.KIND + number + n for n in range(4) if n != 2]

class Child(Base):
    def __init__(self, first):
        super().__init__(first, 7, 8)
    def added(self, number):
        return super().added(number) + [sum(n for n in (1, number))]

class Wait:
    def __iter__(self):
        return self
    __await__ = __iter__
    def __next__(self):
        raise StopIteration(5)

async def waits(count):
    for n in range(count):
        try:
            if n == 1:
                continue
            if n == 3:
                break
            print("waited", await Wait())
        finally:
            print("finally", n)
    with open(json.dumps("no file")[1:-1]) as file:
        return file

def named(first, *, second=4):
    return first, second

def far(count, found=0):
    while count:
        count -= 1
        try:
            if not count % 2: continue
STEPS
            if found > 9_000_000: break
        except ValueError:
            found = 0
    return found

def main():
    print(Base(1).added(2), Child(3).added(4), Base(1, 2, 3).all, Child(3).all, Child.KIND)
    print(named(1, second=2), far(9), [f() for f in [lambda: n for n in (1, 2)]], MQTTClient.__name__)
    for wrong in (lambda: Base(), lambda: named(), lambda: far(1, 2, 3), lambda: Base(1).none):
        try:
            wrong()
        except (TypeError, AttributeError) as error:
            print(error)
    try:
        waits(5).send(None)
    except OSError as error:
        print(error)
    try:
        raise Odd(6)
    except Odd as error:
        print_exception(error, stdout)
"""
_FAR = "\n".join(f"            found += count * {n * 999}" for n in range(60))


def _compiled(folder: Path) -> bytes:
    """As the compiler makes it."""
    program = _PROGRAM.replace("STEPS", _FAR)
    build_app.compile_file(folder / "made.py", folder / "made.mpy", "made", program, bytes)
    return (folder / "made.mpy").read_bytes()


def _run(folder: Path) -> str:
    path = {"MICROPYPATH": f"{folder}:{TOP / 'build/app/lib'}:.frozen"}
    command = [_PORT, "-c", "from made import main; main()"]
    return subprocess.run(command, check=True, cwd=folder, env=path, capture_output=True, text=True).stdout


def test_a_program_does_the_same(tmp_path: Path, app_dir: Path) -> None:
    """With its tracebacks, and its jumps of one byte and of two."""
    compiled = _compiled(tmp_path)
    said = _run(tmp_path)
    assert "[3, 4, 6]" not in said
    assert said.count("waited 5") == 2
    assert 'File "made", line 1, in main' in said
    (tmp_path / "made.mpy").write_bytes(lean(compiled, is_called_by_name=False))
    assert _run(tmp_path) == said


def test_a_file_that_is_read_and_written_is_the_same(tmp_path: Path) -> None:
    compiled = _compiled(tmp_path)
    assert mpy.write(mpy.read(compiled)) == compiled


def test_what_nobody_reads_is_left_out(tmp_path: Path) -> None:
    compiled = _compiled(tmp_path)
    less, least = (mpy.read(lean(compiled, by_name)) for by_name in (True, False))
    words = {name[1:-1] for name in least.names}
    assert b"added" in words
    assert {
        name for name in words if name.startswith(b"<") or name in (b"number", b"others", b"third")
    } == set()
    assert {b"number"} <= {name[1:-1] for name in less.names}, "somebody may call by it"
    lists = [
        step.number
        for function in least.code.all()
        for step in function.steps
        if step.code == mpy.BUILD_TUPLE
    ]
    assert 1 in lists, "which first folder umqtt.simple is in, is asked"
    named = next(function for function in least.code.all() if function.only_by_name)
    assert len(named.names) == 3, "it can be called in no other way"


def test_what_is_said_often_has_numbers_of_one_byte() -> None:
    for path in (TOP / "build/app/slots/a").glob("*.mpy"):
        file = mpy.read(path.read_bytes())
        often = [0] * len(file.names)
        for function in file.code.all():
            for number in function.names:
                often[number] += 1
            for step in function.steps:
                if step.form == mpy.NAME:
                    often[step.number] += 1
        assert often[1:] == sorted(often[1:], reverse=True), path


@pytest.mark.parametrize("compiled", [b"", b"C\x06\x00\x1f", b"M\x05\x00\x1f\x01\x00"])
def test_what_is_of_another_kind_is_left_as_it_is(compiled: bytes) -> None:
    assert lean(compiled, is_called_by_name=False) == compiled


def test_a_call_by_the_name_of_a_parameter_stops_the_build() -> None:
    """Its names are not there: MicroPython would compare what lies in their place."""
    own = {"a": "from machine import Pin\ndef own(first):\n    pass\n"}
    places.check({**own, "b": "import a\nPin(1, value=1)\nsorted([], key=len)\n"})
    with pytest.raises(places.PlaceError, match="b:2 calls own by the name"):
        places.check({**own, "b": "import a\na.own(first=1)\n"})
    with pytest.raises(places.PlaceError):
        places.check({**own, "b": "from a import own\nown(**{})\n"})


def test_nothing_that_a_computer_runs_on_the_chip_calls_by_the_name_of_a_parameter() -> None:
    firmware = build_app.read_sources(TOP / "firmware")
    callers = {name: (TOP / name).read_text() for name in ("boot.py", "main.py", "lib/start.py")}
    for path in [*(TOP / "tools/board").glob("*.py"), *(TOP / "tools/bench").glob("*.py")]:
        texts = filter(is_program, names.programs_in(path.read_text()))
        callers |= {f"{path}, text {n}": text for n, text in enumerate(texts)}
    assert not list(places.called_by_name(callers, firmware))
