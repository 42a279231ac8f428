"""The operator's own file and the commands that fill it: what they make of it, and what they refuse to."""

import ast
import datetime as dt
import hashlib
import json
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from menshen.cli.main import main
from menshen.operator import codes, dates, publishing, records, zones
from menshen.operator import health as h
from menshen.operator.certificates import Authority
from menshen.operator.health import Health
from menshen.operator.hours import Hours
from menshen.operator.lists import CARD, LEASE, MOVE_IN, PIN, SCHEDULE, STAFF, STAFF_PASSAGE, Credential
from menshen.operator.picture import picture
from menshen.operator.store import HELD
from tests.conftest import TOP
from tests.tools.helpers.houses import new_house, open_house

KEY = bytes(range(32))
UID = "04a1b2c3d4e5f6"
Operate = Callable[..., Result]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "front.key").write_text(KEY.hex() + "\n")
    rule = zones.rule("Europe/Berlin")
    settings = {"lock": "front", "time": {"zone": rule}, "cards": {"plain_uid": True}}
    (tmp_path / "front.json").write_text(json.dumps(settings))
    return tmp_path / "house" / "operator.db"


@pytest.fixture
def operate(path: Path) -> Operate:
    """Run one command; with `says`, it has to fail and to say that."""

    def run(*arguments: str, says: str = "", typed: str | None = None) -> Result:
        result = CliRunner().invoke(main, ["--file", str(path), *arguments], input=typed)
        assert bool(result.exit_code) == bool(says), result.output
        assert says in result.output, result.output
        assert "Traceback" not in result.output
        return result

    new_house(path)
    run("lock", "add", "front", "--key-file", str(path.parents[1] / "front.key"), "--zone", "Europe/Berlin")
    return run


def _day(days: int) -> str:
    return f"{dt.datetime.now(dt.UTC).date() + dt.timedelta(days)}"


def _lease(operate: Operate, last: int = 300) -> str:
    """Add a lease; its move-in code."""
    said = operate("lease", "add", "front", "--from", _day(0), "--until", _day(last)).output
    line = next(line for line in said.splitlines() if line.startswith("move-in code: "))
    return line.removeprefix("move-in code: ").replace(" ", "")


def _records(path: Path) -> list[bytes]:
    store = open_house(path)
    found = records.records(store, "front")
    store.close()
    return found


def test_the_file_is_its_owners_alone(operate: Operate, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    operate("lock", "list", says="chmod 600")


def test_what_is_no_operators_file_is_named(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear tenant, " * 1000)
    other.chmod(0o600)
    result = CliRunner().invoke(main, ["--file", str(other), "lock", "list"])
    assert result.exit_code == 2
    assert "no operator's file" in result.output


def test_keys_are_taken_as_bytes_or_digits_and_nothing_else(operate: Operate, tmp_path: Path) -> None:
    raw, bad = tmp_path / "raw.key", tmp_path / "bad.key"
    raw.write_bytes(KEY)
    bad.write_text("0" * 63)
    operate("lock", "add", "back", "--key-file", str(raw))
    operate("lock", "add", "side", "--key-file", str(bad), says="64 hexadecimal digits")
    operate("lock", "add", "front", "--key-file", str(raw), says="ID front: is in the file already")
    operate("lock", "add", "a/b", "--key-file", str(raw), says="no lock's identifier")
    operate("lock", "add", "up", "--key-file", str(raw), "--zone", "Moon/Crater", says="--zone Moon/Crater")
    said = operate("lock", "list").output
    assert "back" in said
    assert KEY.hex() not in said
    operate("lock", "remove", "back", typed="n\n", says="nothing was changed")
    operate("lock", "remove", "back", "--yes")
    operate("lease", "list", "back", says="LOCK back: not in the file")


def test_a_lease_is_two_records_and_a_code_that_is_shown_once(operate: Operate, path: Path) -> None:
    code = _lease(operate)
    stated, moving = sorted(_records(path), key=lambda record: -record[16])
    assert (stated[16], stated[18:20], moving[16], moving[17]) == (LEASE, b"\1\0", MOVE_IN, PIN)
    begin = int.from_bytes(stated[22:26], "little")
    assert moving == Credential(PIN, code.encode(), MOVE_IN, lease=1, not_before=begin).record(KEY)
    zone_end = dates.end_of(dt.date.fromisoformat(_day(300)), "Europe/Berlin")
    assert int.from_bytes(stated[26:30], "little") == zone_end
    assert code not in operate("lease", "list").output
    assert code.encode() not in path.read_bytes()


def test_a_new_code_takes_the_place_of_the_old_one(operate: Operate, path: Path) -> None:
    _lease(operate)
    before = _records(path)
    operate("lease", "code", "1")
    assert len(set(before) & set(_records(path))) == 1
    operate("lease", "code", "2", says="LEASE 2")


def test_a_lease_gets_longer_and_never_shorter(operate: Operate, path: Path) -> None:
    _lease(operate)
    operate("lease", "extend", "1", "--until", _day(400))
    operate("lease", "extend", "1", "--until", _day(399), says="PIN * 9 # PIN #")
    operate("lease", "extend", "1", "--until", _day(400), says="is the lease's last day already")
    operate("lease", "extend", "1", "--until", "soon", says="2026-12-01 is right")
    store = open_house(path)
    publishing.prepare(store, "front", 0)
    store.close()
    operate("lease", "end", "1", says="lease guard")
    operate("lease", "end", "1", "--moved-out")
    assert _records(path) == []


def test_a_lease_that_no_lock_was_sent_can_be_taken_back_and_its_number_is_not_used_again(
    operate: Operate, path: Path
) -> None:
    _lease(operate)
    operate("lease", "end", "1")
    assert _records(path) == []
    _lease(operate)
    operate("lease", "code", "2")


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("2026-13-01", "2027-01-01", "--from 2026-13-01"),
        ("2027-02-01", "2027-01-01", "--until 2027-01-01: before --from"),
        ("2020-02-01", "2021-01-01", "--until 2021-01-01: has passed"),
        ("2027-02-01", "2107-01-01", "2000 to 2105"),
    ],
)
def test_dates_that_make_no_lease_are_named(operate: Operate, first: str, last: str, says: str) -> None:
    operate("lease", "add", "front", "--from", first, "--until", last, says=says)


