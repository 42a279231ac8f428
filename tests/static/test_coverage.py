"""Every module of the firmware has a test of its own, or stands in the table with the test that covers it.

Its own is tests/unit/<room>/test_<module>.py, or several: test_<module>_<what>.py.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.static.helpers.sources import ENTRY, MODULES, TOP, import_name, imports

TESTS = TOP / "tests"

COVERED_BY = {
    "boot": "system/test_safety.py",
    "main": "system/test_console.py",
    # Above the rooms
    "ahead": "system/test_memory.py",
    "app": "system/test_door.py",
    "console": "system/test_faults.py",
    "inside": "system/test_door.py",
    "outside": "integration/test_tenants_broker.py",
    "settings_checks": "unit/test_settings_faults.py",
    "settings_kinds": "unit/test_settings_faults.py",
    "version": "unit/reports/test_status.py",
    "wiring": "tools/test_installers_page.py",
    # Rooms
    "access.card_dialogue": "unit/access/test_dialogue.py",
    "access.dates": "unit/access/test_clock.py",
    "access.order": "unit/access/test_log_order.py",
    "access.phone_note": "unit/readers/test_phone_tag_type4.py",
    "access.time_sources": "unit/access/test_clock.py",
    "access.zone_rule": "unit/access/test_zone.py",
    "door.relay": "unit/door/test_switch.py",
    "door.signals": "unit/door/test_indicator.py",
    "home.entity": "unit/home/test_broker.py",
    "link.addresses": "unit/link/test_resolver.py",
    "link.errors": "unit/link/test_envelope.py",
    "link.lookup": "unit/link/test_resolver.py",
    "link.packets": "unit/link/test_mqtt.py",
    "lists.head": "unit/lists/test_lists_fuzz.py",
    "lists.refusal": "unit/lists/test_sync_refusals.py",
    "log.entry": "unit/people/test_logs.py",
    "people.cards": "unit/people/test_changes.py",
    "people.entry": "unit/people/test_residents.py",
    "people.approval": "unit/people/test_notices.py",
    "people.keys": "unit/people/test_changes.py",
    "people.leases": "unit/people/test_lease_guard.py",
    "people.ledger": "unit/people/test_lease_guard.py",
    "people.opening": "unit/people/test_residents.py",
    "people.pins": "unit/people/test_changes.py",
    "people.register": "unit/test_housekeeping.py",
    "people.shelves": "unit/people/test_residents.py",
    "people.terms": "unit/people/test_lease_guard.py",
    "people.tidying": "unit/people/test_residents.py",
    "readers.card_keys": "tools/test_firmware_cards.py",
    "readers.card_secret": "unit/readers/test_secure_cards.py",
    "readers.keypads": "system/test_wiegand.py",
    "readers.hsu": "unit/readers/test_pn532_noise.py",
    "readers.handed_out": "tools/test_handed_out_cards.py",
    "readers.house_keys": "tools/test_handed_out_cards.py",
    "readers.identify": "tools/test_firmware_torn_cards.py",
    "readers.personalise": "tools/test_firmware_torn_cards.py",
    "reports.state": "unit/reports/test_status.py",
    "roll.head": "unit/roll/test_credentials.py",
    "roll.layout": "unit/roll/test_credentials.py",
    "roll.record": "unit/roll/test_credentials.py",
    "roll.upkeep": "unit/roll/test_snapshot.py",
    "selftest.bolt": "unit/selftest/test_selftest.py",
    "selftest.keys": "unit/selftest/test_selftest.py",
    "selftest.radio": "tools/test_selftest.py",
    "selftest.reader": "unit/selftest/test_selftest.py",
    "selftest.signals": "tools/test_selftest.py",
    "selftest.switches": "unit/selftest/test_selftest.py",
    "selftest.wiegand": "unit/selftest/test_selftest.py",
    "storage.names": "static/test_facts.py",
    "storage.purposes": "static/test_facts.py",
    "storage.sealed": "unit/people/test_lease_guard.py",
    "update.course": "unit/update/test_manager.py",
    "update.pack": "unit/update/test_slots.py",
    "update.payload": "unit/update/test_slots.py",
    "update.steps": "unit/update/test_manager.py",
    "update.switch": "unit/update/test_unheard.py",
    "update.version": "unit/update/test_unheard.py",
}
"""A module, and the file below tests/ that covers it."""

_RUN = {path.stem for path in ENTRY}
"""What the chip runs as text: tests do the same, and import nothing."""

_OF_THE_LOCK = ("system/", "integration/", "tools/", "static/")
"""Rooms whose tests run the module in a lock, or read it: no import leads to it."""

OF_SEVERAL = {
    "unit/update/test_update_cuts.py",  # of updates, from the first write to the confirmation
    "unit/lists/test_list_cuts.py",  # of lists, from the first write to the copy
    "unit/fakes/test_fake_certificates.py",
    "unit/fakes/test_fake_nvs.py",  # of the simulator
    "unit/fakes/test_fake_socket.py",
    "unit/link/test_hostile_broker.py",  # all that listens to a broker
}
"""Unit tests that are of no single module."""


def _names() -> list[str]:
    """Every module by its name: door.relay, boot."""
    return [path.stem for path in ENTRY] + [import_name(path) for path in MODULES]


def own_tests(module: str, below: Path) -> Iterator[Path]:
    """The tests that have the name of this module, in the folder of its room."""
    *room, last = module.split(".")
    folder = below.joinpath("unit", *room)
    for path in folder.glob(f"test_{last}*.py"):
        if path.stem == f"test_{last}" or path.stem.startswith(f"test_{last}_"):
            yield path


def is_a_test(path: Path) -> bool:
    """Whether it has a test, and something in it, or in what helps it, can fail."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    claims = [node for node in nodes if isinstance(node, ast.Assert | ast.Raise | ast.With | ast.Await)]
    return any(each.name.startswith("test_") for each in functions) and bool(claims)


