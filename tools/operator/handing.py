"""What is entered for a card made at the desk: at each of its doors one record, and the house key.

The house key is made from the key that seals the file, so it is as safe as that, and in each backup.
"""

import time
from dataclasses import dataclass

from menshen.errors import MenshenError

from .lists import CARD, TENANT, Record, mac
from .store import HELD, SENT, WANTED, Store
from .tenancies import Tenancy

KIND = "card"
"""Of entries in the file."""

HOUSES_MAX = 4
"""House keys for which a lock has places: firmware/readers/house_keys.py."""

_HOUSE = b"menshen house of the operator "


@dataclass(frozen=True)
class Card:
    """A card by its number, the lease it is for, and its doors; `held`: all locks have it like this."""

    number: str
    lease: str
    locks: list[str]
    house: str
    held: bool


def house_key(store: Store, house: str) -> bytes:
    """The key of all cards of a house of this name. Raises StoreError, InputError."""
    return mac(store.seal.key, _HOUSE + house.encode())[:16]


def reference(store: Store, lock: str, house: str) -> int:
    """Under which number a lock has this house's key, or will have it. Raises MenshenError."""
    taken = {
        entry["house"]: entry["reference"]
        for state in (WANTED, SENT, HELD)
        for entry in made_at_desk(store, lock, state)
    }
    free = sorted(set(range(1, HOUSES_MAX + 1)) - set(taken.values()))
    if house not in taken and not free:
        known = ", ".join(sorted(taken))
        raise MenshenError(
            f"--house {house}: {lock} has cards of {HOUSES_MAX} houses, and takes no more: {known}"
        )
    return taken[house] if house in taken else free[0]


def made_at_desk(store: Store, lock: str, state: str = WANTED) -> list[dict]:
    """The entries of a lock's cards that prove themselves by a house key: tenants', and staff's."""
    staff = store.entries(lock, "staff", state).values()
    return [*store.entries(lock, KIND, state).values(), *(who for who in staff if "reference" in who)]


def for_staff(store: Store, lock: str, house: str, uid: bytes) -> dict[str, object]:
    """What staff's entry has of the card of this UID. Raises MenshenError."""
    at_lock = reference(store, lock, house)
    made = sealed_for(store.key(lock), house_key(store, house), at_lock, uid)
    return {"house": house, "reference": at_lock, **made}


def enter(store: Store, one: Tenancy, house: str, references: list[int], uid: bytes) -> str:
    """Have a card open all doors of a lease; the card's number. Raises MenshenError."""
    number = str(int(store.setting("cards") or 0) + 1)
    key = house_key(store, house)
    for door, at_lock in zip(one.doors, references, strict=True):
        data = {
            "lease": door.number,
            "begin": door.begin,
            "house": house,
            "reference": at_lock,
            "value": store.seal.close(f"{KIND} {number}", uid).hex(),
        }
        data |= sealed_for(store.key(door.lock), key, at_lock, uid)
        for name, other in store.entries(door.lock, KIND).items():
            if other["digest"] == data["digest"]:
                raise MenshenError(f"this card is card {name} already, and opens {door.lock}")
        for name, who in store.entries(door.lock, "staff").items():
            if who["digest"] == data["digest"]:
                raise MenshenError(f"this card is {name}'s, of the staff, and opens {door.lock}")
        store.put(door.lock, KIND, number, data)
    store.set("cards", number)
    return number


def sealed_for(lock_key: bytes, house: bytes, at_lock: int, uid: bytes) -> dict[str, str]:
    """The parts of an entry that depend on the lock's key: the card's digest, and the wrapped house key."""
    from menshen.desk import house_keys

    return {
        "digest": house_keys.digest(lock_key, at_lock, uid).hex(),
        "wrapped": house_keys.wrapped(house, lock_key, at_lock).hex(),
    }


def renew(store: Store, lock: str, key: bytes) -> None:
    """Make a lock's cards anew for its new key; cards of leases that are over are removed."""
    leases = store.entries(lock, "lease")
    for number, entry in store.entries(lock, KIND).items():
        if str(entry["lease"]) not in leases or not entry["value"]:
            store.drop(lock, KIND, number)
            continue
        uid = store.seal.open(f"{KIND} {number}", bytes.fromhex(entry["value"]))
        made = sealed_for(key, house_key(store, entry["house"]), entry["reference"], uid)
        store.put(lock, KIND, number, {**entry, **made})


def forget(store: Store, lock: str, lease: int) -> None:
    """The cards of a lease leave the list with it."""
    for number, entry in store.entries(lock, KIND).items():
        if entry["lease"] == lease:
            store.drop(lock, KIND, number)


def records(store: Store, lock: str, state: str) -> list[bytes]:
    """The records of a lock's tenants' cards, and of the house keys that those and staff's need."""
    made = made_at_desk(store, lock, state)
    if not made:
        return []
    from menshen.desk import house_keys

    found = [
        Record(
            bytes.fromhex(entry["digest"]),
            TENANT,
            CARD,
            entry["lease"],
            not_before=entry["begin"],
            key_ref=entry["reference"],
        ).data()
        for entry in store.entries(lock, KIND, state).values()
    ]
    wrapped = {entry["reference"]: bytes.fromhex(entry["wrapped"]) for entry in made}
    return found + [half for at_lock, key in wrapped.items() for half in house_keys.records(at_lock, key)]


def cards(store: Store) -> list[Card]:
    """All that are wanted, by number."""
    leases = {(door.lock, door.number): one.called for one in store.tenancies() for door in one.doors}
    found: dict[str, Card] = {}
    for row in store.locks():
        lock = row["name"]
        held = store.entries(lock, KIND, HELD)
        for number, entry in store.entries(lock, KIND).items():
            one = found.get(number)
            same = held.get(number) == entry
            found[number] = Card(
                number,
                leases.get((lock, entry["lease"]), "?"),
                [*(one.locks if one else []), lock],
                entry["house"],
                same and (one is None or one.held),
            )
    return sorted(found.values(), key=lambda one: int(one.number))


def guarded(store: Store, one: Card) -> bool:
    """Whether a lock has heard of the card, or may have, and its lease runs there."""
    for lock in one.locks:
        lease = store.entries(lock, "lease").get(str(store.entries(lock, KIND)[one.number]["lease"]))
        known = any(one.number in store.entries(lock, KIND, state) for state in (SENT, HELD))
        if known and lease is not None and lease["end"] > time.time():
            return True
    return False
