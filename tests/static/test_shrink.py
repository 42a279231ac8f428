"""What the build makes of the firmware: rooms joined, constants written out, names shared; still the same."""

import ast
import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from menshen import build_app
from menshen.shrink import blocks, constants, files, names, once, rooms, shrink
from menshen.shrink.syntax import parsed
from tests.conftest import TOP
from tests.static.helpers.sources import FIRMWARE

_ALL_NAMES = """
import sys, asyncio, json
found = set(dir(__import__("builtins")))
def look(thing, deep):
    for name in dir(thing):
        found.add(name)
        part = getattr(thing, name, None)
        if deep and isinstance(part, type):
            look(part, False)
for name in %r:
    try:
        look(__import__(name), True)
    except ImportError:
        pass
async def instances():
    stream = asyncio.StreamReader(sys.stdin)
    task = asyncio.current_task()
    parts = asyncio.Lock(), asyncio.Event(), asyncio.ThreadSafeFlag(), stream, task, asyncio.Lock().waiting
    for thing in parts:
        look(thing, False)
asyncio.run(instances())
for thing in ("", b"", bytearray(), [], (), {}, set(), 0, open("/dev/null"), (n for n in ())):
    look(thing, False)
print(json.dumps(sorted(found)))
"""


def _run(programs: dict[str, str], name: str) -> dict:
    found: dict = {"const": lambda value: value}
    exec(programs[name], found)  # noqa: S102 (the programs are below)
    return found


def test_a_rooms_modules_become_one_and_what_is_loaded_for_a_time_stays_apart() -> None:
    programs = rooms.join(
        {
            "app": "from door.relay import Relay\n",
            "door.relay": "from door.level import SAFE\nclass Relay:\n    level = SAFE\n",
            "door.level": "SAFE = 0\n",
            "door.test": "from door.level import SAFE\nfrom door import level\nTWICE = SAFE + level.SAFE\n",
        }
    )
    assert sorted(programs) == ["app", "door", "door.test"]
    assert programs["app"] == "from door import Relay\n"
    assert programs["door.test"].startswith("from door import SAFE\nimport door as level\n")
    assert _run(programs, "door")["Relay"].level == 0


def test_two_things_of_one_name_stay_two() -> None:
    programs = rooms.join(
        {
            "app": "from door import a\nfrom door import b\n",
            "door.a": "_LIMIT = 1\ndef limit():\n    return _LIMIT\n",
            "door.b": "from door import a\n_LIMIT = 2\ndef limit():\n    return _LIMIT + a.limit()\n",
        }
    )
    found = _run(programs, "door")
    assert (found["limit"](), found["limit_2"]()) == (1, 3)


def test_what_cannot_be_joined_is_named() -> None:
    with pytest.raises(rooms.RoomError, match=r"door\.b has a parameter limit"):
        rooms.join(
            {
                "app": "import door.a\nimport door.b\n",
                "door.a": "limit = 1\n",
                "door.b": "def f(limit):\n    return limit\ndef limit_():\n    pass\nlimit = 2\n",
            }
        )
    with pytest.raises(rooms.RoomError, match=r"which has none"):
        rooms.join({"app": "from door import a\na.b\n", "door.a": ""})


def test_what_is_in_no_room_joins_what_it_stays_with_unless_others_know_it_by_name() -> None:
    programs = {
        "app": "from loader import Loan\nfrom board import Board\nfrom door.relay import Relay\n",
        "board": "class Board:\n    pass\n",
        "door.relay": "from loader import Loan\nclass Relay(Loan):\n    pass\n",
        "loader": "class Loan:\n    pass\n",
    }
    joined = rooms.join(programs, {"board"})
    assert sorted(joined) == ["app", "board", "door"]
    assert joined["app"].startswith("from door import Loan\n")
    found = _run(joined, "door")
    assert issubclass(found["Relay"], found["Loan"])
    whole = rooms.join({**programs, "app": programs["app"] + "import loader\n"}, {"board"})
    assert "loader" in whole


