"""Connections that fail, each at another point in another way: nothing is left of any of them.

The firmware's link as it lies in the flash runs in the 32-bit Unix port, in a heap of 123 KB with what fakes
take, with short waits between the rounds: 60 of them, 200 with MENSHEN_NIGHTLY=1. Behind the proxy is a real
Mosquitto.
"""

import asyncio
import itertools
import json
import os
from pathlib import Path

from menshen import build_app
from menshen.operator.certificates import Authority
from menshen.shrink import files, names
from menshen.simulator.broker import Operator
from menshen.simulator.fault_proxy import FaultProxy, contexts
from menshen.simulator.fault_side import HANDSHAKE, POINTS, Fault
from menshen.simulator.provision import BROKER_NAME
from tests import programs
from tests.chip_heap import PORT, heap_for
from tests.conftest import TOP
from tests.integration.helpers.house import House, broker_of, broker_pair
from tests.simulated_lock import Lock

_ROUNDS = 200 if os.environ.get("MENSHEN_NIGHTLY") else 60
_MORE = {  # at most: what the collector takes for a pointer; none; TLS sessions of 25 KB each are soon more
    "heap": 2048,
    "files": 0,
    "resident": 1 << 20,
}
_FAULTS = [
    Fault(point, way)
    for way in ("reset", "garbage", "silent")
    for point in POINTS
    if point != "pingresp" and (point, way) != ("connect", "silent")
]
_SWIFT = [
    fault
    for fault in _FAULTS
    if (fault.way == "reset" and fault.point != "mid-packet")
    or (fault.way == "garbage" and fault.point in HANDSHAKE)
]
_HEAP = "123k"  # of the connections alone
_OURS = 99 * 1024  # bytes of the whole lock: 97 KB, and 2 for the pieces by which main.py shapes the heap
_WHOLE_ROUNDS = 200 if os.environ.get("MENSHEN_NIGHTLY") else 15
_SETTLED = 5
_PROGRAM = TOP / "tests/unit/helpers/rounds.py"


async def test_nothing_is_left_of_connections_that_failed(tmp_path: Path, app_dir: Path) -> None:
    authority = Authority.in_memory()
    house = House(authority, authority.issue_lock("demo"))
    for path, data in house.files().items():
        (tmp_path / Path(path).name).write_bytes(data)
    async with broker_of(tmp_path, authority, broker_pair(authority)) as broker:
        operator = Operator(broker.address, lambda topic, payload: None)
        await operator.start()
        await operator.publish("menshen/v1/demo/list", b"x" * 2000, retain=True)
        await operator.stop()
        server, client = contexts(tmp_path, authority, house.lock)
        async with FaultProxy(broker.tls_address, server, client) as proxy:
            looks, met = await _rounds(f"{tmp_path}/ {BROKER_NAME} {proxy.port}", app_dir, proxy)
    round_trip = len(_FAULTS)
    early, late = looks[round_trip : 2 * round_trip], looks[-round_trip:]
    for what in ("heap", "files", "resident"):
        before, after = (min(look[what] for look in part) for part in (early, late))
        print(f"{what}: {before} in the second twenty rounds, {after} in the last of {_ROUNDS}")
        assert after - before <= _MORE[what], what
    print(f"met: {len(met)} kinds of fault")
    assert len(met) > round_trip / 2  # a busy computer is too slow for some


async def _rounds(where: str, app_dir: Path, proxy: FaultProxy) -> tuple[list[dict], set[Fault]]:
    """Let it run; what it had after each round, and the faults that were met."""
    # it speaks to the modules as the chip has them, where their names are short ones
    made = build_app.shrunk(TOP / "firmware")
    program = names.applied(files.applied(_PROGRAM.read_text(), made.files), made.names)
    paths = (app_dir / "slots/a", app_dir.parent / "fakes", TOP / "lib")
    environment = {"MICROPYPATH": ":".join([*map(str, paths), ".frozen"]), "MENSHEN_ROUNDS": where}
    rounds = programs.program(
        PORT,
        "-X",
        f"heapsize={_HEAP}",
        "-c",
        program,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    looks: list[dict] = []
    met = set()
    faults = itertools.cycle(_FAULTS)
    proxy.fault = next(faults)
    async with rounds as process, asyncio.timeout(200):
        assert process.stdout
        while len(looks) < _ROUNDS:
            line = await process.stdout.readline()
            assert line.startswith(b"{"), (line + await process.stdout.read(4096)).decode()
            looks.append(json.loads(line))
            if proxy.hits:
                met.add(proxy.fault)
            proxy.fault, proxy.hits = next(faults), 0
    return looks, met


async def test_the_whole_lock_has_as_much_left_after_connections_that_failed(
    tmp_path: Path, make_lock, monkeypatch, app_dir: Path
) -> None:
    """Of these faults only those that need no patience; the waits in between are the firmware's own."""
    monkeypatch.setattr("tests.simulated_lock.micropython", lambda: PORT)
    heapsize = await heap_for(_OURS, tmp_path / "nothing", app_dir.parent / "fakes")
    authority = Authority.in_memory()
    house = House(authority, authority.issue_lock("demo"))
    faults = itertools.cycle(_SWIFT)
    async with broker_of(tmp_path, authority, broker_pair(authority)) as broker:
        server, client = contexts(tmp_path, authority, house.lock)
        async with FaultProxy(broker.tls_address, server, client) as proxy:
            proxy.fault = next(faults)
            lock: Lock = await make_lock(
                heapsize=heapsize,
                probe=False,
                broker_address=broker.address,
                files=house.files(),
                settings={
                    "relay": {"seconds": 1},
                    "broker": {"tls": True, "port": proxy.port, "backoff_cap_s": 1},
                },
            )
            await lock.wait_armed(60)
            live = []
            for _ in range(_WHOLE_ROUNDS):
                said = await lock.wait_event(_is_offline)
                lock.since_us = said["us"] + 1
                live.append((await lock.world.board.live_memory())["alloc"])
                proxy.fault = next(faults)
            await lock.tap_to_relay("tenant")
            proxy.fault = None
            try:
                await proxy.until_served()
            except TimeoutError:
                raise AssertionError(list(lock.world.board.lines)[-12:]) from None
    early, late = min(live[_SETTLED : 2 * _SETTLED]), min(live[-_SETTLED:])
    print(
        f"live heap: {early} bytes after {_SETTLED} rounds, {late} in the last {_SETTLED} of {_WHOLE_ROUNDS}"
    )
    assert late - early <= _MORE["heap"]
    console = [e["line"] for e in lock.events if e["type"] == "console"]
    assert not [line for line in console if "MemoryError" in line or "Traceback" in line]
    assert not [e for e in lock.events if e["type"] == "reset"]


def _is_offline(event: dict) -> bool:
    return event["type"] == "console" and "link: offline" in event["line"]