def faults(modules: Iterable[str], rows: dict[str, str], below: Path) -> Iterator[str]:
    """What is wrong with the table for these modules, whose tests lie below this folder."""
    modules = list(modules)
    for module in modules:
        own = list(own_tests(module, below))
        has_own = bool(own)
        yield from (f"{path.name} tests nothing" for path in own if not is_a_test(path))
        if has_own and module in rows:
            yield f"{module} has a test of its own, and needs no row"
        elif not has_own and module not in rows:
            yield f"{module} has neither a test of its own nor a row"
    for module, test in rows.items():
        if module not in modules:
            yield f"{module} is no module, and has a row"
        path = below / test
        if not path.is_file():
            yield f"{module} is covered by {test}, which is not there"
        elif not re.fullmatch(r"(\w+/)+test_\w+[.]py", test) or not is_a_test(path):
            yield f"{module} is covered by {test}, which tests nothing"


def test_every_module_has_a_test_or_says_which_covers_it() -> None:
    assert list(faults(_names(), COVERED_BY, TESTS)) == []


def test_every_unit_test_is_of_a_module_that_is_there() -> None:
    owned = {path for module in _names() for path in own_tests(module, TESTS)}
    rows = {TESTS / test for test in [*COVERED_BY.values(), *OF_SEVERAL]}
    there = set((TESTS / "unit").rglob("test_*.py"))
    assert sorted(path.relative_to(TESTS).as_posix() for path in there - owned - rows) == []


def test_what_is_of_several_is_there() -> None:
    assert [test for test in OF_SEVERAL if not (TESTS / test).is_file()] == []


@pytest.mark.parametrize(
    "module",
    [
        module
        for module in _names()
        if module not in _RUN and not COVERED_BY.get(module, "unit/").startswith(_OF_THE_LOCK)
    ],
)
def test_a_unit_test_that_covers_a_module_comes_to_it(module: str) -> None:
    """By imports, its own or those of what it imports."""
    row = COVERED_BY.get(module)
    tests = [TESTS / row] if row else list(own_tests(module, TESTS))
    assert any(_file(module) in _reached(path) for path in tests), f"{tests} never come to {module}"


def _reached(test: Path) -> set[Path]:
    seen: set[Path] = set()
    after = [test]
    while after:
        path = after.pop()
        seen.add(path)
        after += [other for _, what in imports(path) for other in _files(what, path) if other not in seen]
    return seen


def _file(module: str) -> Path:
    return TOP / "firmware" / (module.replace(".", "/") + ".py")


def _files(what: str, of: Path) -> Iterator[Path]:
    """The file of what is imported, whether a module or a name in one."""
    for module in (what, what.rpartition(".")[0]):
        for folder in (of.parent, TESTS / "unit/helpers", TOP / "firmware"):
            path = folder / (module.replace(".", "/") + ".py")
            if module and path.is_file():
                yield path


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"door.relay": "unit/door/test_switch.py"}, []),
        ({}, ["door.relay has neither a test of its own nor a row"]),
        (
            {"door.relay": "unit/door/test_switch.py", "door.switch": "unit/door/test_switch.py"},
            ["door.switch has a test of its own, and needs no row"],
        ),
        (
            {"door.relay": "unit/door/test_relay_gone.py"},
            ["door.relay is covered by unit/door/test_relay_gone.py, which is not there"],
        ),
        (
            {"door.relay": "unit/door/test_switch.py", "door.strike": "unit/door/test_switch.py"},
            ["door.strike is no module, and has a row"],
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_seen(rows: dict[str, str], told: list[str], tmp_path: Path) -> None:
    (tmp_path / "unit/door").mkdir(parents=True)
    for name in ("test_switch.py", "test_relays.py"):  # the second is of something else
        (tmp_path / "unit/door" / name).write_text("def test_it():\n    assert 1 + 1 == 2\n")
    assert list(faults(["door.relay", "door.switch"], rows, tmp_path)) == told


@pytest.mark.parametrize(
    "text",
    ["", "assert True", "def test_it():\n    pass", "def it():\n    assert 1", "# def test_it(): assert 1"],
)
def test_a_file_that_tests_nothing_is_no_test(text: str, tmp_path: Path) -> None:
    (tmp_path / "unit/door").mkdir(parents=True)
    for name in ("test_switch.py", "test_relays.py"):
        (tmp_path / "unit/door" / name).write_text(text)
    told = list(faults(["door.relay", "door.switch"], {"door.relay": "unit/door/test_relays.py"}, tmp_path))
    assert told == [
        "test_switch.py tests nothing",
        "door.relay is covered by unit/door/test_relays.py, which tests nothing",
    ]


@pytest.mark.parametrize(
    "row", ["README.md", "conftest.py", "unit/door/helpers.py", "../tests/unit/door/test_it.py"]
)
def test_a_row_names_a_test(row: str, tmp_path: Path) -> None:
    path = tmp_path / "tests" / row
    path.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "tests/unit/door").mkdir(parents=True, exist_ok=True)
    path.write_text("def test_it():\n    assert 1 + 1 == 2\n")
    told = list(faults(["door.relay"], {"door.relay": row}, tmp_path / "tests"))
    assert told == [f"door.relay is covered by {row}, which tests nothing"]