def test_staff_are_records_with_hours_and_no_names(operate: Operate, path: Path) -> None:
    hours = ("--hours", "mon-fri 08:00-17:00, sat+holiday 9:00-12:00")
    operate("staff", "add", "front", "Anna", "--card", UID, *hours, "--uses", "3")
    operate("staff", "add", "front", "Bert", "--pin", *hours, typed="274195\n274195\n")
    found = _records(path)
    card, pin = bytes.fromhex(UID), b"274195"
    days = {"mon", "tue", "wed", "thu", "fri"}
    assert sorted(found) == sorted(
        [
            Credential(CARD, card, STAFF, schedule=1, uses=3).record(KEY),
            Credential(PIN, pin, STAFF, schedule=1).record(KEY),
            Hours(1, days, "08:00", "17:00").record(b""),
            Hours(1, {"sat", "holiday"}, "9:00", "12:00", part=1).record(b""),
        ]
    )
    assert b"Anna" not in b"".join(found)
    assert b"274195" not in path.read_bytes()
    assert "274195" not in operate("staff", "list").output
    operate("staff", "add", "front", "Cleo", "--card", "0badcafe", "--hours", "sun 10:00-11:00")
    operate("staff", "remove", "front", "Anna")
    operate("staff", "remove", "front", "Anna", says="NAME Anna")
    assert sorted(record[19 + 1] for record in _records(path) if record[16] == SCHEDULE) == [1, 1, 2]


def test_staff_may_have_passage_mode_by_their_pin(operate: Operate, path: Path) -> None:
    operate("staff", "add", "front", "Bert", "--pin", "--passage", typed="274195\n274195\n")
    assert _records(path) == [Credential(PIN, b"274195", STAFF_PASSAGE).record(KEY)]
    operate("staff", "add", "front", "Anna", "--card", UID, "--passage", says="--passage")


