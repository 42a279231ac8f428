"""What people with a cable, and another release, leave in the flash of the whole lock: a story each.

The lock is that of test_people_model.py, in virtual time.
"""

import hmac
import struct

import pytest

from menshen.operator.commands import Command
from tests.models.helpers.people_door import Found
from tests.models.helpers.people_from_afar import CODES
from tests.models.helpers.people_model import KEY, MOVE_IN, PIN, Entry
from tests.models.helpers.people_visits import FREE
from tests.models.test_people_model import PINS, People

_SAID = ("is in the way", "there is no whole list", "is broken", "using the ", "no space", "could not be")


def _does(people: People, name: str, *arguments: object) -> Found:
    """One step after which the lock may complain of what is wrong with its flash."""
    found = Found(**people.door.port.ask("step", arguments=[0, 0, name, *arguments]))
    assert all(any(said in fault for said in _SAID) for fault in found.faults), found.faults
    people.house.now = found.now
    return found


def _opens(people: People, digits: str) -> bool:
    _does(people, "wait", 300_000)
    return bool(_does(people, "keys", f"**{digits}#").opened)


def _takes_a_list(people: People) -> bool:
    new = people.listing()
    new.entries[PIN, CODES[4]] = Entry(MOVE_IN, 1)
    found = people.door.publish(new, people.house.now)
    return found.version == new.version


@pytest.mark.parametrize("name", ["leases", "leases.new", "people1.new", "own", "a", "b", "head.new", "log"])
def test_a_folder_in_place_of_a_file_stops_neither_residents_nor_lists(people: People, name: str) -> None:
    """An installer's slip with a cable: nothing could be written there for ever."""
    _does(people, "put", f"/access/{name}")
    _does(people, "restart", True)
    for pin in PINS[:3]:
        assert _opens(people, pin), pin
    people.door.do("sntp", people.house.now)
    for _ in range(2):
        assert _takes_a_list(people)
    assert "kept" in people.door.do("keys", f"{PINS[0]}*1#{FREE}#{FREE}#").said
    people.door.do("restart", True)
    assert _opens(people, FREE)
    assert not _opens(people, PINS[0])


def test_a_file_in_place_of_the_folder_is_a_lock_that_takes_its_list_again(people: People) -> None:
    _does(people, "put", "/access", b"a slip".hex())
    for _ in range(2):
        _does(people, "restart", True)
    people.door.do("sntp", people.house.now)
    assert _takes_a_list(people)
    assert "enrolling" in _does(people, "keys", f"{CODES[4]}#").said
    assert "kept" in _does(people, "keys", f"{FREE}#{FREE}#").said
    _does(people, "restart", True)
    assert _opens(people, FREE)


def _table_of_0_1_0(*residents: tuple[str, int]) -> bytes:
    """PINs, each with its lease, as that release stored them: without numbers, under the lock's key."""
    body = struct.pack("<I", 1)
    for pin, lease in residents:
        body += hmac.digest(KEY, b"\1" + pin.encode(), "sha256")[:16] + struct.pack("<BBH", 1, 1, lease)
    return body + hmac.digest(hmac.digest(KEY, b"menshen residents v1", "sha256"), body, "sha256")


def test_a_resident_who_is_about_to_change_their_pin_as_the_table_of_0_1_0_is_taken_over(
    people: People,
) -> None:
    """While the release is on trial nothing is begun that could end after it; then all is as ever."""
    shelves = [f"/access/people{shelf}{copy}" for shelf in range(4) for copy in ("", ".old")]
    _does(people, "remove", *shelves)
    table = _table_of_0_1_0((PINS[0], 1), (PINS[2], 1), (PINS[1], 2))
    _does(people, "put", "/access/residents", table.hex())
    _does(people, "number", "choice", 5)  # on trial, in slot b
    _does(people, "number", "had", 0xFFFF)  # no reader is there, as before
    _does(people, "restart", False)
    for pin in PINS[:3]:
        assert _does(people, "keys", f"**{pin}#").opened, pin
    for order in ("1", "2", "3", "9", "40", "7"):
        assert "enrolling" not in _does(people, "keys", f"{PINS[0]}*{order}#").said, order
    assert not _does(people, "keys", f"{FREE}#{FREE}#").opened
    for _ in range(11):
        _does(people, "wait", 30_000)  # in longer ones the loop would stand still, and that is no trial
    for pin in PINS[:3]:
        assert _opens(people, pin), pin
    assert "kept" in _does(people, "keys", f"{PINS[0]}*1#{FREE}#{FREE}#").said
    for cold in (True, False):
        _does(people, "restart", cold)
        assert not _opens(people, PINS[0])
        assert all(_opens(people, pin) for pin in (FREE, PINS[1], PINS[2]))


@pytest.mark.parametrize("which", ["flash", "nvs", "both"])
def test_a_copy_of_the_chip_that_is_put_back_months_later_is_a_lock_as_it_was_then(
    people: People, which: str
) -> None:
    """Of the flash, NVS or both: who lived there by what came back gets in, and all goes on from there."""
    door = people.door
    first = people.listing()
    first.entries[PIN, CODES[3]] = Entry(MOVE_IN, 1)
    door.heal(first)
    door.do("copy")
    assert "kept" in door.do("keys", f"**{PINS[0]}*1#{FREE}#{FREE}#").said
    order = Command("demo", "identify", time=people.house.now, number=5).message(KEY)
    assert '"done"' in str(door.do("deliver", "command", order, False).told)
    old = [head for _, head in door.heads]
    assert _takes_a_list(people)
    door.do("days", 60)
    found = _does(people, "paste", which != "nvs", which != "flash")
    door.do("sntp", found.now)
    assert _opens(people, PINS[0]) is (which != "nvs")
    assert _opens(people, FREE) is (which == "nvs")
    assert all(_opens(people, pin) for pin in PINS[1:3])
    assert '"done"' not in str(_does(people, "deliver", "command", order, False).told)
    for head in old:
        version = _does(people, "deliver", "list", head, True).version
        assert version >= (first.version if which != "nvs" else people.house.force.version)
    assert _takes_a_list(people)
    door.do("days", 60)
    door.heal(people.listing())
    assert _opens(people, PINS[2]) is (which != "flash"), "hours that NVS forgot are lived once more"
    door.do("days", 60)
    door.heal(people.listing())
    assert not _opens(people, PINS[2])
    assert _opens(people, PINS[1])
