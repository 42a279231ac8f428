"""A phone at the door opens by `* #` and one tap: no network, no clock, and nobody is told."""

import hmac
import re

import pytest

from menshen.simulator.provision import DEMO_PIN
from tests.simulated_lock import Lock

_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_BLUE = "enrolling"


@pytest.fixture
async def lock(make_lock) -> Lock:
    """The demo lock, which has neither a network nor the time."""
    lock = await make_lock(settings=_SETTINGS)
    await lock.wait_armed()
    await lock.network(False)
    return lock


async def _key(lock: Lock) -> bytes:
    await lock.keys(DEMO_PIN + "*4#")
    await lock.wait_light(_BLUE)
    async with lock.tap("phone"):
        read = await lock.wait_event(lambda e: e["type"] == "phone")
    await lock.wait_light("kept")
    key = read["read"].rpartition(":")[2].replace(" ", "").strip()
    return bytes.fromhex(key)


async def _is_asked(lock: Lock) -> tuple[str, bytes]:
    """`* #`, and the phone to the reader: the lock's name and the challenge that it reads."""
    await lock.call("PUT", "/api/phone", {"scans": True})
    await lock.keys("*#")
    await lock.wait_light(_BLUE)
    await lock.hold("phone")
    told = await lock.wait_event(lambda e: e["type"] == "phone" and e["read"])
    found = re.fullmatch(r"Menshen door of (\S+): ([0-9a-f]{32})", told["read"])
    assert found, told
    return found[1], bytes.fromhex(found[2])


async def _answer(lock: Lock, message: bytes) -> int:
    status, _ = await lock.call("POST", "/api/phone", {"message": message.hex()})
    await lock.take_away()
    return status


def _signed(key: bytes, name: str, challenge: bytes) -> bytes:
    return b"\xd5\x00\x10" + hmac.digest(key, b"menshen door v1" + name.encode() + challenge, "sha256")[:16]


async def test_a_phone_opens_in_one_tap_without_network_or_clock(lock: Lock) -> None:
    key, began = await _key(lock), len(lock.events)
    name, challenge = await _is_asked(lock)
    assert name == "demo"
    assert await _answer(lock, _signed(key, name, challenge)) == 200
    await lock.wait_unlocked()
    await lock.wait_locked()
    events = lock.events[began:]
    assert not [e for e in events if e["type"] == "mqtt" and e["direction"] == "out"]
    assert not [e for e in events if e["type"] == "console" and challenge.hex()[:8] in e["line"]]
    await lock.keys("*#")  # less than a minute later
    await lock.wait_light("throttled")
    await lock.tap_to_relay("tenant")


async def test_an_answer_that_was_recorded_opens_nothing_and_neither_a_card_nor_a_pin_waits_for_it(
    lock: Lock,
) -> None:
    key = await _key(lock)
    name, _ = await _is_asked(lock)
    assert await _answer(lock, _signed(key, name, bytes(16))) == 200
    await lock.wait_light("denied")
    assert not [e for e in lock.since() if e["type"] == "pin" and e["name"] == "relay" and e["level"]]
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await lock.keys(DEMO_PIN + "#")
    await lock.wait_unlocked()


async def test_a_card_opens_while_a_phone_is_awaited_that_says_nothing(lock: Lock) -> None:
    await _is_asked(lock)  # and lies there, and the page thinks for ever
    await lock.take_away()
    await lock.tap_to_relay("tenant")
