"""The places of 32 leases in the whole lock: none is at another's expense."""

from collections import Counter

from tests.models.conftest import Port
from tests.models.helpers.people_door import LIGHT_MS, T0, Door
from tests.models.helpers.people_model import DAY, MOVE_IN, PIN, Entry, Listing, Resident, Term


def test_no_lease_starves_another(house_port: Port) -> None:
    """One lease takes all that it can get; every other has its first PIN, and three cards, all the same."""
    door = Door(house_port, Counter())
    hoard = [f"9{n}5817" for n in range(1, 10)]
    others = {lease: (f"80{lease:02}4153", f"70{lease:02}3916") for lease in range(2, 33)}
    first = Listing(1)
    first.entries = {(PIN, code): Entry(MOVE_IN, 1) for code in hoard}
    first.entries |= {(PIN, code): Entry(MOVE_IN, lease) for lease, (code, _) in others.items()}
    first.terms = {lease: Term(T0 - DAY) for lease in range(1, 33)}
    assert door.heal(first).version == 1
    for n, code in enumerate(hoard):
        pin = f"6{n}2739"
        door.enter(code, False)
        found = door.do("keys", f"{pin}#{pin}#")
        assert ("kept" in found.said) == (n < 8), "a lease has eight residents"
        if n < 8:
            resident = door.house.moved_in(code, pin)
            kept = [_adds(door, resident, bytes((4, 1, n, card))) for card in range(4)]
            assert kept == [True, True, True, False], "a resident has three cards"
            assert "enrolling" in door.asks(resident, "4").said
            door.do("wait", LIGHT_MS)
    for lease, (code, pin) in others.items():
        door.enter(code, False)
        assert "kept" in door.do("keys", f"{pin}#{pin}#").said, lease
        resident = door.house.moved_in(code, pin)
        assert all(_adds(door, resident, bytes((4, lease, card))) for card in range(3)), lease
        assert "enrolling" in door.asks(resident, "4").said, lease
        door.do("wait", LIGHT_MS)
    door.do("restart")
    for token in door.house.ways():
        door.present(token)
    print(f"{len(door.house.ways())} ways in of 32 leases, {door.sizes()} bytes of tables and NVS")


def _adds(door: Door, resident: Resident, uid: bytes) -> bool:
    door.asks(resident, "2")
    kept = "kept" in door.do("card", uid.hex()).said
    if kept:
        door.house.added(resident, uid.hex())
    door.do("wait", LIGHT_MS)
    return kept
