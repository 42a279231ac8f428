"""The operator's own file: locks with their keys, leases, staff by name, and what was sent of them.

One SQLite file that its owner alone can read. Whoever has it can open every door in it.
"""

import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from menshen.errors import InputError, MenshenError

from .lists import Series, changes, list_hash, snapshot

WANTED, SENT, HELD = "wanted", "sent", "held"
"""What the operator has entered; what of that the newest list has; what the lock's has."""

_SCHEMA = """
create table if not exists lock (
    name text primary key, key blob not null, zone text not null, leases integer not null default 0,
    version integer not null default 0, current blob not null, base integer not null default 0,
    base_data blob not null default x'', held integer not null default 0
);
create table if not exists entry (
    state text not null, lock text not null references lock on delete cascade, kind text not null,
    name text not null, data text not null, primary key (state, lock, kind, name)
);
create table if not exists person (
    lock text not null references lock on delete cascade, digest text not null, name text not null,
    primary key (lock, digest)
);
create table if not exists seen (
    lock text primary key references lock on delete cascade, online integer not null, since integer not null
);
create table if not exists staff_entry (
    lock text not null references lock on delete cascade, number integer not null, time integer not null,
    digest text not null, kind text not null, missed integer not null, heard integer not null,
    primary key (lock, number, digest, time)
);
create table if not exists setting (name text primary key, value text not null);
"""


class StoreError(MenshenError):
    """The file, or what was asked of it, is wrong; the message names what would be right."""


class NotInFileError(StoreError, InputError):
    """There is nothing of this name in the file."""


class Store:
    """An open file; changes are kept whole or not at all (`change`)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise StoreError(f"{path}: others can read it, and it holds keys: chmod 600 {path}") from None
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        try:
            self._db.executescript("pragma secure_delete = on; pragma foreign_keys = on;" + _SCHEMA)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise StoreError(f"{path}: no operator's file ({error})") from error

    def close(self) -> None:
        """Nothing is lost without it."""
        self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All changes in the block are kept, or, where it raises, none."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def run(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """One statement; the rows it gives."""
        return self._db.execute(sql, values).fetchall()

    # -- settings

    def setting(self, name: str) -> str | None:
        """What was set under a name."""
        rows = self.run("select value from setting where name = ?", name)
        return rows[0]["value"] if rows else None

    def set(self, name: str, value: str) -> None:
        """Set it."""
        self.run("insert or replace into setting values (?, ?)", name, value)

    # -- locks

    def locks(self) -> list[sqlite3.Row]:
        """All locks, by name."""
        return self.run("select * from lock order by name")

    def lock(self, name: str) -> sqlite3.Row:
        """One lock; StoreError where there is none of this name."""
        rows = self.run("select * from lock where name = ?", name)
        if not rows:
            raise NotInFileError(f"LOCK {name}: not in the file; `menshen lock list` shows those that are")
        return rows[0]

    def add_lock(self, name: str, key: bytes, zone: str, above: int = 0) -> None:
        """A lock whose first list of this file is to be above a version; StoreError where it is there."""
        try:
            self.run(
                "insert into lock (name, key, zone, version, current) values (?, ?, ?, ?, ?)",
                name,
                key,
                zone,
                above,
                snapshot([]),
            )
        except sqlite3.IntegrityError as error:
            raise StoreError(
                f"ID {name}: is in the file already; `menshen lock remove {name}` forgets it"
            ) from error

    def series(self, name: str) -> Series:
        """The versions of its list, as far as they have come."""
        row = self.lock(name)
        return Series(name, row["key"], row["version"], row["current"], row["base"], row["base_data"])

    def keep(self, series: Series) -> None:
        """A new version: it is on record before anybody hears of it, for versions only rise."""
        self.run(
            "update lock set version = ?, current = ?, base = ?, base_data = ? where name = ?",
            series.version,
            series.current,
            series.base,
            series.base_data,
            series.lock,
        )
        self.copy(series.lock, WANTED, SENT)

    def taken(self, name: str, version: int) -> None:
        """The lock holds this version; where that is the newest, what was sent is what it holds."""
        self.run("update lock set held = ? where name = ?", version, name)
        if version == self.lock(name)["version"]:
            self.copy(name, SENT, HELD)

    def hash(self, name: str) -> str:
        """What names its newest list in what the lock says."""
        row = self.lock(name)
        return list_hash(row["base_data"], changes(row["base_data"] or snapshot([]), row["current"]))

    def forget_base(self, name: str) -> None:
        """What the lock holds is not what was made here: the next list builds on nothing."""
        self.run("update lock set base = 0 where name = ?", name)

    # -- leases and staff

    def entries(self, lock: str, kind: str, state: str = WANTED) -> dict[str, dict]:
        """Name (of a lease, its number) to data, in order."""
        rows = self.run(
            "select name, data from entry where state = ? and lock = ? and kind = ? "
            "order by length(name) * (kind = 'lease'), name",
            state,
            lock,
            kind,
        )
        return {row["name"]: json.loads(row["data"]) for row in rows}

    def put(self, lock: str, kind: str, name: str, data: dict) -> None:
        """Want this."""
        self.run(
            "insert or replace into entry values (?, ?, ?, ?, ?)", WANTED, lock, kind, name, json.dumps(data)
        )

    def drop(self, lock: str, kind: str, name: str) -> None:
        """Want it no more."""
        self.run(
            "delete from entry where state = ? and lock = ? and kind = ? and name = ?",
            WANTED,
            lock,
            kind,
            name,
        )

    def copy(self, lock: str, source: str, target: str) -> None:
        """Make one state of a lock's entries the same as another."""
        self.run("delete from entry where lock = ? and state = ?", lock, target)
        self.run(
            "insert into entry select ?, lock, kind, name, data from entry where lock = ? and state = ?",
            target,
            lock,
            source,
        )