def test_what_is_lent_takes_in_what_comes_with_it_alone() -> None:
    sources = {
        "app": "def f():\n    from update.session import find\n    from update.slots import build\n",
        "update.session": "from update.manifest import read\nfrom update.version import code\n"
        "def find():\n    return read() + code()\n",
        "update.manifest": "from update.pss import verify\ndef read():\n    return verify()\n",
        "update.pss": "def verify():\n    return 1\n",
        "update.slots": "from update.version import code\ndef build():\n    return code()\n",
        "update.version": "def code():\n    return 2\n",
    }
    joined = rooms.join(sources)
    assert sorted(joined) == ["app", "update.session", "update.slots", "update.version"]
    assert "from update.version import code" in joined["update.session"]
    for name, other, what in (("app", "update.pss", "verify"), ("update.slots", "update.manifest", "read")):
        more = {**sources, name: sources[name] + f"def g():\n    from {other} import {what}\n"}
        assert other in rooms.join(more)
    assert "update.pss" in rooms.join(sources, {"update.pss"})


def test_numbers_bytes_and_short_words_stand_where_they_are_used() -> None:
    programs = constants.written_out(
        {
            "level": "SAFE = const(-1)\nTWICE = const(SAFE * 2)\nWORD = 'safe'\nLONG = 'none of the short'\n"
            "SEAL = b'level v1 \\0'\n",
            "relay": "from level import LONG, SAFE, SEAL, TWICE\nimport level as l\n"
            "def f():\n    return SAFE - TWICE, l.WORD, SEAL\n",
        },
        (),
    )
    assert not {"SAFE", "SEAL"} & names.words(programs["level"])
    assert "from level import LONG\n" in programs["relay"]
    assert "return (-1) - (-2), 'safe', b'level v1 \\x00'" in programs["relay"]


def test_a_number_that_somebody_may_change_or_take_by_its_name_stays() -> None:
    source = {"a": "LIMIT = 1\nOPEN = 2\n", "b": "import a\nclass B:\n    OPEN = 3\nx = a.LIMIT + B.OPEN\n"}
    assert constants.written_out(source, ()) == source
    assert constants.written_out({"a": "LIMIT = 1\n"}, {"LIMIT"}) == {"a": "LIMIT = 1\n"}


def test_the_compiler_s_own_word_for_a_constant_is_brought_by_nobody() -> None:
    gone = "from micropython import const\n_MOST = const(3)\n_FEW = const(b'few')\nprint(_MOST, _FEW)\n"
    assert "import" not in constants.written_out({"a": gone}, ())["a"]
    stays = "from micropython import const\n_MOST, _FEW = const(3), const(2)\n"
    assert constants.written_out({"a": stays}, ()) == {"a": stays}
    for name, program in build_app.shrunk(TOP / "firmware").programs.items():
        assert "import const" not in program, f"{name}: a line for each const()"


def test_a_block_that_waits_is_written_out_and_does_the_same() -> None:
    source = (
        "async def f():\n    async with Loan():\n        told.append(0)\n        return 1\n"
        "async def g():\n    async with self._turn:\n        told.append('in')\n        raise KeyError\n"
        "async def h():\n    async with other:\n        pass\n"
    )
    written = blocks.written_out(source)
    assert written.count("async with") == 1
    assert "async with other" in written
    told: list[object] = []

    class Loan:
        async def begin(self) -> "Loan":
            told.append("enter")
            return self

        def __enter__(self) -> None: ...

        def __exit__(self, *error: object) -> None:
            told.append("exit")

    class Lock:
        async def acquire(self) -> None:
            told.append("acquire")

        def release(self) -> None:
            told.append("release")

    found: dict = {"Loan": Loan, "told": told, "self": type("Self", (), {"_turn": Lock()})}
    exec(written, found)  # noqa: S102 (the program is above)
    assert asyncio.run(found["f"]()) == 1
    with pytest.raises(KeyError):
        asyncio.run(found["g"]())
    assert told == ["enter", 0, "exit", "acquire", "in", "release"]


