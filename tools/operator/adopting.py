"""Takes over into the file what a lock's newest list says, if that was made from a newer copy of the file.

The list is our own: the lock's key has signed it. What it does not say are names and notes.
"""

import datetime as dt
import hashlib
import struct
from typing import Any

from menshen.errors import MenshenError

from . import dates, handing
from .hours import DAYS, Holiday
from .lists import (
    CARD,
    HOLIDAY,
    HOUSE_KEY,
    LEASE,
    MOVE_IN,
    SCHEDULE,
    STAFF,
    STAFF_PASSAGE,
    TENANT,
    Known,
    list_hash,
    over,
    records_of,
)
from .store import HELD, SENT, WANTED, Store

_RECORD = struct.Struct("<16sBBHBBIIH")
_KNOWN = {LEASE, MOVE_IN, STAFF, STAFF_PASSAGE, SCHEDULE, HOLIDAY, HOUSE_KEY}


class AdoptError(MenshenError):
    """A list cannot be taken over; the message says why."""


def adopt(store: Store, ident: str, head: Known, base: bytes) -> list[str]:
    """Make the file say what this list says; in sentences, what has changed by that. Raises AdoptError."""
    current = over(base, head.delta)
    before = {kind: store.entries(ident, kind) for kind in ("lease", "staff", handing.KIND)}
    found = _read(store, ident, current)
    for kind, entries in found.items():
        for name in before[kind].keys() - entries.keys():
            store.drop(ident, kind, name)
        for name, data in entries.items():
            store.put(ident, kind, name, data)
    _number(store, ident, found["lease"])
    store.run(
        "update lock set version = ?, base = ?, base_data = ?, current = ?, leases = ?, checked = 1 "
        "where name = ?",
        head.version,
        head.base,
        base,
        current,
        max([store.lock(ident)["leases"], *map(int, found["lease"])]),
        ident,
    )
    store.copy(ident, WANTED, SENT)
    store.journal.published(ident)
    store.journal.forget()
    return _said(before, found)


def held(store: Store, ident: str, head: Known, base: bytes, state: dict) -> None:
    """Note that the lock holds it, where its state says so."""
    if state.get("list") == head.version and state.get("hash") == list_hash(base, head.delta):
        store.run("update lock set held = ? where name = ?", head.version, ident)
        store.copy(ident, SENT, HELD)


def _read(store: Store, ident: str, current: bytes) -> dict[str, dict[str, dict]]:
    records = [_RECORD.unpack(record) for record in records_of(current)]
    if {record[1] for record in records if record[1:3] != (TENANT, CARD)} - _KNOWN:
        raise AdoptError(
            f"{ident}: its list has records that this release does not make; it is left as it is"
        )
    leases = {
        str(lease): {"begin": begin, "end": end, "code": ""}
        for _, role, _, lease, _, _, begin, end, _ in records
        if role == LEASE
    }
    for digest, role, _, lease, *_ in records:
        if role == MOVE_IN and str(lease) in leases:
            leases[str(lease)]["code"] = digest.hex()
    if any(not lease["code"] for lease in leases.values()):
        raise AdoptError(f"{ident}: its list has a lease without a code; it is left as it is")
    _holidays(store, [record[0] for record in records if record[1] == HOLIDAY])
    return {
        "lease": leases,
        "staff": _staff(store, ident, records),
        handing.KIND: _cards(store, ident, records),
    }


def _cards(store: Store, ident: str, records: list[tuple]) -> dict[str, dict]:
    """Cards that were handed out. If the file does not know one, nobody knows its number or its house."""
    known = {card["digest"]: (number, card) for number, card in store.entries(ident, handing.KIND).items()}
    keys, found = _house_keys(records), {}
    for digest, role, _, lease, _, _, begin, _, reference in records:
        if role == TENANT:
            number, own = known.get(digest.hex(), ("", {}))
            found[number or _new(store)] = {
                "lease": lease,
                "begin": begin,
                "house": own.get("house", f"found {reference}"),
                "reference": reference,
                "value": own.get("value", ""),
                "digest": digest.hex(),
                "wrapped": keys.get(reference, ""),
            }
    return found


