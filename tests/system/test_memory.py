"""The whole firmware in the heap of a chip without PSRAM, simulated chip and all, with a list of 10,000."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from menshen import ending
from menshen.simulator import provision
from menshen.simulator.board import Board
from menshen.simulator.cards.demo import CardSecret, secure_demo_cards
from menshen.simulator.provision import CARD, TENANT, Credential, Provision
from tests.chip_heap import OURS, PORT, heap_for
from tests.simulated_lock import Lock

_LIVE = 87 * 1024  # bytes live at most beside these: the goal is 78 KB when idle
_SAMPLE_S = 0.02


def _others(count: int) -> list[Credential]:
    return [Credential(CARD, n.to_bytes(7, "big"), TENANT, lease=3) for n in range(count)]


@contextlib.asynccontextmanager
async def _watched(board: Board, peaks: list[int]) -> AsyncIterator[None]:
    """Note the heap in use, garbage and all, every so often for as long as the block lasts."""

    async def watch() -> None:
        while True:
            peaks.append((await board.memory())["alloc"])
            await asyncio.sleep(_SAMPLE_S)  # how often to look; nothing is awaited by it

    async with ending.running(watch()):
        yield


async def _live_through_a_day(lock: Lock, give: Provision, live: list[int]) -> None:
    """PIN, phone, card, the longest list, a network that fails and comes back, and staff."""

    async def look() -> None:
        live.append((await lock.world.board.live_memory())["alloc"])

    await look()
    await lock.keys(provision.DEMO_PIN + "#")
    await lock.wait_unlocked()
    await lock.wait_locked()
    for order in "12":  # a dialogue runs while somebody looks
        await lock.keys(f"{provision.DEMO_PIN}*{order}#")
        await lock.wait_light("enrolling")
        await look()
        await lock.keys("*")
        await lock.wait_light("idle")
    await look()
    await lock.keys(provision.DEMO_PIN + "*4#")
    await lock.wait_light("enrolling")
    await look()
    async with lock.tap("phone"):
        await lock.wait_event(lambda e: e["type"] == "phone")
    await lock.wait_event(lambda e: e["type"] == "led" and e["name"] == "idle" and e["us"] > lock.since_us)
    await lock.keys("*#")  # any phone may be held there
    await lock.wait_light("enrolling")
    await look()
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await look()
    await look()
    await lock.publish_list(2, [*give.demo_credentials(lock.world.cards), *_others(9_998)], retain=True)
    answer = (await lock.wait_message("ack"))["json"]
    assert answer["result"] == "accepted", answer
    await look()
    await lock.faults(broker="dead")
    await lock.wait_event(lambda e: e["type"] == "console" and "link: offline" in e["line"])
    await look()
    await lock.faults(broker="ok")
    await lock.wait_online(60)
    async with lock.tap("cleaner"):
        assert (await lock.wait_message("staff"))["json"]["kind"] == "card"
    await look()


async def test_the_whole_firmware_runs_in_92_kb_of_a_32_bit_heap(
    tmp_path: Path, make_lock, monkeypatch, app_dir: Path
) -> None:
    monkeypatch.setattr("tests.simulated_lock.micropython", lambda: PORT)
    heapsize = await heap_for(OURS, tmp_path / "nothing", app_dir.parent / "fakes")
    give = Provision(provision.lock_key(tmp_path / "lock"))
    cards = secure_demo_cards(CardSecret.of_demo(give.key))
    large = give.list_files(1, [*give.demo_credentials(cards), *_others(9_997)])
    lock: Lock = await make_lock(
        heapsize=heapsize,
        probe=False,
        secure=True,
        files=large,
        settings={"relay": {"unlock_level": 1, "seconds": 1}},
    )
    await lock.wait_armed(60)
    boot = await lock.wait_event(lambda e: e["type"] == "boot")
    await lock.wait_online(60)
    peaks: list[int] = []
    live: list[int] = []
    async with _watched(lock.world.board, peaks):
        await _live_through_a_day(lock, give, live)
    chip = boot["heap"]
    print("live at each look:", *(size - chip for size in live))
    print(f"the simulated chip takes {chip} bytes of {heapsize};")
    print(f"live: {max(live) - chip} bytes of {_LIVE}; peak with garbage: {max(peaks) - chip}")
    assert max(live) - chip <= _LIVE
    said = [e["line"] for e in lock.events if e["type"] == "console"]
    assert not [line for line in said if "MemoryError" in line or "Traceback" in line]
    assert not [e for e in lock.events if e["type"] == "reset"]
