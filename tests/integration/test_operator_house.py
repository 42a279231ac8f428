"""A house at a real broker over TLS: its mail, its alarms, copies of its file, and a hundred doors."""

import asyncio
import json
import shutil
import time
from pathlib import Path

import pytest
import pytest_asyncio

from menshen.operator import lists
from tests.integration.helpers.landlord import LOCK, STATE, House, accepting, answering
from tests.integration.helpers.rights import ROOT, client
from tests.tools.helpers.houses import keys, open_house

_CARD = "04a1b2c3d4e5f6"
_UNTIL = "2030-12-31"


@pytest_asyncio.fixture
async def house(house: House) -> House:
    """With the lock LOCK in it."""
    await house.begin(bytes(32))
    return house


async def test_no_report_of_staff_is_lost_before_the_first_look_at_the_log(house: House) -> None:
    await house.operate("staff", "add", LOCK, "Anna", "--card", _CARD, "--uses", "9")
    async with answering(house.broker) as lock:
        await house.operate("publish")
    digest = lists.Credential(lists.CARD, bytes.fromhex(_CARD), lists.STAFF).record(bytes(32))[:16].hex()
    async with answering(house.broker) as lock:
        for n in range(40):  # more than a broker sends before the first is acknowledged
            await lock.say("staff", n=n, missed=0, time=1_795_000_000 + n, credential=digest, kind="card")
    said = (await house.operate("staff", "log", "--wait", "1")).output
    assert said.count("Anna") == 40, said
    assert json.loads((await house.operate("staff", "list", "--json")).stdout)[0]["uses_left"] == 0


async def test_an_alarm_is_shown_once_and_health_says_that_there_is_one(house: House) -> None:
    await house.operate("publish")
    async with answering(house.broker) as lock:
        await house.operate("publish")
        version = {"list": 1, "hash": lock.named(-1)}
        await lock.say("state", True, online=True, **{**STATE, **version})
        for n, kind in ((1, "forced"), (2, "tamper"), (2, "tamper")):
            await lock.say("alarm", n=n, missed=0, time=1_795_000_000, alarm=kind)
        known = json.loads((await house.operate("health", "--json", fails=True)).stdout)
        assert (known["well"], known["locks"][0]["faults"]) == (False, ["2 new alarms"])
        said = (await house.operate("alarms", "--wait", "1")).output
        for part in ("forced", "tamper", "2026-11-18", "without a key"):
            assert part in said, said
        assert said.count("tamper") == 1
        assert "no new alarms" in (await house.operate("alarms", "--wait", "1")).output
        assert "forced" in (await house.operate("alarms", "--all", "--wait", "1")).output
        assert json.loads((await house.operate("health", "--json")).stdout)["well"] is True


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ({"days": 59}, "certificate ends in 59 days"),
        ({"days": -1}, "certificate has ended"),
        ({"firmware": "0.0.9"}, "firmware 0.0.9 is not supported"),
        ({"firmware": "newest"}, "firmware newest is not supported"),
        ({"faults": ["reader"]}, "reader"),
    ],
)
async def test_health_ends_with_3_where_something_is_wrong(house: House, state: dict, fault: str) -> None:
    async with answering(house.broker) as lock:
        await lock.say("state", True, online=True, **{**STATE, **state})
        result = await house.operate("health", fails=True)
    assert result.exit_code == 3
    assert fault in result.output


async def test_a_lock_shows_itself_and_a_refusal_is_said(house: House) -> None:
    await house.operate("identify", LOCK, fails=True)
    async with answering(house.broker) as lock:
        await lock.say("state", True, online=True, **STATE, command=41)
        assert "violet" in (await house.operate("identify", LOCK)).output
        assert [(said["command"], said["number"]) for said in lock.commands] == [("identify", 42)]
        lock.done = {"result": "refused", "reason": "no clock"}
        assert "no clock" in (await house.operate("identify", LOCK, fails=True)).output


