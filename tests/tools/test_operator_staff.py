"""Staff with cards as they are printed, hours in the house's own time, uses left, and holidays."""

import datetime as dt
import json
from pathlib import Path

import pytest

from menshen.operator import codes, mailbox, records, zones
from menshen.operator.hours import Holiday
from menshen.operator.lists import CARD, HOLIDAY, STAFF, Credential
from menshen.operator.store import Store
from tests.tools.helpers.houses import House, keys, open_house

_HOURS = ("--hours", "mon-fri 08:00-17:00, sat+holiday 9:00-12:00")
_NUMBER = bytes.fromhex("4d7603")


def _records(house: House, lock: str, role: int) -> list[bytes]:
    store = open_house(house.address)
    found = [record for record in records.records(store, lock) if record[16] == role]
    store.close()
    return found


@pytest.mark.parametrize(
    "typed", ["4d7603", "4D7603", "077,30211", "77,30211", "0005076483", "4d:76:03", "4d 76 03"]
)
def test_a_card_of_26_bits_is_entered_as_it_is_written(house: House, typed: str) -> None:
    house.add_locks("front")
    assert "4D7603 (077,30211)" in house.run("staff", "add", "front", "Anna", "--card", typed)
    store = open_house(house.address)
    assert records.records(store, "front") == [Credential(CARD, _NUMBER, STAFF).record(store.key("front"))]
    store.close()


@pytest.mark.parametrize(
    ("typed", "bits", "number"),
    [
        ("0005076483", 34, "004d7603"),
        ("4294967295", 34, "ffffffff"),
        ("00077,30211", 34, "004d7603"),
        ("7,524287", 37, "00003fffff"),
        ("17263735491", 37, "0404ffb2c3"),
        ("04a1b2c3d4", 37, "04a1b2c3d4"),
        ("2752564", 32, "002a0034"),
        ("04a1b2c3", 26, "04a1b2c3"),
        ("04a1b2c3d4e5f6", 26, "04a1b2c3d4e5f6"),
        ("00000000000000000001", 26, "00000000000000000001"),
    ],
)
def test_other_cards_are_entered_as_they_are_written(typed: str, bits: int, number: str) -> None:
    assert codes.card_number(typed, bits).hex() == number


@pytest.mark.parametrize(
    ("typed", "bits"),
    [
        ("256,30211", 26),
        ("077,65536", 26),
        ("0016777216", 26),
        ("34359738368", 37),
        ("1,2", 32),
        ("4294967296", 34),
        ("65536,0", 34),
        ("4d76", 26),
        ("4d7603a", 26),
        ("077,", 26),
        ("077,30211,1", 26),
        ("", 26),
        ("-5076483", 26),
        ("٠٠٠٥٠٧٦٤٨٣", 26),
    ],
)
def test_what_is_no_cards_number_is_refused(typed: str, bits: int) -> None:
    with pytest.raises(codes.CodeError, match="--card"):
        codes.card_number(typed, bits)


@pytest.mark.parametrize(
    ("typed", "bits"),
    [("08a1b2c3", 26), ("08:00:00:00", 26), ("00000000", 26), ("00" * 7, 26), ("0" * 10, 34)],
)
def test_a_number_that_could_not_open_is_refused(house: House, typed: str, bits: int) -> None:
    house.add_locks("front")
    house.refused(2, "would not open", "staff", "add", "front", "Anna", "--card", typed, "--bits", str(bits))


@pytest.mark.parametrize("typed", ["08a1b2c3", "08a1b2c3d4e5f6"])
def test_a_number_that_only_begins_like_one_made_up_is_taken(house: House, typed: str) -> None:
    house.add_locks("front")
    bits = "34" if len(typed) == 8 else "26"
    assert "can copy it" in house.run("staff", "add", "front", "Anna", "--card", typed, "--bits", bits)


