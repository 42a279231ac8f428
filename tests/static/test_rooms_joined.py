"""What the build makes of the firmware: rooms joined, names shortened, and still the same program."""

import pytest

from tools import lean, rooms


def _run(programs: dict[str, str], name: str) -> dict:
    names: dict = {}
    exec(programs[name], names)  # noqa: S102 (the programs are below)
    return names


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
    names = _run(programs, "door")
    assert (names["limit"](), names["limit_2"]()) == (1, 3)


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


def test_hidden_names_are_shortened_and_others_are_not() -> None:
    source = (
        "class Clock:\n"
        "    def __init__(self, datetime):\n"
        "        self._datetime = datetime\n"
        "    def now(self, offset, step=1):\n"
        "        def later(more):\n"
        "            return self._datetime + offset + more * step\n"
        "        return later(1)\n"
    )
    short = lean.shortened(source, {"step"})
    assert "datetime" not in short
    assert "offset" not in short
    assert "step=1" in short
    assert "def now(" in short
    names: dict = {}
    exec(short, names)  # noqa: S102
    assert names["Clock"](5).now(10, step=3) == 18


def test_constants_keep_their_names_for_they_vanish() -> None:
    assert "_LONG_NAME = const(1)" in lean.shortened("_LONG_NAME = const(1)\nx = _LONG_NAME\n", ())


def test_a_parameter_named_like_something_outside_is_left_alone() -> None:
    source = "import time\ndef f(time):\n    return time\ndef g():\n    return time\n"
    assert lean.shortened(source, ()) == source


def test_what_is_no_program_is_left_to_the_compiler() -> None:
    assert lean.shortened("def (:\n", ()) == "def (:\n"
    assert rooms.join({"app": "def (:\n"}) == {"app": "def (:\n"}
