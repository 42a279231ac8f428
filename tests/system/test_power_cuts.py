"""The power goes in every single flash operation of all that is written; the tenant gets in after each.

Every cut tears the operation it falls into. What is tried is counted and printed. By day a list's taking is
cut in every fourth operation: unit/lists/test_list_cuts.py cuts in each.
"""

import asyncio
import hashlib
import os
import struct
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from menshen import ending
from menshen.operator.lists import Series
from menshen.simulator.provision import CARD, TENANT, Credential
from menshen.simulator.world import now_us
from tests.simulated_lock import Event, Lock

_MOST = 300  # operations in one thing that is done: beyond that the test itself has gone wrong
_LIST_STEP = 1 if os.environ.get("MENSHEN_NIGHTLY") else 4
_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_NO_LIST = "there is no whole list"
Deed = Callable[[Lock], Coroutine[Any, Any, object]]


@dataclass
class State:
    """All that outlives the power."""

    flash: bytes
    nvs: bytes | None

    @classmethod
    def of(cls, lock: Lock) -> "State":
        board = lock.world.board
        nvs = board.nvs_path.read_bytes() if board.nvs_path.exists() else None
        return cls(board.flash_path.read_bytes(), nvs)

    def restore(self, lock: Lock) -> None:
        board = lock.world.board
        board.flash_path.write_bytes(self.flash)
        if self.nvs is None:
            board.nvs_path.unlink(missing_ok=True)
        else:
            board.nvs_path.write_bytes(self.nvs)


def _is_end(event: Event) -> bool:
    return event["type"] == "power" and not event["on"]


async def _cut_off(lock: Lock, deed: Deed) -> bool:
    """Do it; True where the power went first. `cut_at` is set already."""
    since = lock.since_us
    async with ending.running(deed(lock)) as doing, ending.running(lock.world.board.wait_off(60)) as cut:
        await asyncio.wait((doing, cut), return_when=asyncio.FIRST_COMPLETED)
        fell = not lock.world.board.powered
    if not fell:
        await doing
    if fell:
        lock.since_us = since
        await lock.wait_event(_is_end)
    return fell


async def _tenant_gets_in(lock: Lock) -> None:
    """Alone, without the network; and the bolt had not moved before the card came."""
    lock.world.network(False)
    lock.since_us = now_us()
    await lock.world.power(True)
    await lock.wait_armed()
    assert not (await lock.state())["relay"]
    await lock.tap_to_relay("tenant")
    said = await lock.console()
    assert not [line for line in said if _NO_LIST in line or "Traceback" in line], said
    await lock.world.power(False)
    lock.world.network(True)


async def _nothing(lock: Lock) -> None:
    pass


async def _cut_everywhere(
    lock: Lock, what: str, deed: Deed, ready: Deed | None, check: Deed, look: Deed = _nothing, step: int = 1
) -> int:
    """Cut in the 1st, 2nd, ... operation of `deed` until it comes through whole; how many could be cut.

    With `step` only each so many are. With `ready` the operations are counted from where that has returned,
    else from power-on. `look` is at what the cut has left, `check` at what the lock has made of it.
    """
    before = State.of(lock)
    for n in range(1, _MOST, step):
        before.restore(lock)
        lock.since_us = now_us()
        if ready is None:
            lock.world.board.cut_at(n)
        await lock.world.power(True)
        if ready is not None:
            await ready(lock)
            lock.world.board.cut_at(n)
        fell = await _cut_off(lock, deed)
        await lock.world.power(False)
        await look(lock)
        await _tenant_gets_in(lock)
        await check(lock)
        if not fell:
            print(f"{what}: the tenant got in after each of {(n - 1) // step} cuts")
            return n - 1
    raise AssertionError(f"{what} does not end within {_MOST} flash operations")


@pytest.fixture
def fresh(tmp_path: Path, make_lock) -> Callable[[], Awaitable[Lock]]:
    """Makes a lock without power, as it comes from the installer."""

    async def make() -> Lock:
        return await make_lock(power=False, settings=_SETTINGS)

    return make


@pytest.fixture
def settled(fresh: Callable[[], Awaitable[Lock]]) -> Callable[[], Awaitable[Lock]]:
    """Makes a lock without power, which has been running and has written all that it writes by itself."""

    async def make() -> Lock:
        lock = await fresh()
        await lock.power(True)
        await _first_boot(lock)
        await lock.power(False)
        return lock

    return make


async def _first_boot(lock: Lock) -> None:
    """Housekeeping is over once the link, which starts after it, is up."""
    await lock.wait_armed()
    await lock.wait_online()


async def test_cuts_in_the_housekeeping_of_the_first_boot(fresh) -> None:
    lock = await fresh()
    assert await _cut_everywhere(lock, "first boot", _first_boot, None, _nothing) > 5
    board = lock.world.board
    assert board.read_file("/access/b") == board.read_file("/access/a")


async def _kept_house(lock: Lock) -> None:
    """Have the lock run without a network until it looks for one: then housekeeping is over."""
    lock.world.network(False)
    lock.since_us = now_us()
    await lock.world.power(True)
    await lock.wait_event(lambda event: event["type"] == "wifi")
    await lock.world.power(False)
    lock.world.network(True)


async def _publish(lock: Lock, series: Series, cards: int) -> None:
    """Publish the next version: the demo's credentials, and so many cards."""
    give = lock.world.provision
    others = [Credential(CARD, n.to_bytes(7, "big"), TENANT, lease=3) for n in range(cards)]
    credentials = [*give.demo_credentials(lock.world.cards), *others]
    for topic, payload in series.publish(credential.record(series.key) for credential in credentials):
        await lock.world.publish(topic, payload, True)


