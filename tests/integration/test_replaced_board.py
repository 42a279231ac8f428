"""The old board of a door is on again after it was replaced: one name, two keys, two certificates."""

import asyncio
import json
from pathlib import Path

import pytest

from menshen.operator import lists
from menshen.operator.lists import PIN, TENANT, Credential
from menshen.simulator.provision import lock_key
from tests.integration.helpers.landlord import LOCK, House, answering
from tests.integration.helpers.rights import ROOT, client
from tests.simulated_lock import Lock

ANNA, NEW_ANNA = "271828", "314159"
_PATIENCE_S = 120
_CARD = "04a1b2c3d4e5f6"
_SETTINGS = {"broker": {"tls": True, "backoff_cap_s": 1}, "relay": {"seconds": 1}}


async def _board(house: House, make_lock, workdir: Path) -> Lock:
    """A board for the door, with a key and a certificate of its own, online."""
    own, key = house.broker.lock(LOCK), lock_key(workdir)
    files = {
        "/tls/lock.key.der": own.key_der,
        "/tls/lock.crt.der": own.certificate_der,
        "/tls/ca.crt.der": house.broker.authority.certificate_der,
        **lists.flash_files(key, 1, lists.snapshot([])),
    }
    at = house.broker.host, house.broker.port
    lock: Lock = await make_lock(workdir, tls_address=at, settings=_SETTINGS, files=files)
    await lock.wait_armed()
    await lock.world.board.wait_line("link: online")
    return lock


async def _move_in(lock: Lock, code: str, pin: str) -> None:
    for keys, light in ((code, "enrolling"), (pin, "enrolling"), (pin, "kept")):
        await lock.keys(keys + "#")
        await lock.wait_light(light)
    await _opens(lock, pin)


async def _opens(lock: Lock, pin: str) -> None:
    await lock.keys(pin + "#")
    await lock.wait_unlocked()
    await lock.wait_locked()


async def _kept(house: House, **wanted: object) -> None:
    """The broker's state of this name comes to be this one."""
    async with client(house.broker, house.broker.operator(), "onlooker") as onlooker:
        await onlooker.subscribe(f"{ROOT}/{LOCK}/state", qos=1)
        async with asyncio.timeout(_PATIENCE_S):
            async for message in onlooker.messages:
                assert isinstance(message.payload, bytes)
                if wanted.items() <= json.loads(message.payload).items():
                    return


@pytest.mark.slow
async def test_the_old_board_is_on_again_and_nothing_of_it_opens_or_stops_the_new_one(
    house: House, make_lock, tmp_path: Path
) -> None:
    old_key = lock_key(tmp_path / "old")
    await house.begin(old_key)
    old = await _board(house, make_lock, tmp_path / "old")
    code = await house.add_lease()
    assert "list 2 accepted" in (await house.operate("publish")).output
    await _move_in(old, code, ANNA)
    await old.power(False)

    new = await _board(house, make_lock, tmp_path / "new")
    path = house.folder / "new.key"
    path.write_text(lock_key(tmp_path / "new").hex())
    said = (await house.operate("lock", "replace", LOCK, "--key-file", str(path), "--yes")).output
    assert "The old board stays off" in said
    code = said.partition("move-in code of ")[2].partition(": ")[2].splitlines()[0].replace(" ", "")
    assert "list 3 accepted" in (await house.operate("publish")).output
    await _move_in(new, code, NEW_ANNA)

    await old.power(True)
    await old.world.board.wait_line("link: online")
    await _kept(house, online=True, list=2)  # the broker keeps what was said last, by whichever of the two
    await house.operate("staff", "add", LOCK, "Mr Bell", "--card", _CARD, "--yes")
    assert "list 4 accepted" in (await house.operate("publish")).output
    assert "violet" in (await house.operate("identify", LOCK)).output
    await _opens(new, NEW_ANNA)
    await new.keys(ANNA + "#")  # by the old key alone
    await new.wait_light("denied")
    everybody = lists.snapshot([Credential(PIN, ANNA.encode(), TENANT, lease=1).record(old_key)])
    async with client(house.broker, house.broker.operator(), "thief") as thief:
        forged = lists.Head(99, 99, everybody).signed(LOCK, old_key)
        await thief.subscribe(f"{ROOT}/{LOCK}/ack", qos=1)
        await thief.publish(f"{ROOT}/{LOCK}/list", forged, qos=1)
        async with asyncio.timeout(_PATIENCE_S):
            async for message in thief.messages:  # what the old one makes of it opens no door any more
                assert isinstance(message.payload, bytes)
                if json.loads(message.payload).get("reason") == "bad signature":
                    break
    await new.keys(ANNA + "#")
    await new.wait_light("denied")
    for board in (old, new):  # neither ended the other's connection
        assert sum("link: online" in line for line in board.world.board.console.since_start) == 1

    await old.power(False)
    await _kept(house, online=False)  # its last will
    await new.power(False)
    await new.power(True)
    await _kept(house, online=True, list=4)
    assert "well" in (await house.operate("health")).output
    await _opens(new, NEW_ANNA)


async def test_a_refusal_that_names_no_list_waits_for_the_answer_of_the_new_board(house: House) -> None:
    await house.begin(bytes(32))
    async with answering(house.broker) as lock:
        assert "still on?" not in (await house.operate("publish")).output
        lock.also = [{"list": None, "result": "refused", "reason": "bad signature"}]
        await house.add_lease()
        said = (await house.operate("publish")).output
        assert "list 2 accepted" in said
        assert "is the old one still on?" in said


async def test_a_refusal_that_nothing_better_follows_is_the_locks_own(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("menshen.operator.publishing._DOUBT_S", 1)
    await house.begin(bytes(32))
    async with answering(house.broker) as lock:
        lock.answer = {"list": None, "result": "refused", "reason": "bad signature"}
        said = (await house.operate("publish", fails=True)).output
        assert "list 1 refused: bad signature" in said
        assert "the key in the file is not this lock's" in said
