"""A landlord's first hour: all that happens in a house, by the page's commands, and what its doors do.

Mosquitto with the shipped rules, three whole locks provisioned over their cables, each command a process of
its own. One lock is offline through nearly all of it. At the end all that is kept is searched for residents.
"""

import asyncio
import datetime as dt
import json
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from menshen.operator import lists
from menshen.operator.lists import PIN, TENANT, Credential
from tests.integration.helpers.first_hour import Hour, first_hour, release

HOUSE, ONE, TWO = "house-door", "flat-1", "flat-2"
ANNA, BEN, BEN_AGAIN, CLEO, DORA = "271828", "314159", "918273", "161803", "577215"
_WORD = "correct horse battery"
pytestmark = pytest.mark.slow


async def test_a_landlords_first_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "word").write_text(_WORD)
    monkeypatch.setenv("MENSHEN_BACKUP_PASSPHRASE_FILE", str(tmp_path / "word"))
    began, backup, secrets = time.monotonic(), tmp_path / "house.backup", []
    async with first_hour(tmp_path) as hour:
        print(f"\n{time.monotonic() - began:6.1f} s  broker, three boards, leases, staff, a holiday, lists")
        steps: list[tuple[str, Callable[[], Awaitable]]] = [
            ("residents move in; one lock goes offline", lambda: _move_in(hour)),
            ("a lost card, and a key for guests", lambda: _lose_a_card(hour, secrets)),
            ("staff, once", lambda: _staff(hour)),
            ("a lease made shorter, with consent", lambda: _shorten(hour)),
            ("a backup", lambda: hour.menshen("backup", str(backup))),
            ("a forgotten PIN; a flatmate moves out", lambda: _forget(hour)),
            ("a lease that ends", lambda: _end(hour)),
            ("the backup comes back, older than what the locks hold", lambda: _restore(hour, backup)),
            ("a dead board", lambda: _replace(hour, tmp_path / "new")),
            ("a release", lambda: _update(hour, tmp_path)),
            ("the lock that was offline", lambda: _catch_up(hour)),
        ]
        for what, deed in steps:
            at = time.monotonic()
            await deed()
            print(f"{time.monotonic() - at:6.1f} s  {what}")
        staff = await hour.menshen("staff", "log", "--wait", "1")
        assert len(re.findall("Mr Bell", staff)) == 1, staff  # and nobody else is in it
        assert len(json.loads(await hour.menshen("staff", "log", "--json"))) == 1
    _search(tmp_path, secrets)
    print(f"{time.monotonic() - began:6.1f} s  in all")


async def _move_in(hour: Hour) -> None:
    anna, cleo = (hour.house.codes[flat].replace(" ", "") for flat in (ONE, TWO))
    for door in (HOUSE, ONE):
        await hour.doors[door].move_in(anna, ANNA)
    for door in (HOUSE, TWO):
        await hour.doors[door].move_in(cleo, CLEO)
    await hour.doors[TWO].network(False)
    ben = hour.code(await hour.menshen("lease", "code", "flat 1"))
    said = await hour.publish()
    assert said.count("accepted") == 2, said
    for door in (HOUSE, ONE):
        await hour.doors[door].move_in(ben, BEN)
        await hour.doors[door].opens(ANNA)
    await hour.doors[ONE].stays_shut(CLEO)


async def _lose_a_card(hour: Hour, secrets: list[bytes]) -> None:
    door = hour.doors[ONE]
    await door.talk((ANNA + "*2#", "enrolling"))
    async with door.tap("tenant"):
        await door.wait_light("kept")
    await door.wait_light("idle")
    await door.tap_to_relay("tenant")
    await door.wait_locked()
    await door.talk((ANNA + "*30#", "kept"))
    await door.wait_light("idle")
    await door.shuts_out("tenant")
    await door.talk((ANNA + "*4#", "enrolling"))
    async with door.tap("phone"):
        read = await door.wait_event(lambda event: event["type"] == "phone" and event["read"])
    groups = re.findall(r"\b[0-9a-f]{4}\b", read["read"])
    assert len(groups) == 8, read
    secrets += [bytes.fromhex("".join(groups)), " ".join(groups).encode(), door.world.cards["tenant"].uid]


async def _staff(hour: Hour) -> None:
    door = hour.doors[HOUSE]
    card = door.world.cards["stranger"].uid.hex()
    await hour.menshen("staff", "add", HOUSE, "Heating, Mr Bell", "--card", card, "--uses", "1")
    await hour.publish()
    await door.opens(CLEO)  # that Ben has moved in is shown first
    await door.tap_to_relay("stranger")
    await door.wait_locked()
    await door.talk((CLEO + "#", "staff"))
    await door.wait_locked()
    await door.shuts_out("stranger")
    staff = await hour.menshen("staff", "log", "--wait", "1")
    assert len(re.findall("Mr Bell", staff)) == 1, staff


async def _shorten(hour: Hour) -> None:
    last = dt.datetime.now(dt.UTC).date() + dt.timedelta(60)
    line = ("lease", "shorten", "flat 1", "--until", str(last))
    await hour.menshen(*line)
    assert (await hour.publish(status=1)).count("refused: lease shortened") == 2
    for door in (HOUSE, ONE):
        for pin in (ANNA, BEN):
            await hour.doors[door].talk((pin + "*5#", "enrolling"), (f"{last:%d%m%y}#", "kept"))
    for _ in range(2):
        await hour.pass_days(1, HOUSE, ONE)
    await hour.menshen(*line)
    said = await hour.publish()  # a lock that saw its broker before found the list there, and took it
    for door in (HOUSE, ONE):
        assert re.search(rf"{door}: list \d+ (accepted|held)", said), said
    assert str(last) in await hour.menshen("lease", "list")
    for door in (HOUSE, ONE):
        await hour.doors[door].opens(ANNA)


