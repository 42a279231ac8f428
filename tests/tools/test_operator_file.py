"""The operator's file: how it begins, what seals it, how an old one is brought up to date, and damage."""

import contextlib
import hashlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from click.testing import CliRunner

from menshen.cli.main import main
from menshen.operator import opening, records, seal, tables
from menshen.operator.lists import CARD, PIN, STAFF, Credential, Lease, snapshot
from tests.tools.helpers.houses import House, new_house, open_house

KEY = bytes(range(32))
_OF_0_1_0 = """
create table lock (
    name text primary key, key blob not null, zone text not null, leases integer not null default 0,
    version integer not null default 0, current blob not null, base integer not null default 0,
    base_data blob not null default x'', held integer not null default 0
);
create table entry (
    state text not null, lock text not null references lock on delete cascade, kind text not null,
    name text not null, data text not null, primary key (state, lock, kind, name)
);
create table person (
    lock text not null references lock on delete cascade, digest text not null, name text not null,
    primary key (lock, digest)
);
create table seen (
    lock text primary key references lock on delete cascade, online integer not null, since integer not null
);
create table staff_entry (
    lock text not null references lock on delete cascade, number integer not null, time integer not null,
    digest text not null, kind text not null, missed integer not null, heard integer not null,
    primary key (lock, number, digest, time)
);
create table setting (name text primary key, value text not null);
"""


@pytest.fixture
def plain(tmp_path: Path) -> House:
    """A house in a file."""
    path = tmp_path / "house" / "operator.db"
    new_house(path)
    return House(path, tmp_path)


def _old(path: Path) -> list[bytes]:
    """A file as release 0.1.0 made it, with two leases and a cleaner at one lock; the records of its list."""
    begin, end = 1_795_000_000, 1_995_000_000
    anna = Credential(CARD, bytes.fromhex("04a1b2c3"), STAFF).record(KEY)
    codes = [Credential(PIN, b"12345678", 3, lease, not_before=begin).record(KEY) for lease in (2, 10)]
    wanted = [anna, *codes, *(Lease(lease, begin, end).record(b"") for lease in (2, 10))]
    current = snapshot(codes[:1])
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    db = sqlite3.connect(path)
    db.executescript(_OF_0_1_0)
    values = ("front", KEY, "Europe/Berlin", 10, 4, current, 4, current, 4)
    db.execute("insert into lock values (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    staff = {
        "kind": CARD,
        "digest": anna[:16].hex(),
        "hours": "",
        "schedule": 0,
        "uses": 0,
        "begin": 0,
        "end": 0,
    }
    for kind, name, data in (
        ("lease", "2", {"begin": begin, "end": end, "code": codes[0][:16].hex()}),
        ("lease", "10", {"begin": begin, "end": end, "code": codes[1][:16].hex()}),
        ("staff", "Anna", staff),
    ):
        db.execute("insert into entry values ('wanted', 'front', ?, ?, ?)", (kind, name, json.dumps(data)))
    db.execute("insert into person values ('front', ?, 'Anna')", (anna[:16].hex(),))
    db.commit()
    db.close()
    return sorted(wanted)


def test_a_file_of_0_1_0_is_brought_up_to_date_and_kept_beside(tmp_path: Path) -> None:
    path = tmp_path / "house" / "operator.db"
    wanted = _old(path)
    before, copy = path.read_bytes(), tmp_path / "copy"
    copy.write_bytes(before)
    house = House(path, tmp_path)
    said = house.run("lease", "list")
    assert "brought up to date" in said
    kept = path.with_name("operator.db.before")
    with contextlib.closing(sqlite3.connect(kept)) as one, contextlib.closing(sqlite3.connect(copy)) as other:
        assert list(one.iterdump()) == list(other.iterdump())
    assert stat.S_IMODE(kept.stat().st_mode) == stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEY in before
    assert KEY not in path.read_bytes()
    opened = open_house(path)
    assert opened.key("front") == KEY
    assert sorted(records.records(opened, "front")) == wanted
    assert (opened.lock("front")["version"], opened.zone) == (4, "Europe/Berlin")
    assert [(one.id, one.doors[0].number) for one in opened.tenancies()] == [(1, 2), (2, 10)]
    opened.close()
    assert "brought up to date" not in house.run("lease", "list")
    house.run("lease", "add", "front", "--until", "2030-01-01")
    assert "Anna" in house.run("staff", "list")


