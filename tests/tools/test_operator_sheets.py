"""A new board in a dead one's place: each lease gets a leaflet with its new code, or the old board stays."""

import datetime as dt
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.helpers.houses import House, keys, new_house, open_house


@pytest.fixture
def address(tmp_path: Path) -> Path:
    return tmp_path / "house" / "operator.db"


@pytest.fixture
def house(address: Path, tmp_path: Path) -> House:
    """One door, and two leases at it."""
    new_house(address, "Europe/Berlin")
    house = House(address, tmp_path)
    house.add_locks("front", zone="Europe/Berlin")
    for note in ("flat 1", "flat <2>"):
        house.run(
            "lease", "add", "front", "--until", str(dt.date.today() + dt.timedelta(300)), "--note", note
        )
    return house


@pytest.fixture
def line(house: House) -> tuple[str, ...]:
    """The command that has a new board take the door."""
    new = house.folder / "new"
    new.mkdir()
    keys(new, "front", zone="Europe/Berlin")
    return ("lock", "replace", "front", "--key-file", str(new / "front.key"), "--yes")


def _grouped(code: str) -> str:
    return f"{code[:4]} {code[4:]}"


def test_each_lease_gets_a_leaflet_with_its_own_new_code_for_its_owners_eyes(
    house: House, line: tuple[str, ...]
) -> None:
    folder = house.folder / "sheets"
    said = house.json(*line, "--sheets", str(folder), "--language", "de")
    assert isinstance(said, dict)
    codes = {one["number"]: one["code"] for one in said["codes"]}
    pages = {number: folder / f"front-lease-{number}.html" for number in (1, 2)}
    assert [*codes] == [*pages]
    assert said["sheets"] == [str(path) for path in pages.values()]
    assert sorted(folder.iterdir()) == sorted(pages.values())
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *pages.values())] == [0o700, 0o600, 0o600]
    for number, path in pages.items():
        page = path.read_text()
        assert '<html lang="de">' in page
        assert [other for other, code in codes.items() if _grouped(code) in page] == [number]
    assert "front · flat 1<" in pages[1].read_text()
    assert "front · flat &lt;2&gt;<" in pages[2].read_text()
    assert not [code for code in codes.values() if code in house.run("record")]


def _there_already(house: House) -> None:
    (house.folder / "sheets").mkdir()
    (house.folder / "sheets" / "front-lease-2.html").write_text("of another day")


def _no_settings(house: House) -> None:
    (house.folder / "new" / "front.json").unlink()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [(_there_already, "File exists; nothing was changed"), (_no_settings, "say --settings")],
)
def test_a_leaflet_that_cannot_be_written_leaves_the_old_board_in_its_place(
    house: House, line: tuple[str, ...], wrong: Callable[[House], None], says: str
) -> None:
    def all_of_it() -> tuple:
        store = open_house(house.address)
        key = store.key("front")
        store.close()
        return key, [
            house.json(*shown) for shown in (("lock", "show", "front"), ("lease", "list"), ("record",))
        ]

    wrong(house)
    before = all_of_it()
    house.refused(2, says, *line, "--sheets", str(house.folder / "sheets"))
    assert all_of_it() == before
    left = [path.name for path in house.folder.glob("sheets/*")]
    assert left in ([], ["front-lease-2.html"])


def test_without_a_folder_there_is_no_leaflet(house: House, line: tuple[str, ...]) -> None:
    said = house.json(*line)
    assert isinstance(said, dict)
    assert (said["sheets"], list(house.folder.rglob("*.html"))) == ([], [])
