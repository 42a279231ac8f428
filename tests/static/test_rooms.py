"""Each room of the firmware imports only what it may: DESIGN, Layout.

These rules carry promises. A door that cannot name the network cannot wait for it, and a credential
check that cannot name the link cannot tell it who came.
"""

import ast
from pathlib import Path

import pytest

from tests.static.sources import FIRMWARE, MODULES, ON_CHIP, imports, name, tree

DOOR = {"door", "readers", "access"}
OUTSIDE = {"link", "update", "journal"}
JOINERS = {"app", "board", "housekeeping", "reports"}

FORBIDDEN = {
    **dict.fromkeys(DOOR, OUTSIDE | JOINERS),
    **dict.fromkeys(OUTSIDE, JOINERS),
    "selftest": {"app", "update", "journal"},
    "storage": DOOR | OUTSIDE | JOINERS | {"settings", "supervisor"},
    "log": DOOR | OUTSIDE | JOINERS | {"settings", "supervisor"},
}
"""What the files of a room may not import."""

MAY_TOUCH_THE_CHIP = {"boot.py", "main.py", "firmware/board.py"}
PUBLISHER, MQTT = "firmware/link/telemetry.py", "firmware/link/mqtt.py"
HOME = "firmware/link/home.py"
HOME_SAYS = {
    "(self._config, self._announcement(), True)",
    "(self._config, b'', True)",
    "(self._presence, b'online', True)",
    "(self._presence, b'', True)",
}
"""All that is ever published to a broker of the tenant's own; its last will is no publication."""


def _room(path: Path) -> str:
    return path.relative_to(FIRMWARE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    forbidden = FORBIDDEN.get(_room(path), set())
    if not forbidden:
        return
    found = [
        f"line {line}: {what}" for line, what in imports(path) if what.split(".")[0] in forbidden | {"?"}
    ]
    assert not found, f"{name(path)} may not import this: {', '.join(found)}"


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


def test_to_the_tenants_broker_goes_what_is_on_a_list_and_nothing_else() -> None:
    """Neither the door nor a command is among it, and the operator's connection is not in reach."""
    path = FIRMWARE / "link/home.py"
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
    home = [path for path in MODULES if name(path).startswith("firmware/link/home_")]
    assert len(home) == 3
    for part in [path, *home]:
        seen = {what.rpartition(".")[0] for _, what in imports(part)}
        assert not seen & {"link.telemetry", "link.topics", "link.outbox", "reports"}, name(part)
    entity = (FIRMWARE / "link/home_entity.py").read_text()
    assert "stat_t" not in entity


def _of(path: Path, attribute: str) -> list[ast.Attribute]:
    """Where something's attribute of that name is used."""
    return [n for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute) and n.attr == attribute]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_a_person_with_a_cable_reaches_the_test_of_the_bolt(path: Path) -> None:
    """It pulses the relay, so no code of the lock, and with it no message, may come to it."""
    found = [line for line, what in imports(path) if "selftest.bolt" in f"{what}." or what == "?"]
    assert not found, f"{name(path)} imports the self-test of the bolt in line {found}"


def test_the_rules_see_every_way_to_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.static.sources.FIRMWARE", tmp_path)
    monkeypatch.setattr("tests.static.sources.TOP", tmp_path)
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
