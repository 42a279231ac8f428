"""One simulated lock under measurement: what its people and its operator do, and what it says meanwhile."""

import asyncio
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from menshen.simulator import provision
from menshen.simulator.outfit import HEAP, sort
from menshen.simulator.world import World, now_us

from . import decision

TAPS = 15
FEW = 4
AFTER_S = 2  # housekeeping comes round every second
STARTS = 9
IDLE_S = 5  # what comes round by itself: scans, looks for cards, the collector
HOUSE_S = 6  # what is written and read once, when the door has been armed for some seconds
WRONG_PIN = "135791"


async def _until(condition: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (the world calls; there is nothing to wait on)
            await asyncio.sleep(0.005)
    if not condition():
        raise RuntimeError(what)


class MeasuredLock:
    """A lock in its world, and what it has said since `heard` was last cleared. Each part gives figures."""

    def __init__(
        self,
        folder: Path,
        app: Path,
        micropython: Path,
        heapsize: str = HEAP,
        many: bool = False,
        world: Mapping[str, Any] | None = None,
    ) -> None:
        """`many`: its list holds the 10,000 records of decision.credentials().

        `world` are more options of simulator/outfit.py.
        """
        more = dict(world or {})
        files = more.pop("files", {})
        if many:
            lock = provision.Provision(provision.lock_key(folder))
            files = lock.list_files(1, decision.credentials())
        settings = {"relay": {"seconds": 1, "unlock_level": 1}, **more.pop("settings", {})}
        chip = {"micropython": micropython, "fakes": app.parent / "fakes", "heapsize": heapsize}
        self.world = World(folder, app, *sort(chip | more | {"settings": settings, "files": files}))
        self.heard: list[dict] = []
        self.heap, self._app = 0, app
        self.between_starts: Callable[[], object] = lambda: None
        self.steps: dict[str, list[dict]] = {}  # of each activity in gaps(), events of the simulator
        self._told: list[dict] = []
        self.world.on_event(self._note)

    def _note(self, event: dict) -> None:
        (self._told if event["type"] == "step" else self.heard).append(event)

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

    def last_words(self) -> str:
        return "\n".join(list(self.world.board.lines)[-20:])

    async def run(self, *parts: str) -> dict[str, float]:
        """The figures of these parts, done one after the other in one world."""
        figures: dict[str, float] = {}
        await self.world.start(power=False)
        try:
            for part in parts:
                figures |= await getattr(self, part)()
        finally:
            await self.world.stop()
        return figures

    # -- the parts

    async def start_up(self) -> dict[str, float]:
        """From boot.py's first line until every task has had a turn: the firmware's part, the fakes' part."""
        starts = []
        self.world.board.measures_starts = True
        for n in range(STARTS):
            self.heard.clear()
            await self.world.power(True)
            starts.append(await self.until("armed"))
            self.heap = (await self.until("boot"))["heap"]
            if n < STARTS - 1:
                await self.world.power(False)
                self.between_starts()
        await self.until("console", line="link: online")
        took = [(start["cpu_us"] - start["fakes_us"]) / 1000 for start in starts]
        return {
            "armed_ms": statistics.median(took),
            "armed_best_ms": min(took),
            "armed_fakes_ms": statistics.median(start["fakes_us"] / 1000 for start in starts),
            "armed_reads": starts[-1]["reads"],
        }

    async def first_start(self) -> dict[str, float]:
        """The first of all starts, in which copies are made."""
        self.world.board.measures_starts = self.world.board.tells_steps = True
        await self.world.power(True)
        await self.until("console", line="link: online")
        await asyncio.sleep(HOUSE_S)
        return {}

    async def plain_start(self) -> dict[str, float]:
        """A start at which nothing is measured: that would take memory."""
        await self.world.power(True)
        self.heap = (await self.until("boot"))["heap"]
        await self.until("console", line="link: online")
        return {}

    async def hold(self, card: str) -> int:
        """Hold a card to the reader, once the bolt is held and the lock has seen that the last card is gone.

        One that comes back sooner is the same to it. In microseconds, when it came.
        """
        world = self.world
        await _until(
            lambda: not (world.state()["relay"] or world.reader.misses_card), "the last card is not gone"
        )
        begun = now_us()
        world.card(card)
        return begun

    async def tap_once(self) -> int:
        """Microseconds from a card to the relay's edge."""
        begun = await self.hold("tenant")
        self.heard.clear()
        edge = (await self.until("pin", name="relay", level=1))["us"]
        self.world.card(None)
        return edge - begun

    async def tap(self) -> dict[str, float]:
        """A card that opens, again and again."""
        overheads, ratios = [], []
        for _ in range(TAPS):
            took = await self.tap_once()
            edge = (await self.until("pin", name="relay", level=1))["us"]
            told = (await self.until("reader"))["us"]
            ratios.append(took / (told - edge + took))
            overheads.append(edge - told)
        return {
            "tap_overhead_ratio": statistics.median(ratios),
            "tap_overhead_us": statistics.median(overheads),
        }

    async def few_taps(self) -> dict[str, float]:
        """A card that opens, some times, and what is kept of it after."""
        for _ in range(FEW):
            await self.tap_once()
        await asyncio.sleep(AFTER_S)
        return {}

    async def type_pins(self) -> dict[str, float]:
        """A wrong PIN and the right one."""
        self.heard.clear()
        await self.world.keys(WRONG_PIN + "#")
        await self.until("led", name="denied")
        await self.world.keys(provision.DEMO_PIN + "#")
        await self.until("pin", name="relay", level=1)
        return {}

    async def let_staff_in(self) -> dict[str, float]:
        """The cleaner's card, and the report of it."""
        await self.hold("cleaner")
        self.heard.clear()
        await self.until("mqtt", topic="/staff")
        self.world.card(None)
        return {}

    async def reconnect(self) -> dict[str, float]:
        """The cable is out, and in again."""
        self.heard.clear()
        self.world.network(False)
        await self.idle()  # longer than the lock takes to notice
        self.world.network(True)
        await self.until("console", line="link: online")
        return {}

    async def take_list(self) -> dict[str, float]:
        """A list of the operator's."""
        self.heard.clear()
        give = self.world.provision
        for topic, payload in give.list_messages(2, give.demo_credentials(self.world.cards)):
            await self.world.publish(topic, payload, True)
        await self.until("mqtt", topic="/ack")
        return {}

    async def idle(self) -> dict[str, float]:
        """Nobody comes."""
        await asyncio.sleep(IDLE_S)
        return {}

    async def gaps(self) -> dict[str, float]:
        """The longest step of any task, in CPU time, during each of these. `steps` has them all."""
        doings = {
            "start": self.first_start,
            "idle": self.idle,
            "taps": self.few_taps,
            "pins": self.type_pins,
            "staff": self.let_staff_in,
            "link": self.reconnect,
            "list": self.take_list,
        }
        found: dict[str, float] = {}
        for name, doing in doings.items():
            self._told = self.steps[name] = []
            await doing()
            found[name] = await self.world.board.longest_step_us()
        return found

    async def memory(self) -> dict[str, float]:
        """The heap in use, with garbage and without, less what the simulated chip takes of it."""
        peak = (await self.world.board.memory())["alloc"]
        live = (await self.world.board.live_memory())["alloc"]
        return {"heap_peak_bytes": peak - self.heap, "heap_live_bytes": live - self.heap}

    async def loaded(self) -> dict[str, float]:
        """Bytes of .mpy of the modules that are loaded now; for a room, of what is joined into its file."""
        names = await self.world.board.modules()
        places = [self._app / "slots/a" / name.replace(".", "/") for name in names]
        files = [file for place in places for file in (place.with_suffix(".mpy"), place / "__init__.mpy")]
        return {"resident_mpy_bytes": sum(file.stat().st_size for file in files if file.is_file())}