def test_staff_that_cannot_be_are_named(operate: Operate) -> None:
    operate("staff", "add", "front", "Anna", "--card", UID)
    for arguments, says in (
        (["Anna", "--card", UID], "NAME Anna"),
        (["Bert", "--card", UID], "--card: somebody else in the list"),
        (["Bert", "--card", "xyz"], "--card xyz: a UID of 8, 14 or 20"),
        (["Bert"], "one of --card, --make-card and --pin"),
        (["Bert", "--card", "0badcafe", "--uses", "256"], "--uses"),
        (["Bert", "--card", "0badcafe", "--hours", "weekdays"], '--hours "weekdays"'),
        (["Bert", "--card", "0badcafe", "--hours", ""], '--hours ""'),
        (["Bert", "--card", "0badcafe", "--hours", "fri-mon 1:00-2:00"], "no range"),
        (["Bert", "--card", "0badcafe", "--hours", "mon 08:00-25:00"], "no time of day"),
        (["Bert", "--card", "0badcafe", "--from", _day(2), "--until", _day(1)], "--until"),
    ):
        operate("staff", "add", "front", *arguments, says=says)
    for pin, says in (("123", "4 to 10 digits"), ("3456", "guessed first"), ("12ab", "4 to 10 digits")):
        operate("staff", "add", "front", "Bert", "--pin", typed=f"{pin}\n{pin}\n", says=says)


def test_weak_is_what_the_lock_finds_weak() -> None:
    """The lock's own rule, taken out of its module, which needs the chip's."""
    tree = ast.parse((TOP / "firmware/access/dialogue.py").read_text())
    rule = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "is_weak"]
    names: dict = {"_LONGEST": 10}
    exec(compile(ast.Module(rule, []), "enrolment", "exec"), names)  # noqa: S102
    for pin in (
        "1234",
        "9876543210",
        "0000",
        "1111111111",
        "1357",
        "12345679",
        "7410",
        "123",
        "8" * 11,
        "98765431",
    ):
        assert codes.is_weak(pin) == names["is_weak"](pin.encode(), 4), pin
    made = {codes.move_in_code() for _ in range(50)}
    assert len(made) == 50
    assert not any(map(codes.is_weak, made))
    assert {len(code) for code in made} == {8}


def test_versions_only_rise_and_nothing_is_sent_twice(operate: Operate, path: Path) -> None:
    _lease(operate)
    store = open_house(path)
    topics = [topic.rpartition("/")[2] for topic, _ in publishing.prepare(store, "front", 0)]
    assert topics == ["0", "list"]
    assert store.lock("front")["version"] == 1
    assert publishing.prepare(store, "front", 1) == []
    again = publishing.prepare(store, "front", 0)  # the lock has not taken it: the same once more
    assert ([t.rpartition("/")[2] for t, _ in again], store.lock("front")["version"]) == (topics, 1)
    row = store.lock("front")
    assert publishing.held(row, {"list": 7}) == 7
    for forged in (1002, 2**30 - 1, 2**80, -1, True, "9", None):  # it would use up all versions
        assert publishing.held(row, {"list": forged}) == 1
    publishing.prepare(store, "front", 7)  # it has a list of elsewhere
    assert store.lock("front")["version"] == 8
    store.taken("front", 8)
    assert list(store.entries("front", "lease", HELD)) == ["1"]
    store.close()


def test_a_list_is_held_by_its_number_and_its_hash(operate: Operate, path: Path, tmp_path: Path) -> None:
    _lease(operate)
    copy = tmp_path / "copy.db"
    store = open_house(path)
    publishing.prepare(store, "front", 0)
    store.close()
    shutil.copy(path, copy)
    shutil.copy(path.with_suffix(".key"), copy.with_suffix(".key"))
    names = []
    for file, last in ((path, 100), (copy, 200)):  # the file, and then its copy of before
        runner = CliRunner().invoke
        said = ("lease", "add", "front", "--from", _day(0), "--until", _day(last))
        assert runner(main, ["--file", str(file), *said]).exit_code == 0
        store = open_house(file)
        publishing.prepare(store, "front", 1)
        names.append(store.hash("front"))
        assert store.lock("front")["version"] == 2
        store.close()
    assert names[0] != names[1]
    store = open_house(copy)
    row = store.lock("front")
    ours, theirs = {"list": 2, "hash": names[1]}, {"list": 2, "hash": names[0]}
    for state in (ours, {"list": 1, "hash": names[0]}, {"online": False}, {"list": 2}):
        assert publishing.is_ours(row, names[1], state), state
    for state in (theirs, {"list": 2, "hash": ""}, {"list": 2, "hash": 5}):
        assert not publishing.is_ours(row, names[1], state), state
    shown = [h.healths(store, {"front": {"online": True, **s}}, {})[0] for s in (ours, theirs)]
    assert [(one.health, one.held) for one in shown] == [("well", "2"), ("list waits", "another 2")]
    result = publishing.Result("front", 2, "waiting")
    old = {"base": row["base"], "hash": hashlib.sha256(row["base_data"]).hexdigest()}  # as 0.1.0 says it
    for told, outcome in (
        ({"hash": names[0]}, "refused"),
        ({}, "refused"),
        ({**old, "base": 9}, "refused"),
        ({**old, "hash": "0" * 64}, "refused"),
        ({"hash": names[1]}, "accepted"),
        (old, "accepted"),
    ):
        result.outcome = "waiting"
        publishing._take(store, result, {"list": 2, "result": "accepted", **told}, 0)
        assert result.outcome == outcome, told
        store.run("update lock set base = ?", row["base"])
    store.forget_base("front")
    publishing.prepare(store, "front", 2)
    assert store.lock("front")["version"] == 3
    store.close()