@pytest.mark.parametrize("place", ["seal", "key"])
def test_a_cut_while_an_old_file_is_brought_up_to_date_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = tmp_path / "house" / "operator.db"
    _old(path)
    before = path.read_bytes()

    def broken(*_arguments: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(*{"seal": (seal.Seal, "close"), "key": (seal, "make_key")}[place], broken)
        result = CliRunner().invoke(main, ["--file", str(path), "lock", "list"])
    assert (result.exit_code, "No space left" in result.output) == (1, True), result.output
    assert path.read_bytes() == before
    assert {each.suffix for each in path.parent.iterdir()} <= {".db", ".key"}
    assert "front" in House(path, tmp_path).run("lock", "list")


def test_the_newest_tables_are_those_that_the_statements_are_for() -> None:
    config = Config()
    config.set_main_option("script_location", "menshen.operator:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == tables.HEAD == opening.TABLES


def test_an_old_file_is_brought_up_to_date_once_by_four_commands_at_once(tmp_path: Path) -> None:
    path = tmp_path / "house" / "operator.db"
    wanted = _old(path)
    line = [sys.executable, "-m", "menshen", "--file", str(path), "lease", "list"]
    begun = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    ended = [each.communicate(timeout=120) for each in begun]
    assert [each.returncode for each in begun] == [0] * 4, ended
    assert sum(b"brought up to date" in said for _, said in ended) == 1, ended
    assert [each.name for each in path.parent.glob("*.before*")] == ["operator.db.before"]
    opened = open_house(path)
    assert (opened.key("front"), sorted(records.records(opened, "front"))) == (KEY, wanted)
    opened.close()


def test_a_wrong_file_makes_no_new_house(tmp_path: Path) -> None:
    for name in ("other.db", "none/other.db"):
        house = House(tmp_path / name, tmp_path)
        for line in (
            ["lock", "list"],
            ["lease", "add", "front", "--until", "2030-01-01"],
            ["undo"],
            ["export"],
        ):
            house.refused(2, "`menshen init` makes a new house", *line)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_house_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    for content in (b"", b"Dear tenant, " * 1000, _another_programs(tmp_path)):
        path.write_bytes(content)
        path.chmod(0o600)
        result = House(path, tmp_path).call("lock", "list")
        assert result.exit_code in (1, 2)
        assert "no operator's file" in result.output or "no house in it" in result.output, result.output
        assert path.read_bytes() == content


def _another_programs(folder: Path) -> bytes:
    path = folder / "bookmarks"
    db = sqlite3.connect(path)
    db.execute("create table bookmark (url text)")
    db.commit()
    db.close()
    return path.read_bytes()


def test_init_takes_no_file_that_is_there(plain: House) -> None:
    assert isinstance(plain.address, Path)
    before = plain.address.read_bytes()
    plain.refused(2, "there is one already", "init", "--zone", "UTC", "--broker", "none", "--seal", "key")
    assert plain.address.read_bytes() == before


def test_a_damaged_file_is_told_in_a_sentence_wherever_it_is_damaged(plain: House) -> None:
    plain.add_locks("front")
    for _ in range(20):
        plain.run("lease", "add", "front", "--until", "2030-01-01")
    assert isinstance(plain.address, Path)
    whole = plain.address.read_bytes()
    told = 0
    for page in range(0, len(whole), 4096):
        broken = bytearray(whole)
        broken[page : page + 4096] = hashlib.shake_256(b"%d" % page).digest(4096)
        plain.address.write_bytes(broken)
        for line in (["lock", "list"], ["lease", "list"], ["staff", "list"], ["record"], ["export"]):
            result = plain.call(*line)  # which fails on an exception of any other kind
            assert result.exit_code in (0, 1, 2)
            told += result.exit_code
    assert told
    plain.address.write_bytes(whole[: len(whole) // 2])
    assert plain.call("lease", "list").exit_code == 1


def _process(house: House, *arguments: str | bytes, limit: str = "") -> subprocess.CompletedProcess[str]:
    """A real process; `limit` is a shell's ulimit."""
    line = [sys.executable, "-m", "menshen", "--file", str(house.address), *arguments]
    if limit:
        line = ["sh", "-c", f'{limit}; exec "$@"', "sh", *line]
    return subprocess.run(line, capture_output=True, text=True, input="", timeout=60, check=False)


def test_a_full_disk_is_told_in_a_sentence_and_changes_nothing(plain: House) -> None:
    plain.add_locks("front")
    assert isinstance(plain.address, Path)
    blocks = plain.address.stat().st_size // 512
    for limit in (blocks, 8, 0):
        for _ in range(40):  # until there is no room
            before = plain.json("lease", "list"), plain.json("record")
            line = ("lease", "add", "front", "--until", "2030-01-01", "--note", "n" * 290, "--yes")
            done = _process(plain, *line, limit=f"ulimit -f {limit}")
            if done.returncode:
                break
        assert done.returncode == 1, done
        assert (done.stderr[:7], done.stderr.count("\n")) == ("Error: ", 1), done.stderr
        assert "nothing was changed" in done.stderr, done.stderr
        assert (plain.json("lease", "list"), plain.json("record")) == before


@pytest.mark.parametrize(
    "line",
    [
        [b"staff", b"add", b"front", b"Ann\xe4", b"--card", b"04a1b2c3"],
        [b"lease", b"add", b"front", b"--until", b"2030-01-01", b"--note", b"\xff\xfe"],
        [b"lock", b"show", b"fr\xf6nt"],
        [b"staff", b"add", b"front", b"Anna\x1b[2J", b"--card", b"04a1b2c3"],
        [b"holiday", b"add", b"2030-01-01", b"\xc3"],
        [b"staff", b"add", b"front", b"Anna", b"--card", b"\xe404a1b2c3"],
        [b"lease", b"end", b"\x80"],
        [b"lock", b"rename", b"front", b"Haust\xfcr"],
    ],
)
def test_odd_bytes_are_told_in_a_sentence(plain: House, line: list[bytes]) -> None:
    plain.add_locks("front")
    done = _process(plain, *line)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("Error: ")


def test_letters_of_all_alphabets_are_names(plain: House) -> None:
    plain.add_locks("front")
    plain.run("staff", "add", "front", "Zoë 门神", "--card", "04a1b2c3")
    assert "Zoë 门神" in plain.run("staff", "list")
    assert "Zoë 门神" in plain.run("staff", "list", "--json")


def test_a_password_in_an_address_is_refused(tmp_path: Path) -> None:
    house = House("postgresql://anna:secret@127.0.0.1/house", tmp_path)
    result = house.call("lock", "list")
    assert (result.exit_code, "~/.pgpass" in result.output) == (2, True)
    assert "secret" not in result.output


def test_a_server_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    House("postgresql://127.0.0.1:1/house", tmp_path).refused(1, "refused", "lock", "list")


def test_what_is_in_the_house_is_completed(plain: House) -> None:
    plain.add_locks("front", "flat-2", "flat-10")
    plain.run("lease", "add", "flat-2", "--until", "2030-01-01")
    for words, completed in (
        ("menshen publish fl", {"flat-2", "flat-10"}),
        ("menshen lease add fr", {"front"}),
        ("menshen lease code ", {"1"}),
    ):
        environment = {
            **os.environ,
            "MENSHEN_FILE": str(plain.address),
            "_MENSHEN_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        program = Path(sys.executable).with_name("menshen")
        done = subprocess.run([program], env=environment, capture_output=True, text=True, check=True)
        found = {line.partition(",")[2] for line in done.stdout.splitlines()}
        assert {word for word in found if not word.startswith("-")} == completed
