"""Every change that was entered, noted row by row, so that what no lock was sent can be undone."""

import json
from typing import TYPE_CHECKING, Any

from menshen.errors import MenshenError

if TYPE_CHECKING:
    from .store import Store

_KEYS = {
    "entry": ("state", "lock", "kind", "name"),
    "lease": ("id",),
    "door": ("lock", "number"),
    "person": ("lock", "digest"),
    "holiday": ("day",),
}
"""The tables that can be undone, with their keys."""


class UndoError(MenshenError):
    """There is nothing to undo, or it would undo something else too."""


class Journal:
    """Writes rows, and remembers what was there before until `kept`."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._steps: list[tuple[str, dict, dict | None, dict | None]] = []

    @property
    def changed(self) -> bool:
        """Whether anything is other than before."""
        return any(before != after for _, _, before, after in self._steps)

    def write(self, table: str, key: dict, row: dict | None) -> None:
        """Put this row in the place of what is there; None removes it."""
        before = self._row(table, key)
        self._put(table, key, row)
        if before != row:
            self._steps.append((table, key, before, row))

    def forget(self) -> None:
        """What was written has been rolled back."""
        self._steps.clear()

    def kept(self, number: int) -> None:
        """What was written belongs to this sentence of the record."""
        locks = sorted({key["lock"] for _, key, _, _ in self._steps if "lock" in key})
        if self._steps:
            self._store.run(
                "insert into undo (id, locks, data) values (?, ?, ?)",
                number,
                " ".join(locks),
                json.dumps(self._steps),
            )
        self._steps.clear()

    def published(self, lock: str) -> None:
        """The lock is sent its changes: from now on they cannot be undone."""
        for row in self._store.run("select id, locks from undo"):
            if lock in row["locks"].split():
                self._store.run("delete from undo where id = ?", row["id"])

    def last(self) -> Any:
        """The newest change that can be undone, with what the record says of it. Raises UndoError."""
        rows = self._store.run(
            "select undo.id, undo.data, record.said, record.at, record.who from undo "
            "join record on record.id = undo.id order by undo.id desc limit 1"
        )
        if not rows:
            raise UndoError(
                "there is nothing to undo: all that was changed has been published. A lease that is wrong is "
                "taken back at its door: move in with its code, then PIN * 9 #"
            )
        return rows[0]

    def undo(self, row: Any) -> None:
        """Take it back. Raises UndoError where something was built upon it."""
        steps = json.loads(row["data"])
        for table, key, before, after in reversed(steps):
            if self._row(table, key) != after:
                raise UndoError(f"“{row['said']}” cannot be undone: it was changed once more since")
            self._put(table, key, before)
        self._store.run("delete from undo where id = ?", row["id"])

    def _row(self, table: str, key: dict) -> dict | None:
        where = " and ".join(f"{name} = ?" for name in _KEYS[table])
        rows = self._store.run(
            f"select * from {table} where {where}",  # noqa: S608 (names of _KEYS)
            *(key[name] for name in _KEYS[table]),
        )
        return dict(rows[0]) if rows else None

    def _put(self, table: str, key: dict, row: dict | None) -> None:
        where = " and ".join(f"{name} = ?" for name in _KEYS[table])
        values = [key[name] for name in _KEYS[table]]
        self._store.run(f"delete from {table} where {where}", *values)  # noqa: S608 (the same)
        if row is not None:
            places = ", ".join("?" for _ in row)
            self._store.run(
                f"insert into {table} ({', '.join(row)}) values ({places})",  # noqa: S608 (columns of the file's)
                *row.values(),
            )