def _house_keys(records: list[tuple]) -> dict[int, str]:
    """House keys as the list has them, wrapped, by their references."""
    from menshen.desk import house_keys

    halves = {
        digest: struct.pack("<II", begin, end)
        for digest, role, *_, begin, end, _ in records
        if role == HOUSE_KEY
    }
    references = {reference for _, role, *_, reference in records if role == HOUSE_KEY}
    return {
        one: b"".join(halves.get(half, b"") for half in house_keys.halves(one)).hex() for one in references
    }


def _new(store: Store) -> str:
    number = str(int(store.setting("cards") or 0) + 1)
    store.set("cards", number)
    return number


def _staff(store: Store, ident: str, records: list[tuple]) -> dict[str, dict]:
    hours = _hours(records)
    known = {who["digest"]: (name, who) for name, who in store.entries(ident, "staff").items()}
    keys = _house_keys(records)
    names = {
        row["digest"]: row["name"]
        for row in store.run("select digest, name from person where lock = ?", ident)
    }
    found = {}
    for digest, role, kind, _, schedule, uses, begin, end, reference in records:
        if role not in (STAFF, STAFF_PASSAGE):
            continue
        text = digest.hex()
        name, own = known.get(text, (names.get(text, f"unknown {text[:8]}"), {}))
        while name in found:
            name += "'"
        found[name] = {
            "kind": kind,
            "digest": text,
            "hours": hours.get(schedule, ""),
            "schedule": schedule,
            "uses": uses,
            "role": role,
            "begin": begin,
            "end": end,
            **({"value": own["value"]} if "value" in own else {}),
        }
        if reference:
            house = own.get("house", f"found {reference}")
            found[name] |= {"house": house, "reference": reference, "wrapped": keys.get(reference, "")}
    return found


def _hours(records: list[tuple]) -> dict[int, str]:
    """The hours of each schedule, as they are typed."""
    parts: dict[int, list[tuple[int, str]]] = {}
    for digest, role, mask, begin, schedule, _, _, _, end in records:
        if role != SCHEDULE:
            continue
        days = "+".join(_ranges([day for at, day in enumerate(DAYS) if mask >> at & 1]))
        place = next(
            part
            for part in range(256)
            if hashlib.sha256(b"menshen schedule v1" + bytes((schedule, part))).digest()[:16] == digest
        )
        parts.setdefault(schedule, []).append((place, f"{days} {_clock(begin)}-{_clock(end)}"))
    return {schedule: ", ".join(text for _, text in sorted(found)) for schedule, found in parts.items()}


def _ranges(days: list[str]) -> list[str]:
    """Days in order as "mon-fri", "sun", "holiday"."""
    runs: list[list[str]] = []
    for day in days:
        if runs and day != "holiday" and DAYS.index(day) == DAYS.index(runs[-1][-1]) + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _holidays(store: Store, digests: list[bytes]) -> None:
    """Enter the days of these records that the house does not know, found by the digests of all days."""
    known = {Holiday(dt.date.fromisoformat(day)).record(b"")[:16] for day in store.holidays()}
    missing = set(digests) - known
    if missing:
        first = dates.today(store.zone) - dt.timedelta(2 * 366)
        for offset in range(12 * 366):
            day = first + dt.timedelta(offset)
            if Holiday(day).record(b"")[:16] in missing:
                store.journal.write("holiday", {"day": str(day)}, {"day": str(day), "name": ""})


def _number(store: Store, ident: str, leases: dict[str, dict]) -> None:
    """Give a number of the house to each lease that has none."""
    known = {str(row["number"]) for row in store.run("select number from door where lock = ?", ident)}
    for own in leases.keys() - known:
        number = store.next_lease()
        store.run("insert into lease (id, note) values (?, ?)", number, f"found at {ident}")
        store.run("insert into door (lock, number, lease) values (?, ?, ?)", ident, int(own), number)


def _said(before: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> list[str]:
    said = []
    for kind, entries in found.items():
        for name in sorted(before[kind].keys() | entries.keys()):
            if name not in entries:
                said.append(f"{kind} {name}: left the file")
            elif name not in before[kind]:
                said.append(f"{kind} {name}: came into the file")
            elif {**before[kind][name], "value": 0} != {**entries[name], "value": 0}:
                said.append(f"{kind} {name}: is as the list has it")
    return said
