"""The operator's command line at a real broker over TLS: what it publishes, and what it makes of answers."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from menshen import ending
from menshen.operator import health, lists
from menshen.operator.lists import PIN, TENANT, Credential
from menshen.simulator.provision import lock_key
from tests.integration.helpers.landlord import LOCK, STATE, House, answering
from tests.integration.helpers.rights import ROOT, client
from tests.simulated_lock import Lock
from tests.tools.helpers.houses import open_house

_SETTINGS = {"broker": {"tls": True, "backoff_cap_s": 1}, "relay": {"seconds": 1}}


async def test_a_refused_list_is_taken_back_and_what_was_refused_is_said(house: House) -> None:
    await house.begin(bytes(32))
    await house.add_lease()
    async with answering(house.broker) as lock:
        assert "demo: list 1 accepted" in (await house.operate("publish", LOCK)).output
        await house.operate("staff", "add", LOCK, "Anna", "--card", "04a1b2c3d4e5f6")
        lock.answer = {"result": "refused", "reason": "lease locked out"}
        said = (await house.operate("publish", "--all", fails=True)).output
        for part in ("list 2 refused: lease locked out", "no way in", "staff Anna: was to be new"):
            assert part in said, said
        assert "Anna" not in (await house.operate("staff", "list")).output
        assert "not published" not in (await house.operate("lease", "list")).output
        lock.answer = {"result": "accepted"}
        assert "demo: list 3 accepted" in (await house.operate("publish", LOCK)).output
        lock.answer = {"result": "refused", "reason": "flash error"}
        await house.operate("staff", "add", LOCK, "Bert", "--card", "04a1b2c3d4e5f6")
        await house.operate("publish", LOCK, fails=True)  # the list is not to blame: it is kept
        assert "Bert" in (await house.operate("staff", "list")).output
        lock.answer = {"result": "accepted"}
        assert "demo: list 4 accepted" in (await house.operate("publish", LOCK)).output
        assert "demo: list 4 held" in (await house.operate("publish", LOCK)).output  # the state says 0 still
    assert [head["version"] for head in lock.heads] == [1, 2, 3, 4, 4]


async def test_a_move_out_that_nobody_confirmed_is_taken_back(house: House) -> None:
    await house.begin(bytes(32))
    await house.add_lease()
    async with answering(house.broker) as lock:
        await house.operate("publish", LOCK)
        await house.operate("lease", "end", "1", "--moved-out")
        lock.answer = {"result": "refused", "reason": "lease shortened"}
        said = (await house.operate("publish", LOCK, fails=True)).output
        for part in ("list 2 refused: lease shortened", "still runs", "lease 1: was to be removed"):
            assert part in said, said
        assert "lease" in (await house.operate("lease", "list")).output
        assert "1" in (await house.operate("lease", "list", LOCK)).output


async def test_an_offline_lock_waits_and_finds_its_list_at_the_broker(house: House) -> None:
    await house.begin(bytes(32))
    assert "list 1 waiting: it has never been heard of" in (await house.operate("publish", LOCK)).output
    async with answering(house.broker) as lock:
        await lock.say("state", True, online=False)
    assert "list 1 waiting: it is offline" in (await house.operate("publish", LOCK)).output
    async with answering(house.broker) as lock:
        await lock.say("state", True, online=True, **{**STATE, "list": 1})
        assert "demo: list 1 held" in (await house.operate("publish", LOCK)).output


async def test_health_shows_the_device_in_a_table_and_a_picture(house: House) -> None:
    await house.begin(bytes(32))
    async with answering(house.broker) as lock:
        await lock.say("state", True, online=True, **{**STATE, "faults": ["reader"]})
        picture = house.folder / "fleet.svg"
        said = (await house.operate("health", "--picture", str(picture), fails=True)).output
    row = next(line for line in said.splitlines() if "demo" in line)
    for word in ("fault", "0.9.1", "network", "good", "reader"):
        assert word in row, said
    drawn = picture.read_text()
    assert "<title>demo: fault reader</title>" in drawn
    assert "1 fault" in drawn


async def test_whoever_watches_sees_a_lock_go_and_what_it_says_steers_nothing(house: House) -> None:
    await house.begin(bytes(32))
    picture = house.folder / "fleet.svg"
    store = open_house(house.folder / "operator.db")
    async with answering(house.broker) as lock:
        await lock.say("state", True, online=True, **{**STATE, "firmware": "\x1b[2J[red]\0", "faults": 5})
        said = (await house.operate("health", fails=True)).output
        async with ending.running(health.watch(store, picture)):
            await _until(lambda: picture.exists() and "1 fault" in picture.read_text())
            await lock.say("state", True, online=False)
            await _until(lambda: "1 offline" in picture.read_text())
    store.close()
    assert "\x1b" not in said
    assert "?[2J[red]?" in said


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not true():  # noqa: ASYNC110 (a file tells nobody)
            await asyncio.sleep(0.02)


async def test_a_broker_of_a_strangers_authority_is_told_nothing(house: House) -> None:
    await house.begin(bytes(32))
    (house.folder / "ca.crt.pem").write_bytes(house.broker.stranger.certificate_pem)
    for command in (["publish", LOCK], ["health"], ["staff", "log"]):
        said = (await house.operate(*command, fails=True)).output
        assert "certificate verify failed" in said, said
    assert json.loads((await house.operate("lock", "list", "--json")).output)[0]["list"] == 0


async def test_staff_reports_are_shown_by_name_and_once_even_if_nobody_was_there(house: House) -> None:
    key = bytes(32)
    await house.begin(key)
    await house.operate("staff", "add", LOCK, "Anna", "--card", "04a1b2c3d4e5f6")
    await house.operate("staff", "log", "--wait", "1")  # from now on the broker keeps them
    record = lists.Credential(lists.CARD, bytes.fromhex("04a1b2c3d4e5f6"), lists.STAFF).record(key)
    report = {"n": 5, "missed": 0, "time": 1_795_000_000, "credential": record[:16].hex(), "kind": "card"}
    async with answering(house.broker) as lock:
        await lock.say("staff", **report)
        await lock.say("staff", **report)
        await lock.say("staff", n=6, missed=0, time=None, credential="00" * 16, kind="pin")
    await house.operate("staff", "remove", LOCK, "Anna")
    for _ in range(2):
        said = (await house.operate("staff", "log", "--wait", "1")).output
        assert said.count("Anna") == 1, said
        assert "2026-11-18" in said
        assert f"unknown {'00' * 16}" in said
        assert "no clock" in said


async def _online(house: House) -> None:
    """Wait until the broker has heard it from the lock: the simulator cannot look into TLS."""
    await ending.within(90, _hear_it_online(house))


async def _hear_it_online(house: House) -> None:
    async with client(house.broker, house.broker.operator(), "onlooker") as connected:
        await connected.subscribe(f"{ROOT}/{LOCK}/state", qos=1)
        async for message in connected.messages:
            assert isinstance(message.payload, bytes)
            if json.loads(message.payload)["online"]:
                return


async def test_from_a_lease_to_a_tenant_who_opens_the_door(
    house: House, make_lock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole lock: the move-in code at the keypad, a PIN of the tenant's own, and the door."""
    workdir = tmp_path / "lock"
    key = lock_key(workdir)
    own = house.broker.lock(LOCK)
    files = {
        "/tls/lock.key.der": own.key_der,
        "/tls/lock.crt.der": own.certificate_der,
        "/tls/ca.crt.der": house.broker.authority.certificate_der,
        **lists.flash_files(key, 1, lists.snapshot([])),
    }
    lock: Lock = await make_lock(
        workdir, tls_address=(house.broker.host, house.broker.port), settings=_SETTINGS, files=files
    )
    await lock.wait_armed()
    await _online(house)
    await house.begin(key)
    code = await house.add_lease()
    assert "demo: list 2 accepted" in (await house.operate("publish", LOCK)).output
    for keys, light in ((code, "enrolling"), ("271828", "enrolling"), ("271828", "kept")):
        await lock.keys(keys + "#")
        await lock.wait_light(light)
    await lock.keys("271828#")
    await lock.wait_unlocked()
    await lock.wait_locked()
    said = (await house.operate("health")).output
    assert "well" in said, said
    assert "271828" not in said
    (tmp_path / "word").write_text("correct horse battery")
    monkeypatch.setenv("MENSHEN_BACKUP_PASSPHRASE_FILE", str(tmp_path / "word"))
    await house.operate("backup", str(house.folder / "house.backup"))
    await house.operate("restore", str(house.folder / "house.backup"), file="again/operator.db")
    residents = (b"271828", code.encode(), Credential(PIN, b"271828", TENANT).record(key)[:16])
    kept = [path for path in house.folder.rglob("*") if path.is_file() and path.name != "demo.key"]
    assert {"operator.db", "house.backup"} <= {path.name for path in kept}
    for path in kept:
        for secret in residents:
            assert secret not in path.read_bytes(), path
            assert secret.hex().encode() not in path.read_bytes(), path
    for table in ("staff_entry", "alarm"):
        store = open_house(house.folder / "operator.db")
        assert store.run(f"select * from {table}") == []  # noqa: S608 (of two names)
        store.close()
