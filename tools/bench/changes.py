"""What a change costs in a list of 10,000, and what the door notices while a snapshot is applied.

The flash takes its time as on the chip: 80 ms for a block of 4 KiB that is erased and written, in which
nothing else runs. The network is the loopback, and computing takes no longer than here.
"""

import asyncio
import statistics
import struct
from pathlib import Path

from menshen import ending
from menshen.operator.lists import CHANGES_MAX, Series
from menshen.simulator.provision import CARD, TENANT, Credential
from menshen.simulator.world import now_us

from . import decision
from .lock import MeasuredLock

_ERASE_US, _PROGRAM_US = 45_000, 2_190  # a block; 256 bytes: 80 ms in all
_LIMIT_S = 120  # for one list
_SINGLE = 1  # change that is sent alone: each takes seconds of the computer
_TAIL_S = 0.5  # what is sent after an acknowledgement belongs to it


def _credentials(lock: MeasuredLock) -> list[Credential]:
    return [*lock.world.provision.demo_credentials(lock.world.cards), *decision.credentials()[3:]]


async def _publish(lock: MeasuredLock, series: Series, credentials: list[Credential]) -> None:
    lock.heard.clear()
    for topic, payload in series.publish(c.record(series.key) for c in credentials):
        await lock.world.publish(topic, payload, True)
    async with asyncio.timeout(_LIMIT_S):
        said = f'"list": {series.version}'
        while not (ack := lock.first("operator", topic="/ack", payload=said)):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    if "accepted" not in ack["payload"]:
        raise RuntimeError(ack["payload"])


def _wire_bytes(lock: MeasuredLock) -> int:
    """Bytes of MQTT packets over the lock's connection since `heard` was last cleared, pings apart."""
    packets = [event for event in lock.heard if event["type"] == "mqtt"]
    return sum(event["size"] for event in packets if not event["packet"].startswith("PING"))


async def _worst_tap_ms(lock: MeasuredLock, until: asyncio.Future | None, count: int) -> float:
    """The longest time from a card's entry to the relay's edge, in so many taps or until then."""
    worst = 0.0
    while count and not (until and until.done()):
        count -= 1
        begun = await lock.hold("tenant")
        while not lock.world.state()["relay"]:  # noqa: ASYNC110 (the world calls)
            await asyncio.sleep(0.001)
        worst = max(worst, (now_us() - begun) / 1000)
        lock.world.card(None)
    return worst


async def measure(folder: Path, app: Path, micropython: Path) -> dict[str, float]:
    """All figures by name."""
    lock = MeasuredLock(folder, app, micropython)
    world = lock.world
    await world.start(power=False)
    world.board.flash_takes(_ERASE_US, _PROGRAM_US)
    try:
        await world.power(True)
        await lock.until("console", line="link: online")
        idle = await _worst_tap_ms(lock, None, 10)
        series = Series(world.provision.lock, world.provision.key, version=1)
        everybody = _credentials(lock)
        begun = now_us()
        async with ending.running(_publish(lock, series, everybody)) as applying:
            busy = await _worst_tap_ms(lock, applying, 1_000)
            await applying
        applied = (now_us() - begun) / 1_000_000
        wire, erases = [], []
        # many at a time until there is space for no more; the last does not fit, and the lock merges
        for more in (*[1] * _SINGLE, CHANGES_MAX - _SINGLE, 1):
            before = (await world.board.flash_stats())["erases"]
            for _ in range(more):
                everybody.append(
                    Credential(CARD, struct.pack(">I", 1 << 24 | len(everybody)), TENANT, lease=1)
                )
            await _publish(lock, series, everybody)
            await asyncio.sleep(_TAIL_S)
            wire.append(_wire_bytes(lock))
            erases.append((await world.board.flash_stats())["erases"] - before)
        return {
            "change_wire_bytes": wire[0],
            "change_wire_bytes_most": max(wire),
            "change_block_erases": statistics.mean(erases[:-1]),
            "change_block_erases_most": max(erases[:-1]),
            "merge_block_erases": erases[-1],
            "snapshot_apply_s": applied,
            "apply_tap_worst_ms": busy,
            "idle_tap_worst_ms": idle,
        }
    finally:
        await world.stop()
