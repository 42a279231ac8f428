"""A house as a table, in an encrypted backup, and with a new board: what comes back is what was there."""

import csv
import datetime as dt
import json
import stat
import time
from pathlib import Path

import pytest

from menshen.operator import records
from menshen.operator.lists import MOVE_IN, STAFF
from menshen.operator.store import HELD
from menshen.release.roll_out import DONE, RUNNING, RollOut
from tests.tools.helpers.houses import House, keys, new_house, open_house

_LAST = str(dt.date.today() + dt.timedelta(300))
_LATER = str(dt.date.today() + dt.timedelta(400))
_TODAY = str(dt.date.today())


def _write(
    house: House, *rows: str, head: str = "kind,doors,name,from,until,card,hours,uses,key_file,zone"
) -> str:
    path = house.folder / "house.csv"
    path.write_text("\n".join([head, *rows, ""]))
    return str(path)


def _small(house: House) -> str:
    keys(house.folder, "house", "flat-1", zone="Europe/Berlin")
    return _write(
        house,
        f"lease,house flat-1,flat 1,{_TODAY},{_LAST},,,,,",
        'staff,house,"Anna, cleaner",,,"077,30211",mon-fri 8:00-17:00,,,',
        "holiday,,Christmas,2030-12-25,,,,,,",
        "lock,house,,,,,,,house.key,",
        "lock,flat-1,,,,,,,flat-1.key,Europe/Lisbon",
    )


def _all(house: House) -> list[object]:
    return [
        house.json(*line)
        for line in (["lock", "list"], ["lease", "list"], ["staff", "list"], ["holiday", "list"])
    ]


def test_a_table_read_twice_changes_nothing_the_second_time(house: House) -> None:
    path = _small(house)
    first = json.loads(house.call("import", path, "--json", "--yes").stdout)
    assert len(first["changes"]) == 5
    assert [one["name"] for one in first["codes"]] == ["flat 1"]
    before = _all(house), house.json("record")
    again = json.loads(house.call("import", path, "--json").stdout)
    assert (again["changes"], again["codes"], again["same"]) == ([], [], 5)
    assert (_all(house), house.json("record")) == before


def test_a_dry_run_shows_what_would_change_and_changes_nothing(house: House) -> None:
    path = _small(house)
    before = _all(house), house.json("record")
    said = house.run("import", path, "--dry-run")
    assert said.count("would change: ") == 5
    assert "lease 1 (flat 1)" in said
    assert (_all(house), house.json("record")) == before
    house.run("import", path, "--yes")
    assert "nothing would change" in house.run("import", path, "--dry-run")


def test_a_lease_of_a_table_gets_longer_and_is_otherwise_left_alone(house: House) -> None:
    path = _small(house)
    house.run("import", path, "--yes")
    text = Path(path).read_text()
    Path(path).write_text(text.replace(_LAST, _LATER))
    assert "lasts until" in house.run("import", path)
    Path(path).write_text(text)
    house.refused(2, "line 2: until", "import", path)
    Path(path).write_text(text.replace("house flat-1", "house"))
    house.refused(2, "line 2: doors", "import", path)
    found = house.json("lease", "list")
    assert isinstance(found, list)
    assert {row["until"] for row in found} == {_LATER}


def test_new_codes_go_into_a_file_of_their_own(house: House) -> None:
    path, codes = _small(house), house.folder / "codes.csv"
    said = house.run("import", path, "--codes", str(codes))
    assert stat.S_IMODE(codes.stat().st_mode) == 0o600
    (row,) = csv.DictReader(codes.read_text().splitlines())
    assert (row["name"], row["doors"], len(row["code"])) == ("flat 1", "flat-1 house", 8)
    assert row["code"] not in said
    house.run("import", path, "--codes", str(codes))  # nothing is new: nothing is written
    text = Path(path).read_text()
    Path(path).write_text(text + f"lease,house,flat 2,{_TODAY},{_LAST},,,,,\n")
    house.refused(2, "is there already", "import", path, "--codes", str(codes))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("door,house,,,,,,,,", "line 2, kind 'door': lock, lease, staff, holiday"),
        (f"lease,flat-9,flat 9,{_TODAY},{_LAST},,,,,", "line 2: LOCK flat-9"),
        (f"lease,house,,{_TODAY},{_LAST},,,,,", "line 2: name"),
        (f"lease,,flat 9,{_TODAY},{_LAST},,,,,", "line 2: doors"),
        ("lease,house,flat 9,,soon,,,,,", "line 2: until soon"),
        ("lease,house,flat 9,2020-01-01,2020-12-31,,,,,", "line 2: --until 2020-12-31: has passed"),
        ("staff,house,Anna,,,,,,,", "line 2: card"),
        ("staff,house,Anna,,,xyz,,,,", "line 2: --card xyz"),
        ("staff,house,Anna,,,04a1b2c3,,0,,", "line 2: uses 0"),
        ("staff,house,Anna,,,04a1b2c3,weekdays,,,", "line 2: --hours"),
        ("holiday,,,25.12.,,,,,,", "line 2: from 25.12."),
        ("lock,new,,,,,,,,", "line 2: key_file"),
        ("lock,new,,,,,,,../none.key,", "No such file"),
        ("lock,a/b,,,,,,,house.key,", "line 2: 'a/b' is no lock's identifier"),
        ('lease,house,"flat', "line 2"),
    ],
)
def test_a_wrong_row_is_named_by_its_line_and_nothing_is_kept(house: House, row: str, says: str) -> None:
    house.add_locks("house", zone="Europe/Berlin")
    before = _all(house)
    path = _write(house, row, f"lease,house,flat 1,{_TODAY},{_LAST},,,,,")
    result = house.call("import", path, "--yes")
    assert result.exit_code in (1, 2)
    assert says in result.output or "no table in CSV" in result.output, result.output
    assert _all(house) == before


