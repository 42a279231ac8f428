"""Leases over several doors, what is odd about them, and what can be undone; in SQLite and in PostgreSQL."""

import datetime as dt
import json
import subprocess
import sys
import time

import pytest

from menshen.operator import database, records
from menshen.operator.lists import MOVE_IN
from tests.tools.helpers.houses import House, open_house


def _day(days: int) -> str:
    return str(dt.datetime.now(dt.UTC).date() + dt.timedelta(days))


def _codes(house: House, lock: str) -> set[bytes]:
    opened = open_house(house.address)
    found = {record[:16] for record in records.records(opened, lock) if record[16] == MOVE_IN}
    opened.close()
    return found


def test_one_lease_has_several_doors_and_one_code(house: House) -> None:
    house.add_locks("house", "flat-10", "flat-2")
    made = house.json("lease", "add", "house", "flat-2", "--until", _day(300), "--note", "flat 2")
    assert isinstance(made, dict)
    assert (made["doors"], len(made["code"])) == (["flat-2", "house"], 8)
    assert len(_codes(house, "house")) == len(_codes(house, "flat-2")) == 1
    assert _codes(house, "house") != _codes(house, "flat-2")  # each lock has its own digest of it
    assert not _codes(house, "flat-10")
    assert made["code"] not in house.run("lease", "list")
    before = _codes(house, "house"), _codes(house, "flat-2")
    house.run("lease", "code", "flat 2", "--at", "house")
    assert _codes(house, "house") != before[0]
    assert _codes(house, "flat-2") == before[1]
    house.refused(2, "has no door there", "lease", "code", "1", "--at", "flat-10")
    house.run("lease", "extend", "1", "--until", _day(400))
    assert {row["until"] for row in _leases(house)} == {_day(400)}


def _leases(house: House) -> list[dict]:
    found = house.json("lease", "list")
    assert isinstance(found, list)
    return found


def test_names_are_in_the_order_in_which_people_count(house: House) -> None:
    house.add_locks("flat-10", "flat-2", "Flat-1")
    found = house.json("lock", "list")
    assert isinstance(found, list)
    assert [row["lock"] for row in found] == ["Flat-1", "flat-2", "flat-10"]


@pytest.mark.parametrize(
    ("line", "question"),
    [
        (["lease", "add", "front", "--until", "2072-12-31"], "years"),
        (["lease", "add", "front", "--from", "2025-01-01", "--until", "{}"], "days ago"),
        (["lease", "add", "front", "--from", "2072-01-01", "--until", "2072-12-31"], "years ahead"),
        (["lease", "add", "front", "--until", "{}", "--note", "flat 3"], "already"),
        (["lease", "extend", "1", "--until", "2072-12-31"], "years"),
    ],
)
def test_what_is_odd_is_asked_about(house: House, line: list[str], question: str) -> None:
    house.add_locks("front")
    house.run("lease", "add", "front", "--until", _day(300), "--note", "flat 3")
    arguments = [part.format(_day(400)) for part in line]
    before = house.json("lease", "list")
    house.refused(1, question, *arguments, typed="n\n")
    house.refused(1, "--yes says yes", *arguments)
    assert house.json("lease", "list") == before
    assert question in house.run(*arguments, typed="y\n")
    assert house.json("lease", "list") != before


def test_yes_goes_without_a_question(house: House) -> None:
    house.add_locks("front")
    said = house.run("lease", "add", "front", "--until", "2072-12-31", "--yes")
    assert "years" not in said


def test_a_year_typed_wrong_is_undone_before_it_is_published(house: House) -> None:
    house.add_locks("front", "back")
    house.run("lease", "add", "front", "back", "--until", "2072-12-31", "--yes")
    assert "undone: lease 1" in house.run("undo", "--yes")
    assert _leases(house) == []
    house.refused(1, "nothing to undo", "undo")
    house.run("lease", "add", "front", "--until", _day(300))
    assert [row["lease"] for row in _leases(house)] == [2]  # numbers are not used twice


def test_what_was_published_is_not_undone(house: House) -> None:
    house.add_locks("front", "back")
    house.run("lease", "add", "front", "back", "--until", _day(300))
    house.run("staff", "add", "back", "Anna", "--card", "04a1b2c3")
    house.publish("front")
    said = house.run("undo", typed="y\n")
    assert "staff Anna" in said
    house.refused(1, "taken back at its door", "undo", "--yes")
    assert {row["lock"] for row in _leases(house)} == {"front", "back"}


def test_what_others_built_on_is_not_undone(house: House) -> None:
    house.add_locks("front")
    house.run("lease", "add", "front", "--until", _day(300))
    house.publish("front")
    house.run("lease", "extend", "1", "--until", _day(310))
    house.run("lease", "extend", "1", "--until", _day(320))
    assert "until" in house.run("undo", "--yes")
    assert {row["until"] for row in _leases(house)} == {_day(310)}
    house.run("undo", "--yes")
    assert {row["until"] for row in _leases(house)} == {_day(300)}
    assert all(row["published"] for row in _leases(house))