def test_a_constructor_is_freed_where_its_class_is_made_once() -> None:
    made = "        self.a = A()\n"
    init = "    def __init__(self):\n"
    sources = {
        "app": "from door.a import B, C, E\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    T = tuple[B, C]\n"
        "def main():\n    B(), E(), E()\ndef lend():\n    with Loan():\n        from people.d import D\n"
        "        return D()\n",
        "door.a": f"class A:\n{init}        pass\nclass B:\n{init}{made}"
        f"class C:\n{init}        pass\nclass E:\n{init}        pass\n",
        "people.d": f"from door.a import C\nclass D:\n{init}        self.c = C()\n",
        "selftest.a": "from door.a import A\ndef check():\n    A()\n",
    }
    trees = {name: parsed(source) for name, source in sources.items()}
    assert once.made_once(trees) == {"A", "B", "D"}  # of C another comes with each loan


_DOOR = (
    "class Clock:\n"
    "    def __init__(self, datetime):\n"
    "        self._datetime = datetime\n"
    "    def now(self, offset, step):\n"
    "        def later(more):\n"
    "            return self._datetime + offset + more * step\n"
    "        return later(1)\n"
    "class Watch(Clock):\n"
    "    def ticking(self):\n"
    "        return self.now(10, 3)\n"
)


def test_names_are_shared_and_the_program_is_the_same() -> None:
    tower = "from clock import Watch\nfound = Watch(5).ticking()\n"
    made = shrink({"clock": _DOOR, "tower": tower}, (), {"Watch", "clock"})
    words = {"Clock", "_datetime", "now", "later", "ticking", "found"}
    assert set(made.names) == words | {"datetime", "offset", "more"}
    whole = build_app.shrunk(TOP / "firmware").names
    assert len(set(whole.values())) < len(whole) / 5
    assert _run(made.programs, "clock")["Watch"](5).__class__.__name__ == "Watch"
    watch = _run(made.programs, "clock")["Watch"](5)
    assert getattr(watch, made.names["ticking"])() == 18


def test_what_others_know_by_its_name_keeps_it() -> None:
    source = (
        "import machine\n"
        "class Line:\n"
        "    def __init__(self, pin):\n"
        "        self.value = machine.Pin(pin, value=1)\n"
        "        self.value.special = 2\n"
        "    def status(self):\n"
        "        return getattr(self, 'mood')\n"
        "    def mood(self):\n"
        "        return self.value.value()\n"
        "class LineError(Exception):\n"
        "    pass\n"
    )
    made = shrink({"line": source}, {"Pin", "value"}, {"status"})
    assert set(made.names) == {"Line", "pin"}


def test_no_two_names_that_meet_become_one() -> None:
    """In a class with what it inherits, at a module's top, in a function; there are more than short ones."""
    many = [f"name_{n}" for n in range(70)]
    meth, tops, args = ([f"{name}_{what}" for name in many] for what in ("method", "top", "word"))
    programs = {
        "a": "class A:\n" + "".join(f"    def {name}(self):\n        pass\n" for name in meth[:35]),
        "b": "from a import A\nclass B(A):\n"
        + "".join(f"    def {name}(self):\n        pass\n" for name in meth[35:]),
        "c": "".join(f"def {name}():\n    pass\n" for name in tops),
        "d": f"def f({', '.join(args)}):\n    pass\n",
    }
    short = shrink(programs, (), ()).names
    for together in (meth, tops, args):
        assert len({short[name] for name in together}) == len(together)


def test_a_change_in_one_module_leaves_the_others_as_they_were() -> None:
    """Or a release would fetch them all."""
    sources = build_app.read_sources(TOP / "firmware")
    before = shrink(sources, {"sleep_ms"}, {"main"}).programs
    sources["people.residents"] += "\n\ndef count_of(table):\n    return len(table)\n"
    after = shrink(sources, {"sleep_ms"}, {"main"})
    assert [name for name in before if before[name] != after.programs[name]] == [after.files["door"]]