def test_a_table_with_other_columns_is_refused(house: House) -> None:
    house.refused(
        2, "no column is called door; there are kind, doors", "import", _write(house, head="kind,door,name")
    )
    house.refused(2, "kind is missing", "import", _write(house, head="doors,name"))
    house.refused(2, "the column kind is missing", "import", _write(house, head=""))


def test_a_table_that_was_written_is_read_into_another_house(house: House, tmp_path: Path) -> None:
    house.run("import", _small(house), "--yes")
    house.run("lease", "add", "flat-1", "--until", _LAST)
    other = House(tmp_path / "other" / "operator.db", tmp_path)
    new_house(tmp_path / "other" / "operator.db", "Europe/Berlin")
    table = tmp_path / "written.csv"
    house.run("export", str(table))
    assert house.run("export", "-") == house.run("export") == table.read_text()
    assert stat.S_IMODE(table.stat().st_mode) == 0o600
    rows = list(csv.DictReader(table.read_text().splitlines()))
    for row in rows:
        if row["kind"] == "lock":
            row["key_file"] = f"{row['doors']}.key"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    other.run("import", str(table), "--yes")
    assert _all(other)[0] == _all(house)[0]
    assert _all(other)[2:] == _all(house)[2:]
    lists = [[(row["lock"], row["from"], row["until"]) for row in _all(one)[1]] for one in (house, other)]  # type: ignore[attr-defined]
    assert lists[0] == lists[1]
    assert "nothing would change" in house.run("import", str(table), "--dry-run")


def test_a_hundred_doors_and_300_leases_are_read_in_ten_seconds(house: House) -> None:
    names = [f"flat-{n}" for n in range(1, 101)]
    keys(house.folder, *names)
    rows = [f"lock,{name},,,,,,,{name}.key," for name in names]
    rows += [f"lease,{names[n % 100]},lease of {n},{_TODAY},{_LAST},,,,," for n in range(300)]
    path = _write(house, *rows)
    started = time.process_time()
    house.run("import", path, "--yes")
    took = time.process_time() - started
    print(f"100 doors and 300 leases: {took:.1f} s of CPU time")
    assert took < 10
    started = time.process_time()
    assert "nothing would change" in house.run("import", path, "--dry-run")
    assert time.process_time() - started < 10


@pytest.fixture
def passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "word").write_text("correct horse battery\n")
    monkeypatch.setenv("MENSHEN_BACKUP_PASSPHRASE_FILE", str(tmp_path / "word"))
    return "correct horse battery"


@pytest.mark.usefixtures("passphrase")
def test_a_house_is_the_same_after_its_backup_was_restored(house: House, tmp_path: Path) -> None:
    house.run("import", _small(house), "--yes")
    house.publish("house")
    backup = tmp_path / "house.backup"
    house.run("backup", str(backup))
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    data = backup.read_bytes()
    for secret in (b"flat 1", b"Anna", (tmp_path / "house.key").read_bytes(), b"setting"):
        assert secret not in data
    other = House(tmp_path / "other" / "operator.db", tmp_path)
    (tmp_path / "other").mkdir()
    said = other.run("restore", str(backup))
    assert "menshen check" in said
    assert _all(other) == _all(house)
    ours, theirs = open_house(house.address), open_house(other.address)
    for lock in ("house", "flat-1"):
        assert ours.key(lock) == theirs.key(lock)
        for state in ("wanted", "sent", HELD):
            assert records.records(ours, lock, state) == records.records(theirs, lock, state)
    assert [row["checked"] for row in theirs.locks()] == [0, 0]
    ours.close()
    theirs.close()
    other.refused(2, "there is one already", "restore", str(backup))