def test_health_says_how_many_days_a_certificate_has(operate: Operate, path: Path) -> None:
    store = open_house(path)
    for days, said in (
        (12, "certificate ends in 12 days"),
        (-1, "certificate has ended"),
        (None, "certificate"),
    ):
        state = {"online": True, "faults": ["reader", "certificate"], "days": days}
        (one,) = h.healths(store, {"front": state}, {})
        assert (one.health, one.faults) == ("fault", ("reader", said))
    (one,) = h.healths(store, {"front": {"online": True, "faults": [], "days": 400}}, {})
    assert (one.health, one.faults) == ("well", ())
    store.close()


def test_health_says_which_of_the_operators_own_certificates_end(
    operate: Operate, path: Path, tmp_path: Path
) -> None:
    authority = Authority.create(tmp_path / "pki")
    authority.issue("operator", client=True, days=100).write(tmp_path / "pki", "operator")
    (tmp_path / "broker").mkdir()
    authority.issue("broker", ["broker.example"], server=True, days=50).write(tmp_path / "broker", "broker")
    store = open_house(path)
    assert h.certificates(store, time.time()) == []
    with store.change():
        store.set("certificates", str(tmp_path / "pki"))
        store.set("mosquitto", str(tmp_path / "broker"))
    for days, named in ((0, ["broker"]), (39, ["broker"]), (41, ["broker", "operator"])):
        said = h.certificates(store, time.time() + days * 86_400)
        assert [Path(line.partition(":")[0]).name.partition(".")[0] for line in said] == named
    assert "has ended" in h.certificates(store, time.time() + 51 * 86_400)[0]
    store.close()


def test_a_lock_with_lists_of_another_file_gets_one_above_them(operate: Operate, path: Path) -> None:
    key = str(path.parents[1] / "front.key")
    operate("lock", "add", "old", "--key-file", key, "--above", "4711")
    store = open_house(path)
    for _ in range(2):
        topics = [topic.rpartition("/")[2] for topic, _ in publishing.prepare(store, "old", 0)]
        assert (topics, store.lock("old")["version"]) == (["0", "list"], 4712)
    store.close()


def test_a_picture_has_a_tile_for_each_lock_on_one_page_and_is_whatever_a_lock_says() -> None:
    words = ("well", "list waits", "fault", "offline", "never heard")
    locks = [
        Health(f"flat-{n:03}", words[n % 5], "1<&]]>", "1", 2, "signed", "good", ("<script>",), 1)
        for n in range(100)
    ]
    tree = ET.fromstring(picture(locks, 1_795_000_000))  # noqa: S314
    width, height = map(float, tree.attrib["viewBox"].split()[2:])
    tiles = [group[1].attrib for group in tree if group.tag.endswith("}g")]
    assert len(tiles) == 100
    corners = {(tile["x"], tile["y"]) for tile in tiles}
    assert len(corners) == 100
    for tile in tiles:
        assert float(tile["x"]) + float(tile["width"]) < width
        assert float(tile["y"]) + float(tile["height"]) < height
    titles = [group[0].text or "" for group in tree if group.tag.endswith("}g")]
    assert [title.split()[1] for title in titles[:20]] == ["offline"] * 20  # trouble comes first
    assert titles[-1].split()[1] == "well"


def test_without_a_broker_it_says_so(operate: Operate, tmp_path: Path) -> None:
    for command in (["publish", "--all"], ["health"], ["staff", "log"]):
        operate(*command, says="there is no broker yet")
    operate("publish", "front", "--all", says="--all")
    operate("health", "--picture", "fleet.gif", says="--picture fleet.gif")
    operate("broker", "nowhere", "--certificates", str(tmp_path), says="HOST:PORT nowhere")
    operate("broker", "nowhere:8883", "--certificates", str(tmp_path), says="ca.crt.pem is missing")
