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
IDLE_S = 5  # what comes round by itself: scans, looks for cards, the collector
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


class Bench:
    """One lock in its world, and what it has said since `heard` was last cleared."""

    def __init__(self, folder: Path, app: Path, micropython: Path, heapsize: str | None) -> None:
        self.world = World(
            folder, app, app.parent / "fakes", micropython, heapsize,
            settings={"relay": {"seconds": 1, "unlock_level": 1}},
        )  # fmt: skip
        self.heard: list[dict] = []
        self.heap = 0
        self.world.on_event(self.heard.append)

    def first(self, kind: str, **fields: object) -> dict | None:
        """The first event of this kind with these fields; of texts a part is enough."""

        def fits(event: dict) -> bool:
            return event["type"] == kind and all(
                value in event[name] if isinstance(value, str) else value == event[name]
                for name, value in fields.items()
            )

        return next((event for event in self.heard if fits(event)), None)

    async def until(self, kind: str, **fields: object) -> dict:
        """Wait for such an event."""
        await _until(lambda: self.first(kind, **fields), f"{kind} {fields}")
        found = self.first(kind, **fields)
        assert found
        return found

    async def start_up(self) -> dict[str, float]:
        armed = []
        for n in range(STARTS):
            self.heard.clear()
            await self.world.power(True)
            await self.world.board.wait_armed()
            boot = await self.until("boot")
            line = await self.until("console", line="app: armed")
            armed.append((line["us"] - boot["us"]) / 1000)
            self.heap = boot["heap"]
            if n < STARTS - 1:
                await self.world.power(False)
        await self.until("console", line="link: online")
        return {"armed_ms": statistics.median(armed)}

    async def tap(self) -> dict[str, float]:
        overheads, ratios = [], []
        for _ in range(TAPS):
            await _until(lambda: self.world.state()["relay"] == 0, "the relay is held")
            self.heard.clear()
            begun = now_us()
            self.world.card("tenant")
            edge = (await self.until("pin", name="relay", level=1))["us"]
            told = (await self.until("reader"))["us"]
            ratios.append((edge - begun) / (told - begun))
            overheads.append(edge - told)
            self.world.card(None)
        return {
            "tap_overhead_ratio": statistics.median(ratios),
            "tap_overhead_us": statistics.median(overheads),
        }

    async def reconnect(self) -> dict[str, float]:
        self.heard.clear()
        self.world.network(False)
        await self.idle()  # longer than the lock takes to notice
        self.world.network(True)
        await self.until("console", line="link: online")
        return {}

    async def take_list(self) -> dict[str, float]:
        self.heard.clear()
        give = self.world.provision
        message = give.list_message(2, give.demo_credentials(self.world.cards))
        await self.world.publish(give.topic("list"), message.encode())
        await self.until("mqtt", topic="/ack")
        return {}

    async def idle(self) -> dict[str, float]:
        await asyncio.sleep(IDLE_S)
        return {}

    async def gaps(self) -> dict[str, float]:
        """The longest step of any task, in CPU time, during each of these."""
        doings = {"idle": self.idle, "taps": self.tap, "link": self.reconnect, "list": self.take_list}
        await self.world.board.longest_step_us()
        found: dict[str, float] = {}
        for name, doing in doings.items():
            await doing()
            found[f"loop_gap_{name}_us"] = await self.world.board.longest_step_us()
        return {"loop_gap_us": max(found.values()), **found}

    async def memory(self) -> dict[str, float]:
        peak = (await self.world.board.memory())["alloc"]
        live = (await self.world.board.live_memory())["alloc"]
        return {"heap_peak_bytes": peak - self.heap, "heap_live_bytes": live - self.heap}


async def _run(bench: Bench, *parts: str) -> dict[str, float]:
    figures: dict[str, float] = {}
    await bench.world.start(power=False)
    try:
        for part in parts:
            figures |= await getattr(bench, part)()
    finally:
        await bench.world.stop()
    return figures


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
        wide = Bench(Path(folder) / "64", app, BIN / "micropython", None)
        speed = await _run(wide, "start_up", "tap", "gaps")
        narrow = Bench(Path(folder) / "32", app, BIN / "micropython32", "110k")
        heap = await _run(narrow, "start_up", "tap", "take_list", "memory")
        del heap["armed_ms"], heap["tap_overhead_ratio"], heap["tap_overhead_us"]
    return {"decision_us": _decision_us(), **speed, **heap, **_sizes(app)}


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
