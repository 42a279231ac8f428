"""What each fault of the network costs the door: the longest step, and from tap to relay, side by side.

At each point of a connection five locks run at once: one for which all is well, and one for each way to fail.
"""

import asyncio
import statistics
from contextlib import AsyncExitStack
from pathlib import Path

from menshen import ending
from menshen.operator.certificates import Authority
from menshen.simulator.broker import Broker
from menshen.simulator.fault_proxy import FaultProxy, contexts
from menshen.simulator.fault_resolver import FaultResolver
from menshen.simulator.fault_side import POINTS, WAYS, Fault

from .lock import MeasuredLock
from .progress import Progress

_TAPS = 5
_PATIENCE_S = 60
_LIMIT_S = 90  # for all locks of a point
_ALL = (*POINTS, "dns", "dhcp")
_SLOW = "pingresp"  # half a minute goes by before a lock asks for it: the others are measured meanwhile


class _Faulty:
    """A lock behind a proxy and a resolver of its own."""

    def __init__(self, lock: MeasuredLock, proxy: FaultProxy, resolver: FaultResolver) -> None:
        self._lock, self._proxy, self._resolver = lock, proxy, resolver

    async def begin(self, fault: Fault | None) -> None:
        """Give power, with the fault lying in wait; return when it has been met, or all is well."""
        world = self._lock.world
        if fault and fault.point == "dns":
            await self._resolver.fail(fault.way)
        elif fault and fault.point == "dhcp":
            await world.break_things({"dhcp": fault.way})
        elif fault:
            await self._proxy.arm(fault)
        await world.power(True)
        await self._lock.until("console", line="armed")
        if fault is None:
            await self._proxy.until_served(_PATIENCE_S)
        elif fault.point in POINTS:
            await self._proxy.until_hit(_PATIENCE_S)

    async def measure(self) -> tuple[float, list[float]]:
        """The longest step in ms of CPU time, and each tap to relay in ms."""
        board = self._lock.world.board
        await board.longest_step_us()
        taps = [await self._lock.tap_once() / 1000 for _ in range(_TAPS)]
        return await board.longest_step_us() / 1000, taps


async def _point(folder: Path, app: Path, port: Path, point: str) -> dict[str, dict[str, float]]:
    faults = [None, *(Fault(point, way) for way in WAYS)]
    authority = Authority.in_memory()
    async with AsyncExitStack() as ends:
        broker = Broker()
        await broker.start()
        ends.push_async_callback(broker.stop)
        locks = []
        for number in range(len(faults)):
            name = f"lock-{number}"
            own, place = authority.issue_lock(name), folder / point / name
            place.mkdir(parents=True)
            server, _ = contexts(place, authority, own)
            proxy = await ends.enter_async_context(FaultProxy(broker.address, server))
            resolver = await ends.enter_async_context(FaultResolver())
            options = {
                "broker_address": broker.address,
                "settings": {
                    "lock": name,
                    "network": {"dns": [f"127.0.0.1:{resolver.port}"]},
                    "broker": {"tls": True, "port": proxy.port, "backoff_cap_s": 1},
                },
                "files": {
                    "/tls/lock.key.der": own.key_der,
                    "/tls/lock.crt.der": own.certificate_der,
                    "/tls/ca.crt.der": authority.certificate_der,
                },
            }
            lock = MeasuredLock(place, app, port, world=options)
            await lock.world.start(power=False)
            ends.push_async_callback(lock.world.stop)
            if point == "mid-packet":
                await lock.world.publish(f"menshen/v1/{name}/list", b"x" * 2000, True)
            locks.append(_Faulty(lock, proxy, resolver))
        await ending.together(*(lock.begin(fault) for lock, fault in zip(locks, faults, strict=True)))
        results = await ending.together(*(lock.measure() for lock in locks))
    well = statistics.median(results[0][1])
    found = {}
    for way, (step, taps) in zip(WAYS, results[1:], strict=True):
        found[f"{point} {way}"] = {
            "stall_ms": step,
            "tap_ms": statistics.median(taps),
            "worst_ms": max(taps),
            "well_ms": well,
        }
    return found


async def _result(task: asyncio.Task) -> dict[str, dict[str, float]]:
    """What it gives, once it is done."""
    await asyncio.wait([task])
    return task.result()


async def measure(folder: Path, app: Path, port: Path, progress: Progress) -> dict[str, dict[str, float]]:
    """By fault: stall_ms, the longest step (CPU time), and tap to relay, beside a lock that is well."""
    found: dict[str, dict[str, float]] = {}
    async with ending.running(_point(folder, app, port, _SLOW)) as slow:
        for point in (*(point for point in _ALL if point != _SLOW), _SLOW):
            work = _result(slow) if point == _SLOW else _point(folder, app, port, point)
            found |= await progress.part(f"the network fails at {point}", _LIMIT_S, work)
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures for people."""
    names = next(iter(found.values()))
    lines = [f"{'fault':22} " + " ".join(f"{name:>9}" for name in names)]
    for name, figures in found.items():
        lines.append(f"{name:22} " + " ".join(f"{value:9.2f}" for value in figures.values()))
    return "\n".join(lines)
