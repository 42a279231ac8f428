"""A phone at the door opens by `* #` and one tap; without a network, too: page/test_phone_at_door.py."""

import pytest

from menshen.simulator.provision import DEMO_PIN
from tests.simulated_lock import Lock
from tests.system.helpers.phone_taps import answer, ask, signed

_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_BLUE = "enrolling"


@pytest.fixture
async def lock(make_lock) -> Lock:
    """The demo lock, which does not know the time."""
    lock = await make_lock(settings=_SETTINGS)
    await lock.wait_armed()
    await lock.wait_online()
    return lock


async def _key(lock: Lock) -> bytes:
    await lock.keys(DEMO_PIN + "*4#")
    await lock.wait_light(_BLUE)
    async with lock.tap("phone"):
        read = await lock.wait_event(lambda e: e["type"] == "phone")
    await lock.wait_light("kept")
    key = read["read"].rpartition(":")[2].replace(" ", "").strip()
    return bytes.fromhex(key)


async def test_a_phone_opens_in_one_tap_without_a_clock_and_nobody_is_told(lock: Lock) -> None:
    key, began = await _key(lock), len(lock.events)
    name, challenge = await ask(lock)
    assert name == "demo"
    assert await answer(lock, signed(key, name, challenge)) == 200
    await lock.wait_unlocked()
    await lock.wait_locked()
    events = lock.events[began:]
    out = [e for e in events if e["type"] == "mqtt" and e["packet"] == "PUBLISH" and e["direction"] == "out"]
    assert {e["topic"].rpartition("/")[2] for e in out} <= {"state"}
    assert not [e for e in events if e["type"] == "console" and challenge.hex()[:8] in e["line"]]
    await lock.keys("*#")  # less than a minute later
    await lock.wait_light("throttled")
    await lock.tap_to_relay("tenant")


async def test_an_answer_that_was_recorded_opens_nothing_and_neither_a_card_nor_a_pin_waits_for_it(
    lock: Lock,
) -> None:
    key = await _key(lock)
    name, _ = await ask(lock)
    assert await answer(lock, signed(key, name, bytes(16))) == 200
    await lock.wait_light("denied")
    assert not [e for e in lock.since() if e["type"] == "pin" and e["name"] == "relay" and e["level"]]
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await lock.keys(DEMO_PIN + "#")
    await lock.wait_unlocked()


async def test_a_card_opens_while_a_phone_is_awaited_that_says_nothing(lock: Lock) -> None:
    await ask(lock)  # and lies there, and the page thinks for ever
    await lock.take_away()
    await lock.tap_to_relay("tenant")