async def _accepted(lock: Lock, version: int) -> None:
    """The retained list is in force. Acknowledgements outlive the power: one of before may come first."""
    said = f'"list": {version}'
    await lock.wait_event(
        lambda e: e["type"] == "operator" and e["topic"].endswith("/ack") and said in e["payload"]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "versions", "base"),
    [("snapshot", (90,), 2), ("changes", (90, 95), 2), ("merge", (90, 95, 126), 3)],
)
async def test_cuts_while_a_list_is_taken(settled, what: str, versions: tuple[int, ...], base: int) -> None:
    """By chunks; by changes in the head; by merging those, when there come more than there is room for."""
    lock = await settled()
    series = Series(lock.world.provision.lock, lock.world.provision.key, version=1)
    *before, last = versions
    for cards in before:
        await _publish(lock, series, cards)
        lock.since_us = now_us()
        await lock.world.power(True)
        await _accepted(lock, series.version)
        await lock.world.power(False)
    await _publish(lock, series, last)
    left: list[int] = []
    ends: list[int] = []

    async def taken(lock: Lock) -> None:
        await _accepted(lock, series.version)

    async def named(lock: Lock) -> None:
        """The version that the head names at the cut; 0 where it is being replaced."""
        try:
            head = lock.world.board.read_file("/access/head")
        except FileNotFoundError:
            head = bytes(8)
        left.append(struct.unpack_from("<I", head, 4)[0])

    async def whole(lock: Lock) -> None:
        """The head names a snapshot, and that is whole, once new always new."""
        try:
            head = lock.world.board.read_file("/access/head")
        except FileNotFoundError:  # the tenant got in before a rename was finished that the cut had ended
            await _kept_house(lock)
            head = lock.world.board.read_file("/access/head")
        version, _, size, digest = struct.unpack_from("<III32s", head, 4)
        held = lock.world.board.read_file("/access/" + "ab"[head[88]])
        assert (len(held), hashlib.sha256(held).digest()) == (size, digest)
        ends.append(version)

    assert await _cut_everywhere(lock, what, taken, None, whole, named, _LIST_STEP) > 5
    assert (ends[0], ends[-1], set(ends)) == (series.version - 1, series.version, {ends[0], ends[-1]})
    assert [end for end, had in zip(ends, left, strict=True) if end < had] == [], (left, ends)
    held = struct.unpack_from("<II", lock.world.board.read_file("/access/head"), 4)
    assert held == (series.version, series.base) == (len(versions) + 1, base)


async def test_cuts_while_a_wrong_code_is_counted(settled) -> None:
    lock = await settled()
    counts: list[int] = []

    async def wrong(lock: Lock) -> None:
        await lock.keys("9999#")
        await lock.wait_light("denied")

    async def counted(lock: Lock) -> None:
        nvs = lock.world.board.nvs_path.read_text()
        counts.append(int('"wrong_codes": 1' in nvs))

    assert await _cut_everywhere(lock, "wrong code", wrong, Lock.wait_armed, counted) >= 1
    assert counts[-1] == 1  # the count was in NVS before the code was looked at


async def test_cuts_while_staff_come_in(settled) -> None:
    lock = await settled()

    async def cleaner(lock: Lock) -> None:
        await lock.tap_to_relay("cleaner")
        await lock.wait_message("staff")

    assert await _cut_everywhere(lock, "staff entry", cleaner, _first_boot, _nothing) >= 1


async def test_cuts_while_a_right_code_takes_back_its_count(settled) -> None:
    lock = await settled()

    async def guess(lock: Lock) -> None:
        await lock.wait_armed()
        await lock.keys("9999#")
        await lock.wait_light("denied")

    async def right(lock: Lock) -> None:
        await lock.keys("246810#")
        await lock.wait_unlocked()
        await lock.wait_light("granted")

    assert await _cut_everywhere(lock, "right code", right, guess, _nothing) >= 2


@pytest.mark.slow
async def test_cuts_while_a_resident_changes_the_pin(settled) -> None:
    lock = await settled()
    opened_by: list[str] = []

    async def ready(lock: Lock) -> None:
        await lock.wait_armed()
        await lock.keys("246810#")
        await lock.wait_unlocked()
        await lock.wait_locked()  # by then it is written that this PIN has opened
        await lock.keys("246810*1#")
        await lock.wait_light("enrolling")
        await lock.keys("902817#")
        await lock.wait_event(lambda e: e["type"] == "key" and e["key"] == "#")
        await lock.wait_event(lambda e: e["type"] == "buzzer" and e["hz"] == 2400)  # the light is blue anyway

    async def change(lock: Lock) -> None:
        await lock.keys("902817#")
        await lock.wait_light("kept")

    async def one_of_them_opens(lock: Lock) -> None:
        """Exactly one, the old PIN or the new one."""
        await lock.power(True)
        await lock.wait_armed()
        for pin in ("246810", "902817"):
            await lock.keys(pin + "#")
            light = await lock.wait_event(
                lambda event: event["type"] == "led" and event["name"] in ("granted", "denied")
            )
            if light["name"] == "granted":
                opened_by.append(pin)
                await lock.wait_locked()
        await lock.power(False)

    cuts = await _cut_everywhere(lock, "new PIN", change, ready, one_of_them_opens)
    assert cuts >= 3
    assert len(opened_by) == cuts + 1
    assert (opened_by[0], opened_by[-1]) == ("246810", "902817")
