"""It fails locked, and never opens by accident."""

import json

import pytest

from menshen.simulator import provision
from tests.simulated_lock import Lock
from tests.slots import change_slot, compiled


def _relay(lock: Lock, since: int = 0) -> list[int | None]:
    return [
        e["level"] for e in lock.events if e["type"] == "pin" and e["name"] == "relay" and e["us"] >= since
    ]


@pytest.mark.parametrize("cause", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("unlock_level", [0, 1])
async def test_the_relays_first_edge_is_safe_at_every_reset_cause(
    make_lock, cause: int, unlock_level: int
) -> None:
    lock = await make_lock(settings={"relay": {"unlock_level": unlock_level, "seconds": 5}})
    await lock.wait_armed()
    await lock.wait_online()
    await lock.power(False)
    lock.since_us = lock.events[-1]["us"] + 1
    await lock.world.board.power_on(cause)
    await lock.wait_armed()
    await lock.wait_event(lambda e: e["type"] == "pin" and e["name"] == "relay" and e["level"] is not None)
    edges = [level for level in _relay(lock, lock.since_us) if level is not None]
    assert edges
    assert set(edges) == {1 - unlock_level}
    boot = await lock.wait_event(lambda e: e["type"] == "boot")
    pins = [
        e for e in lock.since() if e["type"] == "pin" and e["us"] >= boot["us"] and e["level"] is not None
    ]
    assert pins[0]["name"] == "relay"  # before any other pin, and so before anything else is done


@pytest.mark.parametrize("unlock_level", [0, 1])
async def test_boot_holds_the_bolt_even_where_no_application_starts(make_lock, unlock_level: int) -> None:
    lock = await make_lock(settings={"relay": {"unlock_level": unlock_level, "seconds": 5}})
    await lock.wait_armed()
    await lock.wait_online()
    await lock.power(False)
    change_slot(lock.world.board, {"app.mpy": compiled("raise ImportError\n")})
    await lock.power(True)
    await lock.wait_pin("relay", 1 - unlock_level)
    await lock.wait_event(lambda e: e["type"] == "reset")  # main.py tries again
    assert unlock_level not in _relay(lock, lock.since_us)


async def test_a_power_cut_in_the_middle_of_an_unlock_comes_back_locked(lock: Lock) -> None:
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
    await lock.power(False)
    await lock.power(True)
    await lock.wait_armed()
    await lock.keys("1")
    await lock.wait_light("key")
    state = await lock.state()
    assert (state["relay"], state["door"]["strike"]) == (0, "locked")


async def test_a_loop_that_stands_still_is_restarted_locked_by_the_watchdog(make_lock, tmp_path) -> None:
    lock = await make_lock()
    await lock.wait_armed()
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
    await lock.power(False)
    hung = compiled("def main(watchdog):\n    while True:\n        pass\n")
    change_slot(lock.world.board, {"app.mpy": hung})
    await lock.power(True)
    reset = await lock.wait_event(lambda e: e["type"] == "reset")
    assert reset["name"] == "WDT_RESET"
    await lock.wait_event(lambda e: e["type"] == "boot" and e["cause"] == 3)
    assert 1 not in _relay(lock, reset["us"])


async def test_an_application_that_cannot_start_resets_and_stays_locked(lock: Lock) -> None:
    await lock.power(False)
    change_slot(lock.world.board, {"app.mpy": b"broken"})
    await lock.power(True)
    await lock.wait_event(lambda e: e["type"] == "reset")
    assert (await lock.state())["relay"] == 0


async def test_no_message_opens_the_door(lock: Lock) -> None:
    """Whatever a hostile broker sends, retained or again and again, signed or not."""
    await lock.wait_online()
    give = lock.world.provision
    credentials = give.demo_credentials(lock.world.cards)
    good = give.list_message(2, credentials)
    for leaf in ("list", "command", "state", "update"):
        for payload in ("", "unlock", '{"unlock":true}', good, good[:-1], "x" * 5000):
            await lock.publish(leaf, payload, retain=True)
            await lock.publish(leaf, payload)
    await lock.power(False)
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()
    await lock.keys("1")
    await lock.wait_light("key")
    assert 1 not in _relay(lock)


async def _ack(lock: Lock, message: str) -> dict:
    await lock.publish("list", message)
    return (await lock.wait_message("ack"))["json"]


async def _take(lock: Lock, version: int, credentials: list[provision.Credential]) -> dict:
    await lock.publish_list(version, credentials)
    return (await lock.wait_message("ack"))["json"]


async def test_a_newer_signed_list_is_taken_and_lasts(lock: Lock) -> None:
    await lock.wait_online()
    give = lock.world.provision
    credentials = [
        *give.demo_credentials(lock.world.cards),
        provision.Credential(provision.CARD, lock.world.cards["stranger"].uid, provision.TENANT, lease=2),
    ]
    answer = await _take(lock, 2, credentials)
    assert (answer["list"], answer["result"]) == (2, "accepted")
    await lock.power(False)
    await lock.network(False)
    await lock.power(True)
    await lock.wait_armed()
    for card in ("stranger", "tenant"):
        async with lock.tap(card):
            await lock.wait_light("granted")
            await lock.wait_light("idle")


async def test_lists_that_are_forged_old_or_for_another_lock_are_refused(lock: Lock) -> None:
    await lock.wait_online()
    give = lock.world.provision
    credentials = give.demo_credentials(lock.world.cards)
    assert (await _take(lock, 5, credentials))["result"] == "accepted"
    forged = provision.Provision(bytes(32), give.lock).list_message(6, credentials)
    other = provision.Provision(give.key, "other").list_message(6, credentials)
    refusals = {
        forged: "bad signature",
        other: "wrong lock",
        give.list_message(4, credentials): "old version",
        "rubbish": "malformed",
        "": "malformed",
    }
    for message, reason in refusals.items():
        answer = await _ack(lock, message)
        assert (answer["result"], answer["reason"]) == ("refused", reason), json.dumps(answer)
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
