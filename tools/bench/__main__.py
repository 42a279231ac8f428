"""`make bench`: measures the running lock, prints a table beside the budgets, writes build/bench.json."""

import asyncio
import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools import build_app
from tools.simulator.server import new_loop
from tools.simulator.world import World, now_us

TOP = Path(__file__).resolve().parents[2]
BIN = TOP / "build/toolchain/bin"
TAPS = 15
STARTS = 5
LINK_US = (
    43 * 10 * 1_000_000 / 115_200
)  # the answer of a card with a UID of 7 bytes, and the chip's ACK before
RESIDENT = (
    "app",
    "board",
    "settings",
    "supervisor",
    "log",
    "door/",
    "readers/",
    "access/",
    "link/",
    "storage/",
)
BUDGETS = {
    "decision_us": 100,
    "armed_ms": 5,
    "loop_gap_us": 500,
    "tap_overhead_ratio": 1.10,
    "heap_peak_bytes": 110 * 1024,
    "heap_live_bytes": 80 * 1024,
    "app_mpy_bytes": 100 * 1024,
    "resident_mpy_bytes": 40 * 1024,
}
# Runs inside the Unix port on the firmware's own modules: digest, search in the file, decision.
DECISION = """
import vfs, os, time
from storage.hmac import Mac
from access.clock import Clock
from access.credentials import Credentials
from access.gate import Gate
class Ram:
    def __init__(self): self.data = bytearray(b"\\xff" * 983040)
    def readblocks(self, n, buf, off=0):
        buf[:] = self.data[n * 4096 + off : n * 4096 + off + len(buf)]
    def writeblocks(self, n, buf, off=0): self.data[n * 4096 + off : n * 4096 + off + len(buf)] = buf
    def ioctl(self, op, arg): return {4: 240, 5: 4096}.get(op, 0)
key = bytes(32)
mac = Mac(key)
count = 10000
import struct
uids = [struct.pack(">I", i) for i in range(count)]
rest = struct.pack("<BBHBBIIH", 1, 2, 1, 0, 0, 0, 0, 0)
records = sorted(mac.digest(b"\\x02", u)[:16] + rest for u in uids)
device = Ram()
vfs.VfsLfs2.mkfs(device)
vfs.mount(vfs.VfsLfs2(device), "/")
os.mkdir("/access")
credentials = Credentials(key)
credentials.install(1, b"".join(records))
gate = Gate(credentials, Clock(lambda: (2026, 1, 1, 0, 0, 0, 0, 0)), None, mac, True)
took = []
for u in uids[::10]:
    began = time.ticks_us()
    verdict = gate.card(u)
    took.append(time.ticks_diff(time.ticks_us(), began))
    if not verdict.granted: raise ValueError(u)
took.sort()
print(took[len(took) // 2])
"""


async def _until(condition: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (the world calls; there is nothing to wait on)
            await asyncio.sleep(0.005)
    if not condition():
        raise RuntimeError(what)


async def _measure(folder: Path, app: Path, micropython: Path, heapsize: str | None) -> dict[str, float]:
    """One lock through starts, taps, a PIN, a list and a broker that dies and comes back."""
    world = World(
        folder,
        app,
        app.parent / "fakes",
        micropython,
        heapsize,
        settings={"relay": {"seconds": 1, "unlock_level": 1}},
    )
    events: list[dict] = []
    world.on_event(events.append)
    await world.start(power=False)
    try:
        armed, heap = [], 0
        for _ in range(STARTS):
            events.clear()
            await world.power(True)
            await world.board.wait_armed()
            boot = next(e for e in events if e["type"] == "boot")
            line = next(e for e in events if e["type"] == "console" and "app: armed" in e["line"])
            armed.append((line["us"] - boot["us"]) / 1000)
            heap = boot["heap"]
            if len(armed) < STARTS:
                await world.power(False)
        await _until(lambda: world.state()["lock"].get("online"), "the lock is online")
        overheads, ratios = [], []
        for _ in range(TAPS):
            await _until(lambda: world.state()["relay"] == 0, "the relay is held")
            events.clear()
            begun = now_us()
            world.card("tenant")
            await _until(lambda: world.state()["relay"] == 1, "the relay lets go")
            told = next(e["us"] for e in events if e["type"] == "reader")
            edge = next(
                e["us"] for e in events if e["type"] == "pin" and e["name"] == "relay" and e["level"] == 1
            )
            ratios.append((edge - begun) / (told - begun))
            overheads.append(edge - told)
            world.card(None)
        give = world.provision
        await world.publish(
            give.topic("list"), give.list_message(2, give.demo_credentials(world.cards)).encode()
        )
        await _until(
            lambda: any(e["type"] == "mqtt" and e["topic"].endswith("/ack") for e in events),
            "the list is taken",
        )
        peak = (await world.board.memory())["alloc"] - heap
        live = (await world.board.live_memory())["alloc"] - heap
    finally:
        await world.stop()
    return {
        "armed_ms": statistics.median(armed),
        "tap_overhead_ratio": statistics.median(ratios),
        "tap_overhead_us": statistics.median(overheads),
        "heap_peak_bytes": peak,
        "heap_live_bytes": live,
    }


def _decision_us() -> float:
    path = ":".join(str(TOP / part) for part in ("build/app/slots/a", "build/app/lib"))
    done = subprocess.run(
        [BIN / "micropython", "-X", "heapsize=64m", "-c", DECISION], env={"MICROPYPATH": path + ":.frozen"},
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return float(done.stdout.split()[-1])


def _sizes(app: Path) -> dict[str, float]:
    files = {str(p.relative_to(app / "slots/a")): p.stat().st_size for p in (app / "slots/a").rglob("*.mpy")}
    return {
        "app_mpy_bytes": sum(files.values()),
        "resident_mpy_bytes": sum(size for name, size in files.items() if name.startswith(RESIDENT)),
    }


async def measure() -> dict[str, float | None]:
    """All figures by name."""
    app = build_app.build()
    with tempfile.TemporaryDirectory() as folder:
        wide = await _measure(Path(folder) / "64", app, BIN / "micropython", None)
        narrow = await _measure(Path(folder) / "32", app, BIN / "micropython32", "110k")
    heap = {name: narrow[name] for name in ("heap_peak_bytes", "heap_live_bytes")}
    return {"decision_us": _decision_us(), **wide, **heap, **_sizes(app)}


def main() -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        figures = runner.run(measure())
    print(f"{'figure':22} {'measured':>12} {'budget':>12}")
    for name, value in figures.items():
        budget = BUDGETS.get(name)
        verdict = "" if budget is None else "within" if value is not None and value <= budget else "OVER"
        print(f"{name:22} {value:12.4g} {budget or '':>12} {verdict}")
    (TOP / "build/bench.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
