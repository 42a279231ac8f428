"""Where a house is kept: in an SQLite file, or in PostgreSQL by a URL. Both get the same statements.

SQLAlchemy and alembic make the tables (migrations/), and are loaded only for that: their import takes a
quarter of a second, in which a command should be done.
"""

import re
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from menshen.errors import InputError, MenshenError

_SQLITE = b"SQLite format 3\0"  # with which a file begins: www.sqlite.org/fileformat.html, 1.3.1
_WAIT_S = 5  # for another who is writing
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's error codes, class 55
_MUTEX = 0x4D656E736865  # of PostgreSQL's advisory locks: one who writes at a time, as with SQLite


class StoreError(MenshenError):
    """The file, or what was asked of it, is wrong; the message names what would be right."""


class NoHouseError(StoreError, InputError):
    """What --file names is no operator's file."""


class NotInFileError(StoreError, InputError):
    """There is nothing of this name in the file."""


def not_in_file(what: str, name: str, names: Iterable[str], listing: str) -> NotInFileError:
    """The error for a name that is none of `names`, which the command `listing` shows."""
    from difflib import get_close_matches

    meant = "".join(f"; did you mean {near}?" for near in get_close_matches(name, names, 1)) or ";"
    return NotInFileError(f"{what} {name}: not in the file{meant} `menshen {listing}` shows those that are")


class BusyError(StoreError):
    """Somebody else is writing to the same file."""


class Database(Protocol):
    """An open database; rows are read by the names of their columns."""

    name: str

    def run(self, sql: str, *values: object) -> list[Any]:
        """One statement, its values for each "?"; the rows that it gives."""
        ...

    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """The same statement for each of these."""
        ...

    def begin(self) -> None:
        """From here on all changes belong together, and nobody else makes any. Raises BusyError."""
        ...

    def close(self) -> None:
        """Nothing is lost without it."""
        ...


def is_url(address: str) -> bool:
    """Whether it is PostgreSQL's and no file's. Raises InputError for another URL, or one with a password."""
    if "://" not in address:
        return False
    if not re.match(r"postgres(ql)?://", address):
        raise InputError(
            f"--file {address.partition(':')[0]}://…: a path, or postgresql://HOST/NAME, is right"
        )
    if urlsplit(address).password:
        raise InputError(
            "--file postgresql://…: a password in it is there for all to see; put it into ~/.pgpass"
        )
    return True


def path_of(address: str) -> Path:
    """The file's."""
    return Path(address).expanduser()


class SQLite:
    """A file that its owner alone can read."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        if not path.is_file():
            raise NoHouseError(f"--file {path}: is no file")
        with path.open("rb") as file:
            if file.read(len(_SQLITE)) not in (_SQLITE, b""):
                raise NoHouseError(f"--file {path}: no operator's file")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise StoreError(f"{path}: others can read it, and it holds keys: chmod 600 {path}")
        with self._telling():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=_WAIT_S)
        self._db.row_factory = sqlite3.Row
        try:
            self.run("pragma secure_delete = on")
            self.run("pragma foreign_keys = on")
            self.run("select count(*) from sqlite_master")
        except StoreError:
            self.close()
            raise

    def run(self, sql: str, *values: object) -> list[Any]:
        with self._telling():
            return self._db.execute(sql, values).fetchall()

    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        with self._telling():
            self._db.executemany(sql, rows)

    def begin(self) -> None:
        self.run("begin immediate")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What SQLite says, in a sentence."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return BusyError(f"{self.name}: somebody else is writing to it just now; try again in a moment")
        if code == sqlite3.SQLITE_FULL:
            return StoreError(f"{self.name}: the disk is full; nothing was changed")
        if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            return StoreError(f"{self.name}: cannot be read or written ({error}); nothing was changed")
        if code == sqlite3.SQLITE_NOTADB:
            return StoreError(f"{self.name}: no operator's file ({error})")
        return StoreError(f"{self.name}: is damaged ({error}); `menshen restore` brings back a backup")


class PostgreSQL:
    """A database of PostgreSQL's; libpq finds the password, as in ~/.pgpass.

    By psycopg2, which is imported in a fiftieth of a second; its successor takes seven times as long.
    """

    def __init__(self, url: str) -> None:
        import psycopg2

        self._error = psycopg2.Error
        self.name = url
        with self._telling():
            self._db = psycopg2.connect(url, connect_timeout=10)
            self._db.autocommit = True

    def run(self, sql: str, *values: object) -> list[Any]:
        with self._telling(), self._db.cursor() as cursor:
            cursor.execute(sql.replace("?", "%s"), values or None)
            names = [column.name for column in cursor.description or ()]
            rows = cursor.fetchall() if names else []
        return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]

    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        from psycopg2.extras import execute_batch

        with self._telling(), self._db.cursor() as cursor:
            execute_batch(cursor, sql.replace("?", "%s"), rows)

    def begin(self) -> None:
        self.run("begin")
        try:
            self.run(f"set local lock_timeout = '{_WAIT_S}s'")
            self.run("select pg_advisory_xact_lock(?::bigint)", _MUTEX)
        except StoreError:
            self.run("rollback")
            raise

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            if error.pgcode == _LOCK_NOT_AVAILABLE:
                said = ["somebody else is writing to it just now; try again in a moment"]
                raise BusyError(f"{self.name}: {said[0]}") from error
            raise StoreError(f"{self.name}: {said[0]}") from error


def _plain(value: object) -> object:
    """Bytes as SQLite gives them; psycopg2 gives a memoryview."""
    return bytes(value) if isinstance(value, memoryview) else value


def new_path(address: str) -> Path:
    """Where a new file goes. Raises InputError where there is one."""
    path = path_of(address)
    if path.exists():
        raise InputError(f"--file {path}: there is one already; another name is right for another house")
    return path


def connect(address: str) -> Database:
    """The database at this address, whatever is in it. Raises StoreError; InputError where there is none."""
    if is_url(address):
        return PostgreSQL(address)
    path = path_of(address)
    if not path.exists():
        raise InputError(
            f"--file {path}: there is no such file; `menshen init` makes a new house, and --file or "
            "$MENSHEN_FILE names another"
        )
    return SQLite(path)
