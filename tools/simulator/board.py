"""The simulated board: power, resets, watchdog, wires and flash of one chip. Times: monotonic, in us."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from menshen import build_app, ending, littlefs_image
from menshen.console_lines import ARMED

from . import romfs
from .console import Console
from .outfit import Chip
from .process import ChipFailed, ChipProcess, Uart
from .questions import Questions
from .repl import Repl
from .signals import event_of, on_clock
from .surroundings import Surroundings

PWRON_RESET, HARD_RESET, WDT_RESET, SOFT_RESET = 1, 2, 3, 5


def monotonic_us() -> int:
    return time.monotonic_ns() // 1000


class Board(Questions):
    """One board. `app_dir` (boot.py, main.py, slots/, lib/) fills the flash the first time in `workdir`.

    Events, to the listeners of `on_event`, are dicts with "type" and "us": those of signals.py, and
    power {on} · reset {cause} · console {line}.
    """

    def __init__(
        self,
        workdir: Path,
        app_dir: Path,
        chip: Chip,
        config: dict,
        extra_files: Mapping[str, bytes] | None = None,
    ) -> None:
        self._played_by = chip
        self.profile: str = config.get("board", "devkit")
        workdir = Path(workdir).resolve()
        workdir.mkdir(parents=True, exist_ok=True)
        self.flash_path, self.nvs_path = workdir / "flash.img", workdir / "nvs.json"
        self._rom_path, self.fakes_dir = workdir / "fakes.rom", chip.fakes.resolve()
        self._environment = {
            "MICROPYPATH": f"{self.fakes_dir}:.frozen",
            "MENSHEN_ROM": str(self._rom_path),
            "MENSHEN_FLASH": str(self.flash_path),
            "MENSHEN_NVS": str(self.nvs_path),
            "MENSHEN_FLASH_US": "0,0",
            "MENSHEN_CHIP": self.profile,
            "TZ": "UTC",
            **chip.memory.environment(),
            **({"MENSHEN_PROBE": "1"} if chip.probe else {}),
        }
        self._app_dir = Path(app_dir)
        self._first_files = {"/config.json": json.dumps(config).encode(), **(extra_files or {})}
        if not self.flash_path.exists():
            self._make_flash()
        self.console = Console()
        self.lines = self.console.lines
        self.repl = Repl(
            lambda code: self._send(f"exec {code.hex()}\n"), self._interrupt, lambda: self._end(SOFT_RESET)
        )
        self._listeners: list[Callable[[dict], None]] = []
        self._outside, self._started = Surroundings(), asyncio.Event()
        # Of each start measured there is an event `armed`, and then of each step an event `step`:
        self._cut_at, self.measures_starts, self.tells_steps = 0, False, False
        self._rtc, self._uarts = "", {2: Uart()}
        self._driven: set[int] = set()
        self._chip: ChipProcess | None = None
        self._life: asyncio.Task[None] | None = None
        self._verdict: int | None = None  # how this run is to end: a reset cause, 0 for no power
        self._watchdog: asyncio.TimerHandle | None = None
        super().__init__(self._put_question)

    async def __aenter__(self) -> "Board":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.power_off()

    @property
    def powered(self) -> bool:
        return self._life is not None and not self._life.done()

    def on_event(self, listener: Callable[[dict], None]) -> None:
        """Call listener(event) for every event, at once."""
        self._listeners.append(listener)

    async def power_on(self, cause: int = PWRON_RESET) -> None:
        """Give power, and return when boot.py is about to run. ChipFailed, TimeoutError if it never does."""
        if self.powered:
            return
        self._started.clear()
        self._verdict, self._rtc, self._booted = None, "", False
        self._rom_path.write_bytes(romfs.build_of(self.fakes_dir))
        self._life = asyncio.create_task(self._live(cause))
        async with ending.running(self._started.wait()) as started, asyncio.timeout(90):
            await asyncio.wait([self._life, started], return_when=asyncio.FIRST_COMPLETED)
        if not self._started.is_set():
            await self._life

    async def power_off(self) -> None:
        """Cut the power at this instant."""
        if self._life is not None and not self._life.done():
            self._end(0)
            await self._life

    async def wait_off(self, timeout: float = 90) -> None:
        """Wait until `cut_at` has switched the power off."""
        if self._life is not None:
            async with asyncio.timeout(timeout):
                await asyncio.shield(self._life)

    async def wait_armed(self, timeout: float = 90) -> str:
        """The line in which the lock says that it is armed, since its last start."""
        return await self.console.wait_for(ARMED, timeout)

    async def wait_line(self, text: str, timeout: float = 90) -> str:
        """The first console line since the last start that contains `text`."""
        return await self.console.wait_for(text, timeout)

    def erase(self) -> None:
        """With the power off: flash and NVS as they were the first time."""
        self._must_be_off()
        self.nvs_path.unlink(missing_ok=True)
        self._make_flash()

    def _make_flash(self) -> None:
        littlefs_image.make(self.flash_path, build_app.flash_files(self._app_dir) | self._first_files)

    def set_input(self, pin: int, level: int | None) -> None:
        """Lay a level on a pin, or let go of it."""
        self._send(self._outside.level(pin, level))

    def pulses(self, pins: Sequence[int]) -> None:
        """Give a low pulse on each of these pins in turn, too short to be seen without an interrupt."""
        self._send("".join(self._outside.level(pin, level) for pin in pins for level in (0, 1)))

    def switch(self, a: int, b: int, closed: bool) -> None:
        """Close or open a switch between two pins: a key of the keypad."""
        self._send(self._outside.switch(a, b, closed))

    def access_point(self, up: bool) -> None:
        """The Wi-Fi access point is in reach, or not. At first it is not."""
        self._send(self._outside.access_point(up))

    def dhcp(self, mode: str | None = None) -> str:
        """Set how the access point gives addresses, one of world.MODES, if one is given; the present mode."""
        if mode is not None:
            self._send(self._outside.lease(mode))
        return self._outside.dhcp

    def flash_takes(self, erase_us: int, program_us: int) -> None:
        """From the next start on: an erase of a block, and a program of 256 bytes."""
        self._environment["MENSHEN_FLASH_US"] = f"{erase_us},{program_us}"

    def cut_at(self, n: int) -> None:
        """Cut the power in the n-th flash operation from now, or from power-on; a reset forgets it."""
        if self.powered:
            self._send(f"cut {n}\n")
        else:
            self._cut_at = n

    def uart(self, number: int) -> Uart:
        return self._uarts[number]

    def read_file(self, path: str) -> bytes:
        """A file in the flash, with the power off."""
        self._must_be_off()
        return littlefs_image.read(self.flash_path, path)

    def write_file(self, path: str, data: bytes) -> None:
        self._must_be_off()
        littlefs_image.write(self.flash_path, path, data)

    def _must_be_off(self) -> None:
        if self.powered:
            raise RuntimeError("the chip is using its flash: cut the power first")

    async def _live(self, cause: int) -> None:
        """From power on to power off, through any number of resets."""
        self._emit("power", on=True)
        try:
            while cause:
                cause = await self._run(cause)
        finally:
            self._undrive()
            self._emit("power", on=False)

    async def _run(self, cause: int) -> int:
        """One run of the chip. The cause of the next, or 0 when the power is off."""
        self.console.since_start.clear()
        (self.repl.restarted if cause == SOFT_RESET else self.repl.reset)()
        now = {"MENSHEN_RESET_CAUSE": str(cause), "MENSHEN_RTC_US": self._rtc}
        environment = self._environment | now | ({"MENSHEN_RAW_REPL": "1"} if self.repl.raw else {})
        greeting = self._outside.greeting() + f"arm {self.tells_steps:d}\n" * self.measures_starts
        if self._cut_at:
            greeting += f"cut {self._cut_at}\n"
            self._cut_at = 0
        self._booted = False

        def on_line(line: str) -> None:
            self._booted = self._booted or line.startswith("boot ")
            self._obey(line)

        self._chip = ChipProcess(on_line, self._say, self.repl.output)
        try:
            program, heapsize = self._played_by.micropython, self._played_by.heapsize
            await self._chip.start(program, heapsize, environment, self._uarts, greeting)
            if self._verdict is not None:
                self._chip.kill()  # the power went while it was starting
            status = await self._chip.ended()
        finally:
            self._chip = None
            self._drop_questions()
        next_cause, self._verdict = self._verdict, None
        if next_cause is None:
            self._say(f"simulator: the chip's process ended with status {status}")
            if not self._booted:
                raise ChipFailed("\n".join(self.console.since_start))
            next_cause = HARD_RESET  # a panic
        if next_cause != SOFT_RESET:
            self._stop_watchdog()
            self._undrive()
        if next_cause:
            self._emit("reset", cause=next_cause)
        return next_cause

    def _end(self, verdict: int) -> None:
        """End this run of the chip: with a reset cause, or 0. The loss of power overrides a reset."""
        if self._verdict is None or not verdict:
            self._verdict = verdict
        if self._chip is not None:
            self._chip.kill()

    def _interrupt(self) -> bool:
        # Before boot.py the chip runs C, which Ctrl-C does not stop.
        return self._chip is not None and self._booted and self._chip.interrupt()

    def _obey(self, line: str) -> None:
        event = event_of(line.split(), monotonic_us())
        if event is None:
            self._follow(line.split())
            return
        if event["type"] == "pin":
            (self._driven.discard if event["level"] is None else self._driven.add)(event["pin"])
        self._pass_on(event)
        if event["type"] == "boot":
            self._started.set()

    def _follow(self, words: list[str]) -> None:
        """Handle a line that is for the board, and not for all listeners."""
        match words:
            case ["wdt", ms]:
                self._stop_watchdog()
                self._watchdog = asyncio.get_running_loop().call_later(int(ms) / 1000, self._end, WDT_RESET)
            case ["uart", number, rxbuf, baud, us]:
                self._uarts[int(number)].configure(int(rxbuf), int(baud), on_clock(int(us), monotonic_us()))
            case ["sent", number, count, us]:
                self._uarts[int(number)].sent(int(count), on_clock(int(us), monotonic_us()))
            case ["rtc", offset]:
                self._rtc = offset
            case ["reset", cause]:
                self._end(int(cause))
            case ["cut"]:
                self._end(0)
            case [name, *answer] if name in self.NAMES:
                self._answer(name, answer)
            case _:
                raise ValueError(f"the chip said {words}")

    def _say(self, line: str) -> None:
        self.console.add(line)
        self._emit("console", line=line)

    def _emit(self, kind: str, **what: object) -> None:
        self._pass_on({"type": kind, **what, "us": monotonic_us()})

    def _pass_on(self, event: dict) -> None:
        for listener in self._listeners:
            listener(dict(event))

    def _undrive(self) -> None:
        for pin in sorted(self._driven):
            self._emit("pin", pin=pin, level=None)
        self._driven.clear()

    def _stop_watchdog(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None

    def _send(self, lines: str) -> None:
        if self._chip is not None:
            self._chip.send(lines)

    def _put_question(self, line: str) -> None:
        if self._chip is None:
            raise RuntimeError("the power is off")
        self._chip.send(line)