def test_files_have_short_names_but_for_those_that_others_know() -> None:
    programs = {
        "app": "import sys\nfrom door import Bolt\nfrom door import Leaf as Wing\nimport board\n"
        "def f():\n    from door import phone\n    import door.sound as sound\n    return phone, sound\n",
        "board": "",
        "door": "class Bolt:\n    pass\nclass Leaf:\n    pass\n",
        "door.phone": "from door import Bolt\n",
        "door.sound": "",
    }
    short = files.chosen(programs, {"board"})
    assert set(short) == {"door", "door.phone", "door.sound"}
    assert len({name.lower() for name in short.values()}) == 3, "not every file system tells A from a"
    text = files.applied(programs["app"], short)
    assert f"from {short['door']} import Bolt, Leaf as Wing\npass\nimport board\n" in text
    assert f"import {short['door.phone']} as phone\n    import {short['door.sound']} as sound" in text
    twice = "import sys\nfrom door import Bolt\nx = Bolt\nimport sys\nfrom door import Leaf, Bolt\ny = Leaf\n"
    once = f"import sys\nfrom {short['door']} import Bolt, Leaf\nx = Bolt\npass\npass\ny = Leaf\n"
    assert files.applied(twice, short) == once
    more = files.chosen({**programs, "door.lamp": ""}, {"board"})
    assert {name: more[name] for name in short} == short


def test_no_name_is_changed_that_micropython_has() -> None:
    """The stubs, from which the build takes what is MicroPython's, have gaps."""
    made = build_app.shrunk(TOP / "firmware")
    modules = sorted(set().union(*map(names.imported, made.programs.values())) - set(made.programs))
    port = TOP / "build/toolchain/bin/micropython"
    fakes = {"MICROPYPATH": f"{TOP / 'build/fakes'}:{TOP / 'build/app/lib'}:.frozen"}
    program = _ALL_NAMES % (modules,)
    said = subprocess.run([port, "-c", program], env=fakes, capture_output=True, text=True, check=True)
    has = set(json.loads(said.stdout))
    assert {"sleep_ms", "load_cert_chain", "append", "wait_for_ms", "waiting", "peek"} <= has
    sources = [path.read_text() for path in (TOP / "firmware").rglob("*.py")]
    asked = set().union(*(names.asked(ast.parse(source)) for source in sources))
    own = {"clock", "lease"}  # the fakes' own
    assert not set(made.names).difference(own) & has & asked


def test_what_only_a_type_checker_reads_is_left_out() -> None:
    """The compiler does so where it sees that the condition is false: no step of the build is for that."""
    source = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from a import B\nx = 1\n"
    assert "\nif False:\n" in constants.written_out({"a": source}, ())["a"]
    left = build_app.shrunk(TOP / "firmware").programs
    assert not [name for name, program in left.items() if "TYPE_CHECKING" in names.words(program)]


def test_what_is_no_program_is_left_to_the_compiler() -> None:
    broken = {"app": "def (:\n", "door": "SAFE = 0\n"}
    assert shrink(broken, (), ()).programs == broken


def test_a_program_for_another_machine_is_found_in_a_text() -> None:
    text = "_CODE = '''\nfrom settings import parse\nparse({text!r})\n'''\nSAY = 'Press it'\nf'{x}.play()'\n"
    assert {"settings", "parse", "play"} <= names.in_texts(text)
    assert "Press" not in names.in_texts(text)


def test_what_the_self_test_loads_by_name_keeps_its_name(app_dir: Path) -> None:
    """The computer imports it over the cable; a name of Python's own, such as keys, is one there too."""
    kept = {path.stem for path in (app_dir / "slots/a/selftest").glob("*.mpy")}
    assert kept == {path.stem for path in (FIRMWARE / "selftest").glob("*.py")}