@pytest.fixture
def backup(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where one goes; its passphrase is known."""
    (tmp_path / "word").write_text("correct horse battery")
    monkeypatch.setenv("MENSHEN_BACKUP_PASSPHRASE_FILE", str(tmp_path / "word"))
    return str(tmp_path / "house.backup")


async def _newer(house: House, file: str = "operator.db") -> None:
    """Two publications more, of a lease and of staff with hours."""
    await house.operate("lease", "add", LOCK, "--until", _UNTIL, "--note", "flat 3", file=file)
    await house.operate("publish", file=file)
    hours = ("--hours", "mon-fri 08:00-17:00, sat+holiday 09:00-12:00")
    await house.operate("staff", "add", LOCK, "Anna", "--card", _CARD, *hours, "--yes", file=file)
    await house.operate("holiday", "add", "2030-12-25", file=file)
    await house.operate("publish", file=file)


@pytest.mark.parametrize("how", ["restored", "copied", "copied, lock offline"])
async def test_an_older_copy_of_the_file_takes_over_what_was_published_since(
    house: House, backup: str, how: str
) -> None:
    """Nothing is sent before the lock was asked; then the copy goes on as the file would have."""
    await house.add_lease()
    async with answering(house.broker) as lock:
        await house.operate("publish")
        await house.operate("backup", backup)
        for ending_ in ("db", "key"):
            shutil.copy(house.folder / f"operator.{ending_}", house.folder / f"copy.{ending_}")
        await _newer(house)
        heads = len(lock.heads)
        if how != "copied, lock offline":
            await lock.say("state", True, online=True, **{**STATE, "list": 3, "hash": lock.named(-1)})
        else:
            await lock.say("state", True, online=False, order=0)
        if how == "restored":
            await house.operate("restore", backup, file="again/operator.db")
        file = "again/operator.db" if how == "restored" else "copy.db"
        said = (await house.operate("publish", file=file, fails=True)).output
        assert "kept back" in said
        assert "menshen check" in said
        said = (await house.operate("check", "--yes", file=file)).output
        for part in ("taken over", "lease 2: came into the file", "came into the file"):
            assert part in said, said
        assert len(lock.heads) == heads  # nothing was sent
        before, after = open_house(house.folder / "operator.db"), open_house(house.folder / file)
        assert lists.snapshot(_records(before)) == lists.snapshot(_records(after))
        assert before.lock(LOCK)["version"] == after.lock(LOCK)["version"] == 3
        before.close()
        after.close()
        await lock.say("state", True, online=True, **{**STATE, "list": 3, "hash": lock.named(-1)})
        assert f"{LOCK}: list 3 held" in (await house.operate("publish", file=file)).output
        await house.operate("lease", "extend", "2", "--until", "2031-01-31", "--yes", file=file)
        assert f"{LOCK}: list 4 accepted" in (await house.operate("publish", file=file)).output


def _records(store: object) -> list[bytes]:
    from menshen.operator import records
    from menshen.operator.store import Store

    assert isinstance(store, Store)
    return records.records(store, LOCK)


async def test_a_list_that_nobody_has_any_more_gets_one_above_it(house: House) -> None:
    """The broker has lost what it kept, and the lock has a list of a copy that is lost."""
    await house.add_lease()
    async with answering(house.broker) as lock:
        await house.operate("publish")
        await lock.say("state", True, online=True, **{**STATE, "list": 7, "hash": "0" * 32})
        said = (await house.operate("check")).output
        assert "another list 7" in said
        assert f"{LOCK}: list 8 accepted" in (await house.operate("publish")).output


async def test_what_was_lost_can_be_entered_again_though_lists_are_refused(
    house: House,
) -> None:
    """Two leases came after the backup; until both are there under their numbers, the lock takes no list."""
    await house.add_lease()
    async with answering(house.broker) as lock:
        await house.operate("publish")
        await lock.say("state", True, online=True, **{**STATE, "list": 7, "hash": "0" * 32})
        said = (await house.operate("check")).output
        assert "in their order" in said
        lock.answer = {"result": "refused", "reason": "lease locked out"}
        for number in (2, 3):
            await house.operate("lease", "add", LOCK, "--until", _UNTIL)
            said = (await house.operate("publish", fails=True)).output
            assert "what you entered stays" in said
            leases = json.loads((await house.operate("lease", "list", "--json")).stdout)
            assert [one["number_there"] for one in leases] == list(range(1, number + 1))
        lock.answer = {"result": "accepted"}
        assert f"{LOCK}: list 9 held" not in (await house.operate("publish")).output
        await house.operate("lease", "add", LOCK, "--until", _UNTIL)
        lock.answer = {"result": "refused", "reason": "lease locked out"}
        assert "as the lock's own list again" in (await house.operate("publish", fails=True)).output
        assert len(json.loads((await house.operate("lease", "list", "--json")).stdout)) == 3


async def test_a_broker_makes_up_no_list_to_take_over(house: House) -> None:
    """What the lock's key has not signed is nothing, whatever it says."""
    await house.add_lease()
    async with answering(house.broker) as lock:
        await house.operate("publish")
        await lock.say("state", True, online=True, **{**STATE, "list": 1, "hash": lock.named(-1)})
    forged = lists.Head(9, 9, lists.snapshot([])).signed(LOCK, bytes(31) + b"1")
    async with client(house.broker, house.broker.operator(), "enemy") as enemy:
        for message in (forged, "a.b.c", "", "\xff", lists.Head(9, 9, b"").signed("other", bytes(32))):
            await enemy.publish(f"{ROOT}/{LOCK}/list", message, qos=1, retain=True)
            said = (await house.operate("check")).output
            assert "same" in said, said
    assert "1" in (await house.operate("lease", "list")).output


async def test_a_hundred_doors_are_published_in_ten_seconds(house: House) -> None:
    names = [f"flat-{n}" for n in range(1, 101)]
    await asyncio.to_thread(keys, house.folder, *names)
    rows = [f"lock,{name},,,,{name}.key" for name in names]
    rows += [f"lease,{names[n % 100]},lease of {n},,{_UNTIL}," for n in range(300)]
    table = house.folder / "house.csv"
    table.write_text("\n".join(["kind,doors,name,from,until,key_file", *rows, ""]))
    await house.operate("import", str(table), "--yes")
    at, own = (house.broker.host, house.broker.port), house.broker.operator()
    async with accepting(at, house.folder, own, [*names, LOCK]):
        started = time.monotonic(), time.process_time()
        said = (await house.operate("publish")).output
        took = time.monotonic() - started[0], time.process_time() - started[1]
    assert said.count("accepted") == 101, said
    print(f"100 doors published in {took[0]:.1f} s, {took[1]:.1f} s of CPU time (both sides)")
    assert took[1] < 10
