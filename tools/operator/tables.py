"""Makes the tables of a house, and brings those of an older release up to date, by alembic (migrations/)."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from menshen.errors import InputError

from .database import StoreError, is_url, new_path, path_of
from .seal import Seal

HEAD = "0002"
"""The newest of migrations/versions, which is what the statements of this release are for."""

_FIRST = "0001"


def create(address: str, seal: Seal, sealed: str) -> None:
    """An empty house. Raises InputError where there is one already, StoreError where none can be."""
    if is_url(address):
        with _engine(address) as engine, engine.begin() as connection:
            if sa.inspect(connection).has_table("lock"):
                raise InputError(f"--file {address}: there is a house already")
            _upgrade(connection, seal, sealed)
        return
    path = new_path(address)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = _beside(path, ".new")
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        _upgrade_file(new, seal, sealed)
        os.link(new, path)  # and not over one that has come in the meantime
    except FileExistsError as error:
        raise InputError(f"--file {path}: there is one already") from error
    finally:
        new.unlink(missing_ok=True)


def upgrade(address: str, seal: Seal, sealed: str) -> Path | None:
    """Bring an older release's house up to date, whole or not at all; the path of the copy of before."""
    if is_url(address):
        with _engine(address) as engine, engine.begin() as connection:
            _upgrade(connection, seal, sealed)
        return None
    try:
        return _beside_it(path_of(address), seal, sealed)
    except sqlite3.Error as error:
        raise StoreError(f"{address}: not brought up to date ({error}); nothing was changed") from error


def _beside_it(path: Path, seal: Seal, sealed: str) -> Path | None:
    """Bring a copy up to date and put it in the file's place; None where another command has done it."""
    new, before, was = _beside(path, ".new"), _free(path), path.stat().st_ino
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as held:
        held.execute("begin immediate")  # nobody writes to it meanwhile
        done = "select 1 from sqlite_master where name = 'alembic_version'"
        if path.stat().st_ino != was or held.execute(done).fetchall():
            return None
        new.unlink(missing_ok=True)
        try:
            _copy(path, new)
            _copy(path, before)
            _upgrade_file(new, seal, sealed)
            new.replace(path)
        except BaseException:
            before.unlink(missing_ok=True)
            raise
        finally:
            new.unlink(missing_ok=True)
    return before


def _copy(path: Path, copy: Path) -> None:
    """Copy with SQLite: to open and close the file in another way would lose the lock on it (POSIX)."""
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _upgrade_file(path: Path, seal: Seal, sealed: str) -> None:
    with _engine(f"sqlite:///{path}") as engine, engine.connect() as connection:
        connection.exec_driver_sql("pragma secure_delete = on")
        connection.commit()
        with connection.begin():
            _upgrade(connection, seal, sealed)


def _upgrade(connection: sa.Connection, seal: Seal, sealed: str) -> None:
    config = Config()
    config.set_main_option("script_location", "menshen.operator:migrations")
    config.attributes.update(connection=connection, seal=seal)
    tables = sa.inspect(connection)
    if tables.has_table("lock") and not tables.has_table("alembic_version"):
        command.stamp(config, _FIRST)
    command.upgrade(config, HEAD)
    connection.execute(sa.text("insert into setting values ('seal', :seal)"), {"seal": sealed})


class _engine:  # noqa: N801 (used as a function)
    """An engine for the length of a block; what goes wrong is a StoreError."""

    def __init__(self, address: str) -> None:
        url = sa.make_url(address)
        if url.drivername.startswith("postgres"):
            url = url.set(drivername="postgresql+psycopg2")
        self._engine, self._name = sa.create_engine(url, poolclass=sa.NullPool), address

    def __enter__(self) -> sa.Engine:
        return self._engine

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._engine.dispose()
        if isinstance(error, sa.exc.DBAPIError):
            said = str(error.orig).strip().splitlines()[0]
            raise StoreError(f"{self._name}: {said}; nothing was changed") from error


def _free(path: Path) -> Path:
    """A name for a copy that takes no other copy's place."""
    copies = (_beside(path, f".before{number or ''}") for number in range(1000))
    return next(copy for copy in copies if not copy.exists())


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