@pytest.mark.parametrize(
    ("reader", "plain", "option", "says"),
    [
        (
            "pn532",
            False,
            "--card",
            "front opens by no card's number alone (cards.plain_uid is off); --make-card",
        ),
        ("wiegand", False, "--card", "front opens by no card's number alone (cards.plain_uid is off). If"),
        ("none", True, "--card", "front has no reader for cards (reader.type)"),
        ("wiegand", True, "--make-card", "front has a Wiegand reader, to which no card can prove itself"),
        ("none", False, "--make-card", "front has no reader for cards (reader.type)"),
    ],
)
def test_a_card_that_could_not_open_there_is_refused(
    house: House, reader: str, plain: bool, option: str, says: str
) -> None:
    house.add_locks("front", reader=reader, plain=plain)
    house.add_locks("back")
    card = [option] if option == "--make-card" else [option, "04a1b2c3"]
    house.refused(1, f"{option}: {says}", "staff", "add", "back", "front", "Anna", *card, "--yes")
    assert house.json("staff", "list") == []
    house.run("staff", "add", "front", "Anna", "--pin", typed="274195\n274195\n")


def test_a_table_brings_no_card_that_could_not_open(house: House) -> None:
    house.add_locks("front", plain=False)
    path = house.folder / "house.csv"
    path.write_text("kind,doors,name,card\nstaff,front,Anna,04a1b2c3\n")
    house.refused(2, "line 2: --card: front opens by no card's number alone", "import", str(path), "--yes")


def test_whether_a_card_opens_is_asked_where_nobody_knows_the_settings(house: House) -> None:
    keys(house.folder, "front")
    settings = (house.folder / "front.json").rename(house.folder / "kept.json")
    house.run("lock", "add", "front", "--key-file", str(house.folder / "front.key"))
    add = ("staff", "add", "front")
    house.refused(1, "only where its settings say cards.plain_uid", *add, "Anna", "--card", "04a1b2c3")
    house.refused(1, "nothing was changed", *add, "Anna", "--card", "04a1b2c3", typed="n\n")
    house.run(*add, "Anna", "--card", "04a1b2c3", typed="y\n")
    assert "?" not in house.run(*add, "Bert", "--card", "04a1b2c4")  # it was said once
    shown = house.json("lock", "show", "front")
    assert isinstance(shown, dict)
    assert (shown["reader"], shown["plain cards"]) == ("not known", True)
    house.run("lock", "settings", "front", "--settings", str(settings))
    assert "pn532" in house.run("lock", "show", "front")


def test_other_settings_of_a_lock_are_told_to_the_file(house: House) -> None:
    house.add_locks("front", plain=False)
    path = house.folder / "front.json"
    tell, add = ("lock", "settings", "front", "--settings", str(path)), ("staff", "add", "front")
    house.refused(1, "`menshen lock settings front --settings FILE`", *add, "Anna", "--card", "04a1b2c3")
    keys(house.folder, "front", plain=True)
    assert "does not open" not in house.run(*tell)
    house.run(*add, "Anna", "--card", "04a1b2c3")
    keys(house.folder, "front", plain=False)
    assert "the card of Anna does not open there: front opens by no card's number alone" in house.run(*tell)
    for wrong, says in (
        ({"lock": "back"}, "of the lock back, and not of front"),
        ({"reader": {"type": "rfid"}}, "reader.type must be one of pn532, wiegand, none"),
        ({"cards": {"plain_uid": "yes"}}, "cards.plain_uid must be true or false"),
        ({"cards": [True]}, "no settings of a lock"),
    ):
        path.write_text(json.dumps(wrong))
        house.refused(2, says, *tell)


def test_a_new_board_says_which_cards_of_staff_do_not_open_there(house: House) -> None:
    house.add_locks("front")
    house.run("staff", "add", "front", "Anna", "--card", "04a1b2c3")
    keys(house.folder, "front", plain=False)
    said = house.run("lock", "replace", "front", "--key-file", str(house.folder / "front.key"), "--yes")
    assert "the card of Anna does not open there" in said


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Asia/Shanghai", "Australia/Lord_Howe", "UTC"],
)
def test_a_zones_rule_is_the_one_that_a_lock_takes(zone: str) -> None:
    said = zones.rule(zone)
    assert zones.agree(said, said)
    assert zone == "UTC" or not zones.agree(said, "UTC0")


