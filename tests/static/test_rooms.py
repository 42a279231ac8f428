"""Each room of the firmware imports only from the floors below it, and some things are in one place alone.

The floors are in helpers/floors.py. These rules carry promises: see there.
"""

import ast
import re
from pathlib import Path

import pytest

from tests.static.helpers import floors
from tests.static.helpers.sources import FIRMWARE, MODULES, ON_CHIP, TOP, import_name, imports, name, tree

MAY_TOUCH_THE_CHIP = {"boot.py", "main.py", "lib/start.py", "firmware/board.py"}
PUBLISHER, MQTT = "firmware/reports/telemetry.py", "firmware/link/mqtt.py"
HOME = "firmware/home/broker.py"
HOME_SAYS = {
    "(self._config, self._announcement(), True)",
    "(self._config, b'', True)",
    "(self._presence, b'online', True)",
    "(self._presence, b'', True)",
}
"""All that is ever published to a broker of the tenant's own; its last will is no publication."""


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_room_imports_only_from_the_floors_below(path: Path) -> None:
    found = list(floors.imports_upward(path, import_name(path)))
    assert not found, f"{name(path)} is below what it imports: {', '.join(found)}"


@pytest.mark.parametrize("room", ["desk", "operator", "phone", "pki", "privacy", "release"])
def test_what_people_use_at_a_desk_knows_nothing_of_the_simulator(room: str) -> None:
    """Cards are a model there. What both compute with stands in tools/, beside their rooms."""
    of_the_model = re.compile(r"^\s*(from|import) .*\b(simulator|bench)\b", re.MULTILINE)
    paths = sorted((TOP / "tools" / room).rglob("*.py"))
    assert paths
    assert [name(path) for path in paths if of_the_model.search(path.read_text())] == []
    assert of_the_model.search("def late():\n    from menshen.simulator.cards import ntag424")


