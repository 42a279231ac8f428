"""The guest key goes to the tenant's phone: at the reader, in twenty seconds, without a network or an app."""

import datetime as dt
import io

import pytest

from menshen.operator.guest import make_code, read_key
from menshen.simulator.provision import DEMO_PIN
from tests.simulated_lock import Event, Lock

_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_BLUE, _DARK = "enrolling", "idle"


@pytest.fixture
async def lock(make_lock) -> Lock:
    """The demo lock, online, and with the time from the network."""
    lock = await make_lock(settings=_SETTINGS, sntp=True)
    await lock.wait_armed()
    assert (await lock.wait_online())["json"]["clock"] == "network"
    return lock


async def _ask_for_the_key(lock: Lock, order: str = "4") -> None:
    """Up to where the lock waits for the phone."""
    await lock.keys(f"{DEMO_PIN}*{order}#")
    await lock.wait_light(_BLUE)


async def _is_a_tag(lock: Lock) -> None:
    """Up to where the reader is a tag: from now on it looks for cards in between alone."""
    await lock.until(lambda: lock.world.reader.plays_card, "the reader is a tag")


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


async def test_the_whole_conversation_is_told_to_nobody(lock: Lock) -> None:
    began = len(lock.events)
    await _ask_for_the_key(lock)
    await _phone_reads(lock)
    out = [e for e in lock.events[began:] if e["type"] == "mqtt" and e["direction"] == "out"]
    assert {e["topic"].rpartition("/")[2] for e in out if e["packet"] == "PUBLISH"} <= {"state"}


async def test_another_key_is_read_where_one_asks_for_it(lock: Lock) -> None:
    await _ask_for_the_key(lock)
    first = await _phone_reads(lock)
    await _ask_for_the_key(lock)
    assert await _phone_reads(lock) == first
    await _ask_for_the_key(lock, "40")
    assert await _phone_reads(lock) != first


async def test_the_door_opens_as_ever_while_the_phone_is_awaited_and_that_ends_it(lock: Lock) -> None:
    """By a card that is found before the reader is a tag, and by one that is found in between, too."""
    await _ask_for_the_key(lock)
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await _is_forgotten(lock)
    await _ask_for_the_key(lock)
    await _is_a_tag(lock)
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await _is_forgotten(lock)
    await _ask_for_the_key(lock)
    await lock.keys(DEMO_PIN + "#")
    await lock.wait_unlocked()
    await lock.wait_locked()
    await _is_forgotten(lock)


async def test_a_card_that_does_not_open_leaves_the_phone_awaited(lock: Lock) -> None:
    await _ask_for_the_key(lock)
    async with lock.tap("stranger"):
        denied = await lock.wait_light("denied")
        await _light_after(lock, denied, _BLUE)
    assert await _phone_reads(lock)


async def _is_forgotten(lock: Lock) -> None:
    """Cards open at once, and a phone is a card that nobody knows."""
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    async with lock.tap("phone"):
        await lock.wait_light("denied")
    assert (await lock.state())["phone"]["read"] is None


async def test_a_star_takes_it_back(lock: Lock) -> None:
    await _ask_for_the_key(lock)
    await lock.keys("*")
    await _is_forgotten(lock)


async def test_whoever_goes_in_takes_it_back(lock: Lock) -> None:
    await _ask_for_the_key(lock)
    await lock.open_leaf(force=True)
    await lock.close_leaf()
    await _is_forgotten(lock)


async def test_a_phone_that_nobody_asked_for_reads_nothing(lock: Lock) -> None:
    async with lock.tap("phone"):
        denied = await lock.wait_light("denied")
        await _light_after(lock, denied, _DARK)
    assert (await lock.state())["phone"] == {"read": None, "link": None}


async def test_a_phone_that_stays_is_not_taken_for_a_card(lock: Lock) -> None:
    await _ask_for_the_key(lock)
    await lock.hold("phone")
    read = await lock.wait_event(lambda e: e["type"] == "phone")
    kept = await _light_after(lock, read, "kept")
    await _light_after(lock, kept, _DARK)
    seen = [e for e in lock.since() if e["type"] == "reader" and e["us"] > kept["us"]]
    assert seen, "the reader has not looked since"
    assert not [e for e in lock.since() if e["type"] == "led" and e["name"] == "denied"]
    await lock.take_away()


async def test_a_hung_reader_is_reset_and_the_phone_reads_then(lock: Lock) -> None:
    await _ask_for_the_key(lock)
    await lock.faults(reader="hung")
    await lock.wait_pin("reader_reset", 0)
    await lock.wait_pin("reader_reset", 1)
    assert await _phone_reads(lock)
    assert (await lock.state())["faults"]["reader"] == "ok"


@pytest.mark.slow
async def test_after_twenty_seconds_it_is_over_and_a_card_opens(lock: Lock) -> None:
    await _ask_for_the_key(lock)
    offered = await lock.wait_light(_BLUE)
    over = await _light_after(lock, offered, _DARK, 90)
    assert 19_000_000 < over["us"] - offered["us"] < 50_000_000  # a busy computer is late
    await _is_forgotten(lock)