def test_rules_agree_whatever_they_call_the_time() -> None:
    assert zones.agree("CET-1CEST,M3.5.0,M10.5.0/3", "MEZ-1MESZ,M3.5.0,M10.5.0/3")
    assert zones.agree("<+0545>-5:45", "NPT-5:45")
    assert not zones.agree("CET-1CEST,M3.5.0,M10.5.0/3", "CET-1")
    assert not zones.agree("CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/2")


def test_hours_in_another_time_than_the_houses_are_asked_about(house: House) -> None:
    """A lock reads hours by its own `time.zone`, which is UTC unless it was set."""
    keys(house.folder, "front", "side", "back", zone="Europe/Berlin")
    (house.folder / "side.json").write_text(json.dumps({"lock": "side", "cards": {"plain_uid": True}}))
    (house.folder / "back.json").unlink()
    for name in ("front", "side", "back"):
        said = house.run("lock", "add", name, "--key-file", str(house.folder / f"{name}.key"))
        assert ("reads the hours of staff by UTC0" in said) == (name == "side")
    add = ("staff", "add")
    assert "?" not in house.run(*add, "front", "Anna", "--card", "04a1b2c3", *_HOURS)
    house.refused(1, "reads hours by UTC0", *add, "side", "Anna", "--card", "04a1b2c3", *_HOURS, typed="n\n")
    house.refused(1, "Do they say", *add, "back", "Anna", "--card", "04a1b2c3", *_HOURS)
    house.run(*add, "back", "Anna", "--card", "04a1b2c3", *_HOURS, typed="y\ny\n")
    assert "?" not in house.run(*add, "back", "Bert", "--card", "04a1b2c4", *_HOURS)  # it was said once
    house.run(*add, "side", "Cleo", "--card", "04a1b2c5")  # without hours it makes no difference


def test_settings_of_another_lock_are_refused(house: House) -> None:
    keys(house.folder, "front")
    key = str(house.folder / "front.key")
    house.refused(
        2, "of the lock front", "lock", "add", "side", "--key-file", key, "--settings", key[:-3] + "json"
    )
    (house.folder / "front.json").write_text("[]")
    house.refused(2, "no settings of a lock", "lock", "add", "front", "--key-file", key)


def test_holidays_are_in_the_lists_of_locks_whose_staff_have_hours(house: House) -> None:
    house.add_locks("front", "back", zone="Europe/Berlin")
    house.run("staff", "add", "front", "Anna", "--card", "04a1b2c3", *_HOURS)
    house.run("staff", "add", "back", "Anna", "--card", "04a1b2c3")
    day = dt.date.today().replace(day=1, month=1) + dt.timedelta(800)
    house.run("holiday", "add", str(day), "Long Weekend")
    house.refused(2, "is a holiday already", "holiday", "add", str(day))
    house.refused(2, "2026-12-01 is right", "holiday", "add", "christmas")
    assert _records(house, "front", HOLIDAY) == [Holiday(day).record(b"")]
    assert _records(house, "back", HOLIDAY) == []
    assert "Long Weekend" in house.run("holiday", "list")
    house.run("undo", "--yes")
    assert _records(house, "front", HOLIDAY) == []
    house.refused(2, "is no holiday", "holiday", "remove", str(day))
    house.run("holiday", "add", str(day))
    house.run("holiday", "remove", str(day))
    assert house.json("holiday", "list") == {}


