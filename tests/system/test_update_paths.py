"""Updates beside everything else: an image, a list at the same time, one after the other, cuts on the way."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from menshen import ending
from menshen.operator.lists import CARD, TENANT, Credential
from menshen.simulator import ota
from menshen.simulator.broker import Broker
from menshen.simulator.provision import DEMO_PIN
from tests.chip_heap import OURS, PORT, heap_for
from tests.releases import Made, Operator, choose_pin, updatable
from tests.simulated_lock import TIMEOUT_S, Event, Lock

__all__ = ["updatable"]
IMAGES = [b"\xe9" + bytes(31) + b"\x32\x54\xcd\xab" + bytes((n,)) * 70_000 for n in (1, 2)]
CHOSEN = "902817"
_CUTS = [1, 9, 31, 74, 120] if os.environ.get("MENSHEN_NIGHTLY") else [9, 74]  # operations of the flash


async def _update(operator: Operator, version: str, **options: object) -> str:
    await operator.publish(operator.release(version, **options))
    order = await operator.order(version)
    await operator.wait_update("confirmed", version)
    assert (await operator.lock.state())["lock"]["firmware"] == version
    return order


async def _opens(lock: Lock, pin: str) -> None:
    await lock.keys(pin + "#")
    await lock.wait_unlocked()
    await lock.wait_locked()


async def test_an_image_is_confirmed_together_with_its_application(updatable: Made, tmp_path) -> None:
    folder = tmp_path / "lock"
    ota.give(folder, IMAGES[0])
    operator = await updatable()
    await _update(operator, "0.2.0", image=IMAGES[1])
    assert ota.starts(folder) == (1, True)
    assert ota.contents(folder, 1, len(IMAGES[1])) == IMAGES[1]
    await operator.lock.power(False)
    await operator.lock.power(True)
    await operator.lock.wait_armed()
    assert ota.starts(folder) == (1, True)


async def test_an_image_fits_into_the_heap_of_the_chip(
    updatable: Made, monkeypatch, tmp_path: Path, app_dir: Path
) -> None:
    """A block of flash in one piece did not: no release with an image ever came."""
    monkeypatch.setattr("tests.simulated_lock.micropython", lambda: PORT)
    heapsize = await heap_for(OURS, tmp_path / "nothing", app_dir.parent / "fakes")
    folder = tmp_path / "lock"
    ota.give(folder, IMAGES[0])
    operator = await updatable(heapsize=heapsize, probe=False)
    await _update(operator, "0.2.0", image=IMAGES[1])
    assert ota.starts(folder) == (1, True)
    assert ota.contents(folder, 1, len(IMAGES[1])) == IMAGES[1]


async def test_an_image_goes_back_with_its_application(updatable: Made, tmp_path) -> None:
    folder = tmp_path / "lock"
    ota.give(folder, IMAGES[0])
    operator = await updatable()
    bad = {"app.py": ("import asyncio\n", "import asyncio\nraise ValueError\n")}
    await operator.publish(operator.release("0.2.0", bad, image=IMAGES[1]))
    await operator.order("0.2.0")
    await operator.wait_update("went back", "0.2.0")
    await operator.lock.power(False)
    operator.lock.world.network(False)
    await operator.lock.power(True)
    await operator.lock.wait_armed()
    await operator.lock.tap_to_relay("tenant")
    assert ota.starts(folder) == (0, True)


@pytest.mark.slow
async def test_two_updates_in_a_row_and_residents_keep_what_they_set(updatable: Made) -> None:
    operator = await updatable()
    await choose_pin(operator.lock, CHOSEN)
    older = await _update(operator, "0.2.0")
    newer = await _update(operator, "0.3.0")
    await _opens(operator.lock, CHOSEN)
    assert (await operator.lock.state())["lock"]["slot"] == "a"
    for retain in True, False:  # the bytes of the older order, once more
        await operator.lock.publish("update", older, retain=retain)
        said = (await operator.lock.wait_message("ack"))["json"]
        assert (said["result"], said["reason"]) == ("refused", "old order"), said
    await operator.lock.publish("update", newer, retain=True)
    await operator.lock.power(False)
    await operator.lock.power(True)
    says = (await operator.lock.wait_online())["json"]
    assert (says["firmware"], says["order"]) == ("0.3.0", 2)


async def test_a_list_and_an_update_at_the_same_time(updatable: Made) -> None:
    operator = await updatable()
    lock = operator.lock
    many = [Credential(CARD, n.to_bytes(7, "big"), TENANT, lease=3) for n in range(600)]
    new = operator.release("0.2.0")
    await operator.publish(new)
    await operator.order("0.2.0")
    everybody = [*lock.world.provision.demo_credentials(lock.world.cards), *many]
    await lock.publish_list(2, everybody, retain=True)
    since = lock.since_us
    await operator.wait_update("confirmed", "0.2.0")
    lock.since_us = since
    await lock.wait_event(
        lambda e: e["type"] == "operator" and '"list": 2' in e["payload"] and '"accepted"' in e["payload"]
    )
    await lock.tap_to_relay("tenant")


@pytest.mark.parametrize("n", _CUTS)
async def test_a_cut_in_the_middle_comes_back_and_goes_on(updatable: Made, n: int) -> None:
    """A few of the cuts that unit/test_update_cuts.py tries one by one, through the whole firmware."""
    operator = await updatable()
    lock = operator.lock
    await operator.publish(operator.release("0.2.0"), told=n % 2 == 0)
    await operator.order("0.2.0")
    lock.world.board.cut_at(n)
    await ending.first(operator.wait_update("confirmed", "0.2.0"), lock.world.board.wait_off(300))
    if not lock.world.board.powered:
        lock.world.network(False)
        await lock.power(True)
        await lock.wait_armed()
        await lock.tap_to_relay("tenant")
        await lock.wait_locked()
        lock.world.network(True)
        await operator.wait_update("confirmed", "0.2.0")
    assert (await lock.state())["lock"]["firmware"] == "0.2.0"


@pytest.mark.parametrize("told", [True, False] if os.environ.get("MENSHEN_NIGHTLY") else [True])
async def test_an_update_fits_into_the_heap_of_the_chip(
    updatable: Made, monkeypatch, tmp_path: Path, app_dir: Path, told: bool
) -> None:
    """The simulated chip takes its part of the heap: see test_memory.py.

    `told`: the broker tells what the head differs in, and it is made on the lock.
    """
    monkeypatch.setattr("tests.simulated_lock.micropython", lambda: PORT)
    heapsize = await heap_for(OURS, tmp_path / "nothing", app_dir.parent / "fakes")
    operator = await updatable(heapsize=heapsize, probe=False)
    lock = operator.lock
    boot = await lock.wait_event(lambda e: e["type"] == "boot")
    await operator.publish(operator.release("0.2.0"), told=told)
    await operator.order("0.2.0")
    live: list[int] = []
    first = await lock.world.board.modules()

    async def look() -> None:
        live.append((await lock.world.board.live_memory())["alloc"] - boot["heap"])
        modules = await lock.world.board.modules()
        print(live[-1], sorted(set(modules) - set(first)))

    async with ending.running(operator.wait_update("fetched", "0.2.0")) as fetched:
        while not fetched.done():
            async with ending.running(look()) as looking:
                await asyncio.wait([looking], timeout=TIMEOUT_S)
            if looking.cancelled():
                break  # it has been fetched, and the chip restarts
            looking.result()
            await asyncio.wait([fetched], timeout=0.02)
        await fetched
    print(f"live while the release comes: {max(live)} bytes of {OURS}")
    assert max(live) <= OURS
    await operator.wait_update("confirmed", "0.2.0")
    await lock.tap_to_relay("tenant")
    said = [e["line"] for e in lock.events if e["type"] == "console"]
    assert not [line for line in said if "MemoryError" in line or "no memory" in line or "Traceback" in line]


async def test_an_update_comes_where_the_tenants_own_broker_is_on(
    updatable: Made, monkeypatch, tmp_path: Path, app_dir: Path
) -> None:
    """Its connection is closed and its code unloaded meanwhile; afterwards it is back.

    Where memory is short for a moment it lets the others have it, and tries again.
    """
    monkeypatch.setattr("tests.simulated_lock.micropython", lambda: PORT)
    heapsize = await heap_for(OURS, tmp_path / "nothing", app_dir.parent / "fakes")
    async with contextlib.AsyncExitStack() as ends:
        tenants = Broker()
        await tenants.start()
        ends.push_async_callback(tenants.stop)
        host, port = tenants.address
        home = {"home": {"host": host, "port": port}}
        operator = await updatable(settings=home, heapsize=heapsize, probe=False)
        lock = operator.lock
        await lock.keys(DEMO_PIN + "*6#")
        await lock.wait_light("enrolling")
        on = lock.since_us
        await lock.keys("*")  # it is on, whether or not a phone gets the code
        lock.since_us = on
        await lock.wait_event(_home_is_online)
        await operator.publish(operator.release("0.2.0"))
        await operator.order("0.2.0")
        await operator.wait_update("confirmed", "0.2.0")
        lock.since_us = (await lock.wait_event(lambda e: e["type"] == "reset"))["us"]
        await lock.wait_event(_home_is_online)  # perhaps before the operator was told
        await lock.tap_to_relay("tenant")
        said = [e["line"] for e in lock.events if e["type"] == "console"]
        assert not [line for line in said if "MemoryError" in line or "Traceback" in line]


def _home_is_online(event: Event) -> bool:
    return event["type"] == "console" and "home: online" in event["line"]