@pytest.mark.usefixtures("passphrase")
def test_a_roll_out_of_an_old_backup_goes_on_for_nobody_by_itself(house: House, tmp_path: Path) -> None:
    """It may be over long since: locks would go back to its release, and another would wait for its end."""
    store = open_house(house.address)
    kinds = {"security": RUNNING, "feature": DONE}
    with store.change():
        for kind, state in kinds.items():
            roll = RollOut("0.2.0", kind, [["house"]], 10, 1, 1, orders={"house": 4}, state=state)
            store.set(f"roll-out {kind}", roll.dumped())
            store.set(f"roll-out client {kind}", "menshen-roll-out-1")
    store.close()
    house.run("backup", str(tmp_path / "house.backup"))
    other = House(tmp_path / "other" / "operator.db", tmp_path)
    (tmp_path / "other").mkdir()
    other.run("restore", str(tmp_path / "house.backup"))
    assert "paused, the file was restored" in other.run("release", "status", "--kind", "security")
    assert "done" in other.run("release", "status")
    store = open_house(other.address)
    assert [store.setting(f"roll-out client {kind}") for kind in kinds] == [None, None]
    store.close()


@pytest.mark.usefixtures("passphrase")
def test_a_backup_that_was_changed_or_is_anothers_is_refused(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = tmp_path / "house.backup"
    house.run("backup", str(backup))
    whole = backup.read_bytes()
    monkeypatch.delenv("MENSHEN_KEY_FILE", raising=False)
    other = House(tmp_path / "other" / "operator.db", tmp_path)
    for place in (0, 17, 40, len(whole) // 2, len(whole) - 1):
        backup.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert other.call("restore", str(backup)).exit_code == 2
    for short in (b"", whole[:10], whole[:30], whole[:-1]):
        backup.write_bytes(short)
        assert other.call("restore", str(backup)).exit_code == 2
    backup.write_bytes(whole)
    (tmp_path / "word").write_text("another word\n")
    other.refused(2, "this is not the backup's passphrase", "restore", str(backup))
    assert not (tmp_path / "other" / "operator.db").exists()


def test_a_new_board_takes_the_door_and_nothing_of_the_old_key_opens_it(house: House) -> None:
    house.run("import", _small(house), "--yes")
    house.run("lease", "add", "house", "--until", _LAST)
    house.publish("house", "flat-1")
    store = open_house(house.address)
    before, version = records.records(store, "house"), store.lock("house")["version"]
    key = store.key("house")
    store.close()
    new = house.folder / "new"
    new.mkdir()
    keys(new, "house", zone="Europe/Berlin")
    line = ("lock", "replace", "house", "--key-file", str(new / "house.key"))
    house.refused(1, "nothing was changed", *line, typed="n\n")
    said = json.loads(house.call(*line, "--yes", "--json").stdout)
    assert [one["number"] for one in said["codes"]] == [1, 2]
    assert said["staff_to_add_again"] == []
    store = open_house(house.address)
    assert store.key("house") != key
    after = records.records(store, "house")
    opening = {record[:16] for record in before if record[16] in (MOVE_IN, STAFF)}
    assert not opening & {record[:16] for record in after}
    assert [len([r for r in each if r[16] in (MOVE_IN, STAFF)]) for each in (before, after)] == [3, 3]
    assert (store.lock("house")["version"], store.lock("house")["held"]) == (version, 0)
    assert [one.doors[0].number for one in store.tenancies("house")] == [1, 2]
    store.close()
    house.refused(1, "nothing to undo", "undo", "--yes")
    house.refused(2, "the board that is to be replaced", *line, "--yes")


def test_a_lock_is_called_by_either_name(house: House) -> None:
    house.add_locks("front", "back")
    house.run("lock", "rename", "front", "House door")
    house.run("lease", "add", "House door", "--until", _LAST)
    assert "House door" in house.run("lease", "list", "front")
    house.refused(2, "is called so already", "lock", "rename", "back", "front")
    house.refused(2, "is called so already", "lock", "rename", "back", "House door")
    house.run("lock", "rename", "front", "front")
    house.refused(2, "not in the file", "lock", "show", "House door")


def test_a_lock_is_shown_without_its_key(house: House) -> None:
    house.add_locks("front")
    house.run("lease", "add", "front", "--until", _LAST, "--note", "flat 3")
    said = house.run("lock", "show", "front")
    assert "lease 1 (flat 3)" in said
    assert (house.folder / "front.key").read_bytes().hex() not in said
    assert house.json("lock", "show", "front")["not published"] is True  # type: ignore[index]
