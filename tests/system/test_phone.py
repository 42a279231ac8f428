"""The guest key goes to the tenant's phone: at the reader, in half a minute, without a network or an app."""

import datetime as dt
import io

import pytest

from tests.simulated_lock import Event, Lock
from tools.operator.guest import make_code, read_key
from tools.simulator.provision import DEMO_PIN

_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_BLUE, _DARK = "enrolling", "idle"


@pytest.fixture
async def lock(make_lock) -> Lock:
    """The demo lock, online, and with the time from the network."""
    lock = await make_lock(settings=_SETTINGS, sntp=True)
    await lock.wait_armed()
    assert (await lock.wait_online())["json"]["clock"] == "network"
    return lock


async def _ask_for_the_key(lock: Lock, keys: str = "*4") -> None:
    """Up to where the lock waits for the phone: said that it is kept, and blue after that."""
    await lock.keys(DEMO_PIN + "#")
    await lock.wait_light("granted")
    await lock.wait_locked()
    await lock.keys(keys)
    kept = await lock.wait_light("kept")
    await _light_after(lock, kept, _BLUE)


async def _light_after(lock: Lock, event: Event, name: str, timeout: float = 20) -> Event:
    return await lock.wait_event(
        lambda e: e["type"] == "led" and e["name"] == name and e["us"] > event["us"], timeout
    )


async def _phone_reads(lock: Lock) -> str:
    async with lock.tap("phone"):
        read = await lock.wait_event(lambda e: e["type"] == "phone")
        await _light_after(lock, read, "kept")
    return read["read"]


async def test_the_phone_reads_the_key_and_its_codes_open_the_door(lock: Lock) -> None:
    await _ask_for_the_key(lock)
    text = await _phone_reads(lock)
    assert text.startswith("Menshen guest key of demo: ")
    key = read_key(io.StringIO(text))
    state = await lock.state()
    assert state["phone"] == {"read": text, "link": "mailto:?body=" + text.replace(" ", "%20")}
    hour = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    await lock.keys(make_code(key, hour - dt.timedelta(hours=1), dt.timedelta(days=1)) + "#")
    await lock.wait_unlocked()
    assert not [line for line in await lock.console() if key.hex()[:8] in line or text[-9:] in line]