def test_a_row_that_is_another_by_now_is_not_undone(house: House) -> None:
    house.add_locks("front")
    house.run("lease", "add", "front", "--until", _day(300), "--note", "flat 3")
    opened = open_house(house.address)
    with opened.change():
        opened.run("update lease set note = 'flat 4'")
    opened.close()
    house.refused(1, "was changed once more since", "undo", "--yes")
    assert [row["note"] for row in _leases(house)] == ["flat 4"]


def test_a_lock_has_room_for_32_leases_and_the_33rd_is_refused_whole(house: House) -> None:
    house.add_locks("house", "flat-1")
    for _ in range(32):
        house.run("lease", "add", "house", "--until", _day(300))
    before = _leases(house)
    house.refused(1, "LOCK house: has 32 leases", "lease", "add", "flat-1", "house", "--until", _day(300))
    assert _leases(house) == before


def test_a_running_lease_is_ended_by_no_command(house: House) -> None:
    """Promise 7: what a lock was sent leaves its list by --moved-out alone, which the lock judges."""
    house.add_locks("front")
    house.run("lease", "add", "front", "--until", _day(300))
    house.publish("front")
    before = _codes(house, "front")
    house.refused(1, "lease guard", "lease", "end", "1")
    house.refused(1, "lease guard", "lease", "end", "1", "--at", "front", "--yes")
    house.refused(1, "lease guard", "lease", "extend", "1", "--until", _day(10), "--yes")
    table = house.folder / "house.csv"
    table.write_text(f"kind,doors,name,from,until\nlease,front,lease 1,{_day(0)},{_day(10)}\n")
    house.refused(2, "lasts longer", "import", str(table), "--yes")
    assert _codes(house, "front") == before


def test_a_lease_gets_shorter_before_a_lock_knows_it_and_by_consent_after(house: House) -> None:
    house.add_locks("front")
    house.run("lease", "add", "front", "--until", _day(300))
    assert "PIN * 5 #" not in house.run("lease", "shorten", "1", "--until", _day(200))
    house.publish("front")
    day = dt.date.fromisoformat(_day(100))
    assert f"PIN * 5 #, then {day:%d%m%y} #" in house.run("lease", "shorten", "1", "--until", str(day))
    house.refused(2, "is not earlier", "lease", "shorten", "1", "--until", _day(100))
    for last in (_day(-1), "2020-01-01"):
        house.refused(2, "has passed", "lease", "shorten", "1", "--until", last)
    assert [(row["until"], row["published"]) for row in _leases(house)] == [(str(day), False)]


def test_who_changed_what_is_on_a_record_that_only_grows(house: House) -> None:
    house.add_locks("front")
    house.run("lease", "add", "front", "--until", _day(300), "--note", "flat 3")
    house.run("undo", "--yes")
    said = [row["what"] for row in json.loads(house.call("record", "--json").stdout)]
    assert [line.partition(" ")[0] for line in said] == ["lock", "lease", "undone:"]
    opened = open_house(house.address)
    for statement in ("delete from record", "update record set who = 'nobody'"):
        with pytest.raises(database.StoreError, match="only grows"), opened.change():
            opened.run(statement)
    opened.close()


def test_a_change_that_is_refused_leaves_nothing_on_the_record(house: House) -> None:
    house.add_locks("front")
    before = house.json("record")
    house.refused(2, "has passed", "lease", "add", "front", "--from", "2020-01-01", "--until", "2020-12-31")
    assert house.json("record") == before


def test_six_commands_at_once_make_six_leases(house: House) -> None:
    house.add_locks("front", "back")
    line = [sys.executable, "-m", "menshen", "--file", str(house.address), "lease", "add", "front", "back"]
    line += ["--until", _day(300), "--json"]
    said: list[bytes] = []
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    while len(said) < 6:
        begun = [subprocess.Popen(line, **pipes) for _ in range(6 - len(said))]
        ended = [(*each.communicate(timeout=120), each.returncode) for each in begun]
        said += [out for out, _, status in ended if status == 0]
        waited = [complaint for _, complaint, status in ended if status]
        # who waits for more than five seconds is told so, and does it again; one at least goes on
        assert all(b"somebody else is writing" in complaint for complaint in waited), waited
        assert len(waited) < len(begun)
    assert {json.loads(each)["lease"] for each in said} == {1, 2, 3, 4, 5, 6}
    assert {row["number_there"] for row in _leases(house)} == {1, 2, 3, 4, 5, 6}
    assert len(_codes(house, "front")) == len(_codes(house, "back")) == 6


def test_two_operators_at_once_lose_nothing(house: House) -> None:
    house.add_locks("front")
    one, two = open_house(house.address), open_house(house.address)
    with one.change():
        one.set("a", "1")
        started = time.monotonic()
        with pytest.raises(database.BusyError, match="somebody else is writing"), two.change():
            assert two.setting("a")  # what it sees may be another in a moment
        assert time.monotonic() - started < 30
    with two.change():
        assert two.setting("a") == "1"
        two.set("a", "2")
    assert one.setting("a") == "2"
    one.close()
    two.close()
