"""Commands from afar, on the whole lock: what they do, what is told of them, and what opens nothing."""

from collections.abc import Callable

import pytest
import pytest_asyncio

from menshen.operator.commands import Command, staff_key
from menshen.operator.lists import mac
from menshen.simulator.provision import DEMO_PIN
from tests.simulated_lock import Lock

_GUEST_KEY = 7  # the role, in the table of what residents set
_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}


@pytest_asyncio.fixture
async def lock(make_lock: Callable) -> Lock:
    """The demo lock, online, and with the time from the network."""
    lock = await make_lock(settings=_SETTINGS, sntp=True)
    await lock.wait_armed()
    assert (await lock.wait_online())["json"]["clock"] == "network"
    return lock


def _key(lock: Lock) -> bytes:
    return lock.world.provision.key


async def _answer(lock: Lock, message: str, retain: bool = False) -> dict:
    await lock.publish("command", message, retain)
    return (await lock.wait_message("ack"))["json"]


def _cleaner(lock: Lock) -> bytes:
    return mac(_key(lock), b"\x02" + lock.world.cards["cleaner"].uid)[:16]


def _grants(lock: Lock) -> int:
    return sum(e["type"] == "pin" and e["name"] == "relay" and e["level"] == 1 for e in lock.events)


async def test_a_lock_shows_itself_and_tells_how_it_is(lock: Lock) -> None:
    show, test = Command("demo", "identify"), Command("demo", "self-test")
    await lock.publish("command", show.message(_key(lock)))
    await lock.wait_light("identify")
    assert (await lock.wait_message("ack"))["json"]["nonce"] == show.nonce
    answer = await _answer(lock, test.message(_key(lock)))
    assert (answer["result"], answer["faults"], answer["list"]) == ("done", [], 1)


@pytest.mark.slow
async def test_it_restarts_once_in_one_to_two_minutes(lock: Lock) -> None:
    restart = Command("demo", "restart", life_s=600)  # replayed, it must not be too old as well
    answer = await _answer(lock, restart.message(_key(lock)))
    assert (answer["result"], answer["nonce"]) == ("done", restart.nonce)
    reset = await lock.wait_event(lambda e: e["type"] == "reset", 240)
    assert reset["name"] == "HARD_RESET"
    lock.since_us = reset["us"]
    await lock.wait_online()
    assert (await _answer(lock, restart.message(_key(lock))))["reason"] == "replayed"


async def test_staff_unlock_with_a_key_of_their_own_once_and_it_is_reported(lock: Lock) -> None:
    digest = _cleaner(lock)
    unlock = Command("demo", "unlock")
    proof = unlock.proof(staff_key(_key(lock), digest))
    message = unlock.message(_key(lock), credential=digest.hex(), proof=proof)
    await lock.publish("command", message)
    await lock.wait_unlocked()
    report = (await lock.wait_message("staff"))["json"]
    assert (report["credential"], report["kind"]) == (digest.hex(), "remote")
    await lock.wait_locked()
    assert (await _answer(lock, message))["reason"] == "replayed"
    await lock.power(False)
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()
    assert (await _answer(lock, message))["reason"] == "replayed"
    assert _grants(lock) == 1


async def test_a_tenant_unlocks_with_the_guest_key_and_nothing_is_told_of_it(lock: Lock) -> None:
    await lock.keys(DEMO_PIN + "*4#")
    await lock.wait_light("enrolling")
    await lock.power(False)
    body = lock.world.board.read_file("/access/people1")[4:-32]
    guest_key = next(body[n : n + 16] for n in range(0, len(body), 20) if body[n + 16] == _GUEST_KEY)
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()
    unlock = Command("demo", "unlock")
    await lock.publish("command", unlock.message(_key(lock), lease=1, proof=unlock.proof(guest_key)))
    await lock.wait_unlocked()
    await lock.wait_locked()
    for wrong in (guest_key, bytes(16)):  # the same command again, and one that is not the tenant's
        await lock.publish("command", unlock.message(_key(lock), lease=1, proof=unlock.proof(wrong)))
    identify = Command("demo", "identify")
    await lock.publish("command", identify.message(_key(lock)))
    await lock.wait_event(lambda e: e["type"] == "operator" and identify.nonce in e["payload"])
    told = [e["topic"].rpartition("/")[2] for e in lock.events if e["type"] == "operator"]
    # one of the states is the last will
    assert [leaf for leaf in told if leaf != "command"] == ["state", "state", "state", "ack"]
    assert _grants(lock) == 1  # once from afar


async def test_a_retained_command_to_unlock_opens_nothing_at_any_start(lock: Lock) -> None:
    digest = _cleaner(lock)
    unlock = Command("demo", "unlock", life_s=600)
    proof = unlock.proof(staff_key(_key(lock), digest))
    message = unlock.message(_key(lock), credential=digest.hex(), proof=proof)
    await lock.power(False)
    await lock.publish("command", message, retain=True)
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()
    assert (await lock.wait_message("ack"))["json"]["reason"] == "retained"
    assert _grants(lock) == 0


async def test_the_operators_key_alone_opens_nothing(lock: Lock) -> None:
    for who in ({"lease": 1}, {"credential": _cleaner(lock).hex()}, {}):
        unlock = Command("demo", "unlock")
        await lock.publish("command", unlock.message(_key(lock), **who, proof=unlock.proof(_key(lock))))
    identify = Command("demo", "identify")
    await lock.publish("command", identify.message(_key(lock)))
    await lock.wait_event(lambda e: e["type"] == "operator" and identify.nonce in e["payload"])
    assert _grants(lock) == 0


async def test_without_the_time_no_command_is_carried_out(make_lock: Callable) -> None:
    lock = await make_lock(settings=_SETTINGS)
    await lock.wait_armed()
    await lock.wait_online()
    assert (await _answer(lock, Command("demo", "identify").message(_key(lock))))["reason"] == "no clock"