async def _forget(hour: Hour) -> None:
    code = hour.code(await hour.menshen("lease", "code", "flat 1"))
    await hour.publish()
    for door in (HOUSE, ONE):
        await hour.doors[door].move_in(code, BEN_AGAIN)
        await hour.doors[door].talk((BEN_AGAIN + "*9#", "enrolling"), (BEN_AGAIN + "#", "kept"))
        await hour.doors[door].stays_shut(BEN_AGAIN)
        await hour.doors[door].opens(ANNA)


async def _end(hour: Hour) -> None:
    last = dt.datetime.now(dt.UTC).date() + dt.timedelta(1)
    line = ("lease", "add", HOUSE, "--until", str(last), "--note", "flat 3")
    code = hour.code(await hour.menshen(*line))
    await hour.publish()
    await hour.doors[HOUSE].move_in(code, DORA)
    assert "ended early" in await hour.menshen("lease", "end", "flat 3", status=1)
    await hour.pass_days(3, HOUSE, ONE, calendar=True)
    await hour.doors[HOUSE].stays_shut(DORA)
    await hour.doors[HOUSE].opens(ANNA)
    await hour.menshen("lease", "end", "flat 3")
    said = await hour.publish()
    assert "refused" not in said, said


async def _restore(hour: Hour, backup: Path) -> None:
    """From here on the landlord works with the file of the backup."""
    hour.file = backup.parent / "again" / "house.db"
    await hour.menshen("restore", str(backup))
    assert "kept back" in await hour.publish(status=1)
    assert "taken over" in await hour.menshen("check", "--yes")
    await hour.menshen("lease", "extend", "flat 2", "--until", f"{dt.date.today().year + 2}-12-31")
    said = await hour.publish()
    assert "accepted" in said, said
    for pin in (ANNA, CLEO):
        await hour.doors[HOUSE].opens(pin)
    await hour.doors[HOUSE].stays_shut(DORA)


async def _replace(hour: Hour, new: Path) -> None:
    """A new board takes the door's place: nothing of the old key opens it, and who has its code moves in."""
    old = (hour.house.folder / "settings" / f"{ONE}.key").read_bytes()
    await hour.replace_board(ONE, new)
    door = hour.doors[ONE]
    await door.stays_shut(ANNA)
    said = await hour.menshen("lock", "replace", ONE, "--key-file", str(new / f"{ONE}.key"), "--yes")
    code = hour.code(said)
    said = await hour.publish()
    assert "accepted" in said, said
    await door.shuts_out("tenant")
    everybody = lists.snapshot([Credential(PIN, ANNA.encode(), TENANT, lease=1).record(old)])
    forged = lists.Head(99, 99, everybody).signed(ONE, old)
    topic = f"menshen/v1/{ONE}"
    await door.world.publish(f"{topic}/list", forged.encode())
    await door.wait_event(lambda e: e["type"] == "operator" and "bad signature" in e["payload"])
    await door.stays_shut(ANNA)
    await door.move_in(code, ANNA)
    await hour.doors[HOUSE].opens(ANNA)  # where nothing was replaced all is as it was
    assert re.search(rf"Flat 1.*{ONE}|{ONE}.*Flat 1", await hour.menshen("lock", "list"))


async def _update(hour: Hour, folder: Path) -> None:
    folder = await asyncio.to_thread(release, folder, "7.0.0")
    line = ("release", "roll-out", "--release", str(folder), "--wait", "0", "--groups", "1,100%")
    said = await hour.menshen(*line)
    assert "feature 7.0.0: done" in said, said
    for door in (HOUSE, ONE):
        await hour.doors[door].opens(ANNA)


async def _catch_up(hour: Hour) -> None:
    """Through all of it its tenant came in; now it has the newest list and the release, by itself."""
    door = hour.doors[TWO]
    await door.opens(CLEO)
    newest = re.search(r"list (\d+) waiting", await hour.publish())
    assert newest
    await door.network(True)
    await door.wait_state(online=True, firmware="7.0.0", list=int(newest[1]))
    await door.opens(CLEO)
    alarms = await hour.menshen("alarms", "--wait", "1")  # whoever types wrong codes is told of
    assert alarms.count("wrong codes") == 2, alarms
    health = await hour.menshen("health")
    assert health.count("well") >= 3, health


def _search(folder: Path, secrets: list[bytes]) -> None:
    """File, backups, the broker's store and logs: no resident's PIN, card or guest key, and no entry."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    kept = [path for path in files if not _is_the_locks(path.relative_to(folder))]
    names = {path.name for path in kept}
    assert {"house.db", "house.backup", "mosquitto.db"} <= names, names
    keys = [
        path.read_bytes() for path in folder.rglob("*.key") if path.name.startswith(("house-door", "flat-"))
    ]
    pins = [pin.encode() for pin in (ANNA, BEN, BEN_AGAIN, CLEO, DORA)]
    digests = [Credential(PIN, pin, TENANT).record(key)[:16] for pin in pins for key in keys]
    assert len(digests) == 4 * len(pins)
    for path in kept:
        data = path.read_bytes()
        for secret in [*digests, *secrets]:
            assert secret not in data, path
            assert secret.hex().encode() not in data, path
        for pin in pins:  # among hexadecimal digits six can come together by chance
            assert not re.search(rb"(?<![0-9A-Fa-f])" + pin + rb"(?![0-9A-Fa-f])", data), (path, pin)


def _is_the_locks(path: Path) -> bool:
    """The boards' own flash, and what was built for it."""
    return path.parts[:2] == ("house", "boards") or path.parts[0] in ("app", "fakes", "7.0.0")