def test_every_room_has_its_floor() -> None:
    rooms = [room for floor in floors.FLOORS for room in floor]
    assert len(rooms) == len(set(rooms))
    assert {floors.room_of(import_name(path)) for path in MODULES} == set(rooms)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("access.throttle", "from door.relay import Relay"),
        ("supervisor", "from reports.telemetry import Telemetry"),
        ("supervisor", "import app"),
        ("pace", "def late():\n    from update.manager import Manager"),
        ("people.leases", "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from access.clock import Clock"),
        ("roll.head", "import link.mqtt as mqtt"),
        ("lists.sync", "from home.switch import TOLD"),
        ("storage.files", "def late(name):\n    __import__(name)"),
        ("door.relay", "from link import mqtt"),
        ("door.relay", "from link import *"),
        ("door.relay", "import os, link.mqtt as mqtt"),
        ("door.relay", "from .. import link"),
        ("door.relay", "from ..link.mqtt import Mqtt"),
        ("door.relay", "class Relay:\n    def late(self):\n        from ..link import mqtt"),
        ("door.relay", "__import__('link.mqtt')"),
        ("door.relay", "load = __import__\nload('link.mqtt')"),
        ("door.relay", "import importlib\nimportlib.import_module('link.mqtt')"),
        ("door.relay", "from importlib import import_module\nimport_module('link.mqtt')"),
        ("door.relay", "import builtins\nbuiltins.__import__('link.mqtt')"),
        ("door.relay", "exec('import link.mqtt')"),
        ("door.relay", "late = eval"),
        ("door.relay", "getattr(__builtins__, 'len')"),
        ("door.relay", "import sys\ngetattr(sys, 'modules')['link.mqtt']"),
        ("door.relay", "globals()['__builtins__']"),
        ("door.relay", "import socket"),
        ("door.relay", "def late():\n    from usocket import getaddrinfo"),
        ("readers.apdu", "from asyncio import open_connection"),
        ("readers.apdu", "from umqtt.simple import MQTTClient"),
        ("storage.files", "import network"),
        ("board", "import socket"),
        ("roll.head", "import main"),
        ("roll.head", "from boot import x"),
        ("door.relay", "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from firmware.link.mqtt import Mqtt"),
    ],
)
def test_an_import_upward_is_seen(
    module: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(floors.imports_upward(_written(module, line, tmp_path, monkeypatch), module))


def _written(module: str, text: str, firmware: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with this text where a module has its own."""
    monkeypatch.setattr("tests.static.helpers.sources.FIRMWARE", firmware)
    path = firmware / (module.replace(".", "/") + ".py")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
    return path


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("door.relay", "from access.gate import Gate"),
        ("access.gate", "from access.decide import decide"),
        ("access.gate", "from .decide import decide"),
        ("roll.head", "import os"),
        ("app", "import pace"),
        ("board", "import network"),
        ("link.dial", "import socket"),
        ("home.broker", "import tls"),
        ("roll.head", "from asyncio import sleep_ms"),
    ],
)
def test_an_import_downward_is_none(
    module: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not list(floors.imports_upward(_written(module, line, tmp_path, monkeypatch), module))


def test_no_two_modules_need_each_other() -> None:
    """At their top or in a function, for types or not: rooms are in order by the floors, modules by this."""
    wanted = {import_name(path): set[str]() for path in MODULES}
    for path in MODULES:
        for _, what in imports(path):
            whole = {what, what.rpartition(".")[0]} & set(wanted)
            wanted[import_name(path)] |= whole
    while free := [module for module, needs in wanted.items() if not needs & set(wanted)]:
        for module in free:
            del wanted[module]
    assert wanted == {}, "these need each other in a circle"


@pytest.mark.parametrize("path", ON_CHIP, ids=name)
def test_only_the_board_touches_the_pins(path: Path) -> None:
    if name(path) in MAY_TOUCH_THE_CHIP:
        return
    found = [
        line for line, what in imports(path, for_types=False) if what.split(".")[0] in {"machine", "umachine"}
    ]
    assert not found, f"{name(path)} imports machine in line {found}"


@pytest.mark.parametrize("path", ON_CHIP, ids=name)
def test_only_telemetry_publishes(path: Path) -> None:
    """What leaves the lock leaves through one file, so that one file shows what can be told.

    And to a broker of the tenant's own through one more, for which the next test has a list.
    """
    if name(path) in {PUBLISHER, MQTT, HOME}:
        return
    found = [node.lineno for node in _of(path, "publish")]
    assert not found, f"{name(path)} publishes in line {found}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_what_an_acknowledgement_may_hold_is_said_in_one_file(path: Path) -> None:
    """reports/acks.py has a method for each; the way round it, with free text, is its own."""
    if name(path) in {"firmware/reports/acks.py", PUBLISHER}:
        return
    found = [node.lineno for what in ("acknowledge", "refuse") for node in _of(path, what)]
    assert not found, f"{name(path)} says something of its own in line {found}"


def test_to_the_tenants_broker_goes_what_is_on_a_list_and_nothing_else() -> None:
    """Neither the door nor a command is among it, and the operator's connection is not in reach."""
    path = FIRMWARE / "home/broker.py"
    calls = [
        ast.unparse(node)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "publish"
    ]
    assert len(calls) == len(_of(path, "publish")), "publish is called by another name"
    assert {call.removeprefix("client.publish") for call in calls} == HOME_SAYS
    wills = [ast.unparse(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    wills = [call for call in wills if call.startswith("client.set_last_will")]
    assert wills == ["client.set_last_will(self._presence, b'offline', True, 1)"]
    assert not _of(path, "_write")
    home = [path for path in MODULES if name(path).startswith("firmware/home/")]
    assert len(home) == 4
    for part in home:
        seen = {name for _, what in imports(part) for name in (what.split(".")[0], what.rpartition(".")[0])}
        assert not seen & {"reports", "link.subscriptions"}, name(part)
    entity = (FIRMWARE / "home/entity.py").read_text()
    assert "stat_t" not in entity


def _of(path: Path, attribute: str) -> list[ast.Attribute]:
    """Where something's attribute of that name is used."""
    return [n for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute) and n.attr == attribute]


def test_one_line_lets_the_bolt_go_and_one_calls_it() -> None:
    """Relay.release in Controller.grant, and that where the doorkeeper acts on a verdict of the gate."""
    assert _users("release", r"relay\.release") == ["firmware/door/controller.py: grant"]
    assert _users("grant") == ["firmware/door/doorkeeper.py: _act"]
    makers = ["firmware/board.py: __init__", "firmware/inside.py: __init__"]
    assert _users("relay") == [*makers, "firmware/selftest/bolt.py: check"]


def _users(attribute: str, written: str = "") -> list[str]:
    """The functions in which an attribute of that name is used, and written so, each once a use."""
    return [
        f"{name(path)}: {function.name}"
        for path in MODULES
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == attribute
        if re.search(written, ast.unparse(node))
    ]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_a_person_with_a_cable_reaches_the_test_of_the_bolt(path: Path) -> None:
    """It pulses the relay, so no code of the lock, and with it no message, may come to it."""
    found = [line for line, what in imports(path) if "selftest.bolt" in f"{what}." or what == "?"]
    assert not found, f"{name(path)} imports the self-test of the bolt in line {found}"


def test_the_rules_see_every_way_to_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.static.helpers.sources.FIRMWARE", tmp_path)
    monkeypatch.setattr("tests.static.helpers.sources.TOP", tmp_path)
    (tmp_path / "door").mkdir()
    path = tmp_path / "door" / "strike.py"
    path.write_text(
        "import link.mqtt as m\n"
        "def late():\n    from link import sync\n    __import__('update')\n    __import__(late)\n"
        "if TYPE_CHECKING:\n    import machine\n"
        "from ..journal import log\nfrom . import relay\n"
    )
    seen = [what for _, what in imports(path)]
    assert seen == ["link.mqtt", "link.sync", "update", "?", "machine", "journal.log", "door.relay"]
    assert "machine" not in [what for _, what in imports(path, for_types=False)]


def test_a_private_name_is_used_in_its_own_module_only() -> None:
    """The build shortens these names a module at a time."""
    own = {"_io_queue"}
    for path in MODULES:
        nodes = list(ast.walk(tree(path)))
        made = {n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
        made |= {
            n.name for n in nodes if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        }
        made |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        read = {(n.attr, n.lineno) for n in nodes if isinstance(n, ast.Attribute)}
        read |= {(alias.name, n.lineno) for n in nodes if isinstance(n, ast.ImportFrom) for alias in n.names}
        read |= {
            (n.args[1].value, n.lineno)
            for n in nodes
            if isinstance(n, ast.Call)
            and isinstance(n.func, ast.Name)
            and n.func.id in {"getattr", "setattr", "hasattr", "delattr"}
            and isinstance(n.args[1], ast.Constant)
        }
        private = {(what, line) for what, line in read if what.startswith("_") and not what.startswith("__")}
        assert {(what, line) for what, line in private if what not in made | own} == set(), name(path)


def test_the_readme_draws_the_floors_as_they_are() -> None:
    text = (FIRMWARE / "README.md").read_text()
    drawn = drawn_floors(text)
    assert drawn == [[_as_file(room) for room in floor] for floor in floors.FLOORS]
    assert rooms_of_table(text) == [room for floor in drawn for room in floor]
    changed = text.replace("    door/  ", "    link/  ", 1).replace("| `door/` |", "| `readers/` |", 1)
    assert drawn_floors(changed) != drawn
    assert rooms_of_table(changed) != rooms_of_table(text)


def drawn_floors(text: str) -> list[list[str]]:
    """The rooms of each floor in the drawing: what stands before the bar."""
    return [line.partition("│")[0].split() for line in text.splitlines() if re.match(r"    [\w./ ]+│", line)]


def rooms_of_table(text: str) -> list[str]:
    """The rooms that the table below the drawing explains."""
    table = text.partition("| room | what it is for |\n")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([\w./]+)` \|", table, re.MULTILINE)


def _as_file(room: str) -> str:
    """A room as people see it: a folder, or a module by itself."""
    return room + "/" if (FIRMWARE / room).is_dir() else room + ".py"
