"""Every module of the firmware has a test of its own, or stands in the table with the test that covers it.

Its own is tests/unit/<room>/test_<module>.py, or several: test_<module>_<what>.py.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.static.helpers.sources import ENTRY, MODULES, TOP, import_name, imports

TESTS = TOP / "tests"

COVERED_BY = {
    "main": "integration/test_tls_memory.py",
    # Above the rooms
    "ahead": "system/test_memory.py",
    "app": "system/test_door.py",
    "console": "system/test_faults.py",
    "inside": "system/test_door.py",
    "outside": "integration/test_tenants_broker.py",
    "settings_checks": "unit/test_settings_faults.py",
    "settings_kinds": "unit/test_settings_faults.py",
    "settings_text": "unit/test_settings_faults.py",
    "version": "unit/reports/test_status.py",
    "wiring": "tools/test_installers_page.py",
    # Rooms
    "access.card_dialogue": "unit/access/test_dialogue.py",
    "access.dates": "unit/access/test_clock.py",
    "access.order": "unit/access/test_dialogue.py",
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
    "people.home_code": "unit/home/test_commands.py",
    "people.keys": "unit/people/test_changes.py",
    "people.leases": "unit/people/test_lease_guard.py",
    "people.ledger": "unit/people/test_lease_guard.py",
    "people.opening": "unit/people/test_residents.py",
    "people.pins": "unit/people/test_changes.py",
    "people.register": "unit/test_housekeeping.py",
    "people.shelves": "unit/people/test_residents.py",
    "people.terms": "unit/people/test_lease_guard.py",
    "people.tidying": "unit/people/test_residents.py",
    "readers.asking": "unit/readers/test_secure_cards.py",
    "readers.card_keys": "tools/test_firmware_cards.py",
    "readers.card_secret": "unit/readers/test_secure_cards.py",
    "readers.keypads": "system/test_wiegand.py",
    "readers.hsu": "unit/readers/test_pn532_noise.py",
    "readers.house_keys": "tools/test_handed_out_cards.py",
    "readers.identify": "tools/test_firmware_torn_cards.py",
    "readers.personalise": "tools/test_firmware_torn_cards.py",
    "reports.state": "unit/reports/test_status.py",
    "reports.results": "unit/reports/test_acks.py",
    "roll.head": "unit/roll/test_credentials.py",
    "roll.install": "unit/lists/test_list_cuts.py",
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
    "tending": "unit/test_housekeeping.py",
    "update.course": "unit/update/test_manager.py",
    "update.pack": "unit/update/test_slots.py",
    "update.payload": "unit/update/test_slots.py",
    "update.refusal": "unit/update/test_slots.py",
    "update.steps": "unit/update/test_manager.py",
    "update.version": "unit/update/test_manifest.py",
}
"""A module, and the file below tests/ that covers it."""

OF_SEVERAL = {
    "unit/update/test_update_cuts.py",  # of updates, from the first write to the confirmation
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


def faults(modules: Iterable[str], rows: dict[str, str], below: Path) -> Iterator[str]:
    """What is wrong with the table for these modules, whose tests lie below this folder."""
    modules = list(modules)
    for module in modules:
        has_own = any(own_tests(module, below))
        if has_own and module in rows:
            yield f"{module} has a test of its own, and needs no row"
        elif not has_own and module not in rows:
            yield f"{module} has neither a test of its own nor a row"
    for module, test in rows.items():
        if module not in modules:
            yield f"{module} is no module, and has a row"
        if not (below / test).is_file():
            yield f"{module} is covered by {test}, which is not there"


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
    "module", [module for module, test in COVERED_BY.items() if test.startswith("unit/")]
)
def test_a_unit_test_that_covers_a_module_comes_to_it(module: str) -> None:
    """By imports, its own or those of what it imports."""
    seen: set[Path] = set()
    after = [TESTS / COVERED_BY[module]]
    while after:
        path = after.pop()
        seen.add(path)
        after += [other for _, what in imports(path) for other in _files(what, path) if other not in seen]
    assert _file(module) in seen, f"{COVERED_BY[module]} never comes to {module}"


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
        (tmp_path / "unit/door" / name).touch()
    assert list(faults(["door.relay", "door.switch"], rows, tmp_path)) == told