def _calendar(folder: Path, *events: str) -> str:
    path = folder / "holidays.ics"
    body = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{event}END:VEVENT\r\n" for n, event in enumerate(events))
    path.write_text(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//\r\n{body}END:VCALENDAR\r\n")
    return str(path)


def test_holidays_come_from_a_calendar(house: House) -> None:
    year = dt.date.today().year + 1
    path = _calendar(
        house.folder,
        f"DTSTART;VALUE=DATE:{year}0501\r\nDTEND;VALUE=DATE:{year}0502\r\nSUMMARY:Labour Day\r\n",
        "DTSTART;VALUE=DATE:20001225\r\nDTEND;VALUE=DATE:20001227\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Christmas\r\n",
        f"DTSTART:{year}1003T000000Z\r\nSUMMARY:A day\r\n",
        "DTSTART;VALUE=DATE:20010101\r\nSUMMARY:Long ago\r\n",
    )
    house.run("holiday", "import", path)
    found = house.json("holiday", "list")
    assert isinstance(found, dict)
    assert {f"{year}-05-01", f"{year}-10-03", f"{year}-12-25", f"{year}-12-26"} <= found.keys()
    assert found[f"{year}-12-26"] == "Christmas"
    assert "2001-01-01" not in found
    assert house.run("holiday", "import", path).startswith("0 holidays")
    assert house.json("holiday", "list") == found


@pytest.mark.parametrize(
    "text", ["", "a letter", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "\0\0", "BEGIN:VEVENT"]
)
def test_what_is_no_calendar_is_named(house: House, text: str) -> None:
    path = house.folder / "holidays.ics"
    path.write_text(text)
    house.refused(2, "FILE ", "holiday", "import", str(path))


def test_uses_left_are_those_that_the_lock_has_not_reported(house: House) -> None:
    house.add_locks("front")
    house.run("staff", "add", "front", "Mr Bell", "--card", "04a1b2c3", "--uses", "3")
    store = open_house(house.address)
    digest = records.records(store, "front")[0][:16].hex()
    with store.change():
        for n in (1, 2, 2):  # the second report came twice
            mailbox._note_staff(store, "front", {"n": n, "time": 5, "credential": digest, "kind": "card"})
    store.close()
    found = house.json("staff", "list")
    assert isinstance(found, list)
    assert (found[0]["uses"], found[0]["uses_left"]) == (3, 1)


def test_the_name_of_staff_who_are_gone_goes_with_their_last_report(house: House) -> None:
    house.add_locks("front")
    house.run("staff", "add", "front", "Anna", "--card", "04a1b2c3")
    house.run("staff", "add", "front", "Bert", "--card", "04a1b2c4")
    house.publish("front")
    house.run("staff", "remove", "front", "Anna")
    store = open_house(house.address)
    names = []
    for _ in range(2):
        with store.change():
            mailbox._forget_people(store)
        names.append({row["name"] for row in store.run("select name from person")})
        house.publish("front")
    assert names == [{"Anna", "Bert"}, {"Bert"}]  # as long as the lock may have her on its list
    store.close()


def test_one_person_has_the_same_pin_at_several_doors(house: House) -> None:
    house.add_locks("front", "back")
    house.run("staff", "add", "front", "back", "Anna", "--pin", typed="274195\n274195\n")
    store = open_house(house.address)
    assert [len(store.entries(lock, "staff")) for lock in ("front", "back")] == [1, 1]
    store.close()
    house.refused(1, "has one already", "staff", "add", "front", "Anna", "--card", "04a1b2c3")


def _all(store: Store) -> bytes:
    """Every cell of every table."""
    tables = ("lock", "entry", "person", "setting", "record", "undo")
    rows = [dict(row) for table in tables for row in store.run(f"select * from {table}")]  # noqa: S608
    cells = [value for row in rows for value in row.values()]
    return b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in cells)


def test_neither_pin_nor_card_nor_code_is_in_the_file(house: House) -> None:
    house.add_locks("front")
    made = house.json("lease", "add", "front", "--until", "2030-01-01")
    assert isinstance(made, dict)
    house.run("staff", "add", "front", "Anna", "--pin", typed="274195\n274195\n")
    house.run("staff", "add", "front", "Bert", "--card", "04a1b2c3d4e5f6")
    store = open_house(house.address)
    for secret in (made["code"].encode(), b"274195", bytes.fromhex("04a1b2c3d4e5f6"), b"04a1b2c3d4e5f6"):
        assert secret not in _all(store)
        assert secret.hex().encode() not in _all(store)
    assert b"Bert" in _all(store)
    store.close()
