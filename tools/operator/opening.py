"""Opens a house at its address: a path, or a URL of PostgreSQL's."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from menshen.errors import InputError

from . import database
from .database import Database, StoreError
from .store import Store

TABLES = "0002"
"""The newest of migrations/versions, which the statements here are for."""


def opened(address: str, tell: Callable[[str], None] | None = None) -> Store:
    """The house at this address; one of an older release is brought up to date, and `tell` is told so.

    Raises StoreError, also for one of an older release where there is nobody to tell; InputError where there
    is none.
    """
    db = database.connect(address)
    try:
        version = _version(db)
        if version != TABLES:
            db.close()
            _upgrade(address, version, tell)
            db = database.connect(address)
    except BaseException:
        db.close()
        raise
    return Store(db, key_file(address))


def key_file(address: str) -> Path:
    """Where the key file is that opens a house's keys, if no passphrase does."""
    if named := os.environ.get("MENSHEN_KEY_FILE"):
        return Path(named)
    if database.is_url(address):
        return Path("~/.menshen/operator.key").expanduser()
    return database.path_of(address).with_suffix(".key")


def _version(db: Database) -> str:
    """Of its tables; "" in a file of 0.1.0."""
    url = "://" in db.name
    catalogue = (
        "select table_name as name from information_schema.tables where table_schema = current_schema()"
    )
    tables = {row["name"] for row in db.run(catalogue if url else "select name from sqlite_master")}
    if "lock" not in tables:
        if url or not tables:
            raise InputError(f"--file {db.name}: there is no house in it; `menshen init` makes one")
        raise StoreError(f"{db.name}: no operator's file; it has tables of something else")
    return (
        db.run("select version_num from alembic_version")[0]["version_num"]
        if "alembic_version" in tables
        else ""
    )


def _upgrade(address: str, version: str, tell: Callable[[str], None] | None) -> None:
    if not re.fullmatch(r"|000[01]", version):
        raise StoreError(f"{address}: was made by a newer menshen than this one; install that")
    if tell is None:
        raise StoreError(f"{address}: of an older release; any command brings it up to date")
    from . import seal, tables

    path = key_file(address)
    made = seal.Seal()
    before = tables.upgrade(address, made, made.under_key(seal.make_key(path)))
    if before:
        tell(
            f"{address}: brought up to date. Its locks' keys are sealed now, and {path} opens them: keep a "
            f"copy elsewhere. As it was it is in {before}, keys in the clear: delete that once all is well"
        )
