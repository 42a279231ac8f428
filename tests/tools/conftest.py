"""Houses in SQLite and in PostgreSQL, for the tests of the operator's tools."""

from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from tests.tools.helpers import postgresql
from tests.tools.helpers.houses import House, new_house


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A server's URL, up to the name of a database."""
    if reason := postgresql.missing():
        pytest.skip(reason)
    with postgresql.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path | str:
    """Where a house is to be: nothing is there yet."""
    if request.param == "sqlite":
        return tmp_path / "house" / "operator.db"
    monkeypatch.setenv("MENSHEN_KEY_FILE", str(tmp_path / "operator.key"))
    url = request.getfixturevalue("postgres")
    name = f"house_{abs(hash(str(tmp_path))):x}"
    connection = psycopg2.connect(f"{url}/postgres")
    connection.autocommit = True
    connection.cursor().execute(f"create database {name}")
    connection.close()
    return f"{url}/{name}"


@pytest.fixture
def house(address: Path | str, tmp_path: Path) -> House:
    """A new house in Berlin."""
    new_house(address, "Europe/Berlin")
    return House(address, tmp_path)
