"""Guests and staff with hours, through the whole lock and with the time from the network."""

import datetime as dt
import struct

import pytest

from menshen.operator.guest import make_code
from menshen.operator.hours import DAYS, Holiday, Hours
from menshen.operator.lists import PIN, STAFF, Credential
from menshen.simulator.provision import DEMO_PIN
from tests.simulated_lock import Lock

_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_GUEST_KEY = 7
_ENTRY = struct.Struct("<16sBBH")


async def _ask_for_the_key(lock: Lock, order: str = "4") -> None:
    await lock.keys(f"{DEMO_PIN}*{order}#")
    await lock.wait_light("enrolling")


async def _guest_keys(lock: Lock) -> list[tuple[int, bytes]]:
    """Lease and guest key of all that have one, as they lie in the flash; the power is off afterwards."""
    await lock.power(False)
    body = lock.world.board.read_file("/access/people1")[4:-32]
    entries = _ENTRY.iter_unpack(body)
    return [(lease, digest) for digest, role, _, lease in entries if role == _GUEST_KEY]


async def test_a_resident_has_a_guest_key_until_they_want_another(make_lock) -> None:
    lock = await make_lock(settings=_SETTINGS)
    await lock.wait_armed()
    await _ask_for_the_key(lock)
    [(lease, first)] = await _guest_keys(lock)
    assert lease == 1
    assert len(set(first)) > 4
    await lock.power(True)
    await lock.wait_armed()
    await _ask_for_the_key(lock)
    assert await _guest_keys(lock) == [(1, first)]
    await lock.power(True)
    await lock.wait_armed()
    await _ask_for_the_key(lock, "40")
    [(_, second)] = await _guest_keys(lock)
    assert second != first


async def test_without_a_clock_nine_digits_are_told_so_once_there_is_a_guest_key(make_lock) -> None:
    lock = await make_lock(settings=_SETTINGS, power=True)
    await lock.network(False)
    await lock.wait_armed()
    await lock.keys("123456780#")
    await lock.wait_light("denied")
    await _ask_for_the_key(lock)
    await lock.keys("123456780#")
    await lock.wait_light("throttled")  # the colour of "no clock" too
    assert not (await lock.state())["relay"]


@pytest.fixture
async def lock(make_lock) -> Lock:
    """The demo lock, online, and with the time from the network."""
    lock = await make_lock(settings=_SETTINGS, sntp=True)
    await lock.wait_armed()
    assert (await lock.wait_online())["json"]["clock"] == "network"
    return lock


def _this_hour() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)


def _code(key: bytes, duration: dt.timedelta | None) -> str:
    """One that is good now, and was an hour ago: the hour may be over before it is entered."""
    return make_code(key, _this_hour() - dt.timedelta(hours=1), duration)


async def _comes_in(lock: Lock, code: str) -> None:
    await lock.keys(code + "#")
    await lock.wait_unlocked()
    await lock.wait_light("granted")
    await lock.wait_locked()


async def _restart(lock: Lock) -> None:
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()


def _told(lock: Lock) -> list[str]:
    """What the lock has said since the last action, but for its state on its timetable."""
    return [
        e["topic"]
        for e in lock.since()
        if e["type"] == "mqtt"
        and e["packet"] == "PUBLISH"
        and e["direction"] == "out"
        and not e["topic"].endswith("/state")
    ]


async def test_a_guest_comes_in_by_a_code_that_the_lock_was_never_told_of(lock: Lock) -> None:
    await _ask_for_the_key(lock)
    [(_, key)] = await _guest_keys(lock)
    await _restart(lock)
    days, once = _code(key, dt.timedelta(days=3)), _code(key, None)
    for code in (days, days, once):
        await _comes_in(lock, code)
        assert _told(lock) == []
    await lock.keys(once + "#")
    await lock.wait_light("denied")
    await lock.power(False)
    await _restart(lock)
    await _comes_in(lock, days)
    await lock.keys(once + "#")
    await lock.wait_light("denied")
    await lock.keys(_code(bytes(16), dt.timedelta(days=3)) + "#")
    await lock.wait_light("denied")


async def test_staff_come_in_in_their_hours_and_as_often_as_they_may(lock: Lock) -> None:
    give, today = lock.world.provision, dt.datetime.now(dt.UTC).date()
    long_ago = today - dt.timedelta(days=400)
    await lock.publish_list(
        2,
        [
            *give.demo_credentials(lock.world.cards),
            Credential(PIN, b"80801", STAFF, schedule=1, uses=2),
            Credential(PIN, b"70707", STAFF, schedule=2),
            Hours(1, DAYS, first=today - dt.timedelta(1), last=today + dt.timedelta(1)),
            Hours(2, DAYS, last=long_ago),
            Holiday(today),
        ],
    )
    assert (await lock.wait_message("ack"))["json"]["result"] == "accepted"
    await lock.keys("70707#")
    await lock.wait_light("outside schedule")
    for _ in range(2):
        await _comes_in(lock, "80801")
        await lock.wait_message("staff")
    await lock.keys("80801#")
    await lock.wait_light("denied")
