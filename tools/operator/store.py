"""What a house's file knows: locks with their keys, leases, staff, holidays, and what was sent of them."""

import getpass
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from menshen.errors import InputError

from . import journal
from .database import Database, StoreError, not_in_file
from .lists import Series, changes, list_hash, snapshot
from .ordered import naturally
from .tenancies import Door, Tenancy

WANTED, SENT, HELD = "wanted", "sent", "held"
"""What the operator has entered; what of that the newest list has; what the lock's has."""

_NO_CHECK = "0"


class Store:
    """An open house; changes are kept whole or not at all (`change`)."""

    def __init__(self, db: Database, key_file: Path) -> None:
        self._db, self._key_file = db, key_file
        self._depth = 0
        self.journal = journal.Journal(self)

    @property
    def name(self) -> str:
        """Where it is."""
        return self._db.name

    def close(self) -> None:
        """Nothing is lost without it."""
        self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All changes in the block are kept, or, where it raises, none. Raises BusyError."""
        if self._depth:
            yield
            return
        self._db.begin()
        self._depth += 1
        try:
            yield
            self._db.run("commit")
        except BaseException:
            self.journal.forget()
            self._depth -= 1
            with suppress(StoreError):  # SQLite has rolled back by itself, as where the disk is full
                self._db.run("rollback")
            raise
        self._depth -= 1

    def run(self, sql: str, *values: object) -> list[Any]:
        """One statement; the rows it gives."""
        return self._db.run(sql, *values)

    def many(self, sql: str, rows: Iterable[tuple]) -> None:
        """One statement for each of these."""
        if listed := list(rows):
            self._db.many(sql, listed)

    # -- the seal

    @cached_property
    def seal(self) -> Any:
        """What opens the locks' keys. Raises StoreError, InputError."""
        from . import seal

        return seal.opened(self.setting("seal") or "", self._key_file)

    def key(self, name: str) -> bytes:
        """A lock's."""
        row = self.lock(name)
        return self.seal.open(row["name"], bytes(row["key"]))

    # -- settings

    def setting(self, name: str) -> str | None:
        """What was set under a name."""
        rows = self.run("select value from setting where name = ?", name)
        return rows[0]["value"] if rows else None

    def set(self, name: str, value: str) -> None:
        """Set it."""
        self.run(
            "insert into setting (name, value) values (?, ?) "
            "on conflict (name) do update set value = excluded.value",
            name,
            value,
        )

    @property
    def zone(self) -> str:
        """The house's own, such as "Europe/Berlin"."""
        return self.setting("zone") or "UTC"

    # -- locks

    def locks(self) -> list[Any]:
        """All locks, by what they are called."""
        return sorted(self.run("select * from lock"), key=lambda row: naturally(called(row)))

    def lock(self, name: str) -> Any:
        """One lock, by its ID or what it is called; NotInFileError where there is none."""
        rows = self.run("select * from lock where name = ? or label = ?", name, name)
        if not rows:
            names = [text for row in self.locks() for text in (row["name"], row["label"]) if text]
            raise not_in_file("LOCK", name, names, "lock list")
        return rows[0]

    def add_lock(self, name: str, key: bytes, zone: str, above: int = 0) -> None:
        """A lock whose first list of this file is to be above a version; StoreError where it is there."""
        if self.run("select 1 from lock where name = ? or label = ?", name, name):
            raise StoreError(f"ID {name}: is in the file already; `menshen lock remove {name}` forgets it")
        self.run(
            "insert into lock (name, key, zone, version, current, base_data) values (?, ?, ?, ?, ?, ?)",
            name,
            self.seal.close(name, key),
            zone,
            above,
            snapshot([]),
            b"",
        )

    def series(self, name: str) -> Series:
        """The versions of its list, as far as they have come."""
        row = self.lock(name)
        current, base = bytes(row["current"]), bytes(row["base_data"])
        return Series(row["name"], self.key(name), row["version"], current, row["base"], base)

    def save(self, series: Series) -> None:
        """Store a new version, before anybody hears of it, since versions only rise."""
        self.run(
            "update lock set version = ?, current = ?, base = ?, base_data = ? where name = ?",
            series.version,
            series.current,
            series.base,
            series.base_data,
            series.lock,
        )
        self.copy(series.lock, WANTED, SENT)
        self.journal.published(series.lock)

    def taken(self, name: str, version: int) -> None:
        """The lock holds this version; if it is the newest, what was sent is what the lock holds."""
        self.run("update lock set held = ? where name = ?", version, name)
        if version == self.lock(name)["version"]:
            self.copy(name, SENT, HELD)
            self._forget_leases(name)

    def hash(self, name: str) -> str:
        """What names its newest list in what the lock says."""
        row = self.lock(name)
        base = bytes(row["base_data"])
        return list_hash(base, changes(base or snapshot([]), bytes(row["current"])))

    def forget_base(self, name: str) -> None:
        """What the lock holds was not made here: no list builds on it, and no entry goes back to it."""
        self.run("update lock set base = 0, held = 0 where name = ?", name)

    # -- leases, staff and holidays

    def entries(self, lock: str, kind: str, state: str = WANTED) -> dict[str, dict]:
        """Name (of a lease, its number there) to data, in order."""
        rows = self.run(
            "select name, data from entry where state = ? and lock = ? and kind = ?", state, lock, kind
        )
        return {row["name"]: _data(row) for row in sorted(rows, key=lambda row: naturally(row["name"]))}

    def put(self, lock: str, kind: str, name: str, data: dict) -> None:
        """Want this."""
        key = {"state": WANTED, "lock": lock, "kind": kind, "name": name}
        self.journal.write("entry", key, {**key, "data": json.dumps(data)})

    def drop(self, lock: str, kind: str, name: str) -> None:
        """Want it no more."""
        self.journal.write("entry", {"state": WANTED, "lock": lock, "kind": kind, "name": name}, None)

    def copy(self, lock: str, source: str, target: str) -> None:
        """Make one state of a lock's entries the same as another."""
        self.run("delete from entry where lock = ? and state = ?", lock, target)
        self.run(
            "insert into entry (state, lock, kind, name, data) "
            "select ?, lock, kind, name, data from entry where lock = ? and state = ?",
            target,
            lock,
            source,
        )

    def tenancies(self, lock: str | None = None) -> list[Tenancy]:
        """All leases that are wanted, by number; of one lock, at its door alone."""
        held = {
            (row["lock"], row["name"]): row["data"]
            for row in self.run("select lock, name, data from entry where state = 'held' and kind = 'lease'")
        }
        rows = self.run(
            "select lease.id, lease.note, entry.lock, entry.name, entry.data from entry "
            "join door on door.lock = entry.lock and cast(door.number as text) = entry.name "
            "join lease on lease.id = door.lease where entry.state = 'wanted' and entry.kind = 'lease'"
        )
        found: dict[int, list[Door]] = {}
        notes = {}
        for row in sorted(rows, key=lambda row: (row["id"], naturally(row["lock"]))):
            if lock in (None, row["lock"]):
                own = _data(row)
                same = held.get((row["lock"], row["name"])) == row["data"]
                door = Door(row["lock"], int(row["name"]), own["begin"], own["end"], own["code"], same)
                found.setdefault(row["id"], []).append(door)
                notes[row["id"]] = row["note"]
        return [Tenancy(number, notes[number], tuple(doors)) for number, doors in found.items()]

    def tenancy(self, name: str) -> Tenancy:
        """One, by its number or its note. Raises NotInFileError."""
        every = self.tenancies()
        found = [one for one in every if str(one.id) == name] or [one for one in every if one.note == name]
        if not found:
            raise not_in_file("LEASE", name, [one.note for one in every if one.note], "lease list")
        if len(found) > 1:
            numbers = ", ".join(str(one.id) for one in found)
            raise InputError(f"LEASE {name}: several are called so; say which by its number: {numbers}")
        return found[0]

    def next_lease(self) -> int:
        """A number for a lease that none ever had."""
        number = int(self.setting("leases") or 0) + 1
        self.set("leases", str(number))
        return number

    def holidays(self) -> dict[str, str]:
        """Day, such as "2026-12-25", to what it is called, in order."""
        return {row["day"]: row["name"] for row in self.run("select day, name from holiday order by day")}

    def _forget_leases(self, lock: str) -> None:
        """Forget numbers and notes of leases of which neither the file nor the lock has anything any more."""
        self.run(
            "delete from door where lock = ? and not exists (select 1 from entry "
            "where entry.lock = door.lock and entry.kind = 'lease' "
            "and entry.name = cast(door.number as text))",
            lock,
        )
        self.run("delete from lease where not exists (select 1 from door where door.lease = lease.id)")

    # -- who changed what

    def note(self, said: str) -> int:
        """Add a sentence to the record of who changed what; its number."""
        number = (self.run("select max(id) as last from record")[0]["last"] or 0) + 1
        who = f"{getpass.getuser()}@{os.uname().nodename}"
        self.run(
            "insert into record (id, at, who, said) values (?, ?, ?, ?)", number, int(time.time()), who, said
        )
        return number


def called(row: Any) -> str:
    """What people call a lock."""
    return row["label"] or row["name"]


def _data(row: Any) -> dict:
    try:
        return json.loads(row["data"])
    except ValueError as error:
        raise StoreError(
            f"the entry {row['name']} in the file is damaged; `menshen restore` brings back a backup"
        ) from error
