"""Times a tap in simulated time: what bus and radio need, and what the whole lock makes of it.

The lock runs in the Unix port, as it lies in the flash, against the models of reader and cards, in their
time: that is set by the bytes on the serial line and by the radio. How busy this computer is does not show.
The CPU time is measured separately, times CHIP_FACTOR: see tap_chip.py.
"""

import asyncio
import math
import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from menshen.simulator import frames, provision
from menshen.simulator.board import Board
from menshen.simulator.cards.card import Card
from menshen.simulator.cards.demo import CardSecret
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ntag424 import Ntag424
from menshen.simulator.loop import JumpingLoop
from menshen.simulator.outfit import HEAP, Chip
from menshen.simulator.pn532 import Pn532

CHIP_FACTOR = 200
"""The chip's CPU time to this computer's."""

FAST, SLOW = 921_600, 115_200
_BITS = 10  # of a byte on the line
_PROGRAM = Path(__file__).with_name("tap_chip.py")
_PLAYS = 5
_RECORD, _PLAY = b"2", b"3"  # what the chip is asked for: tap_chip.py
_SETTLED_S = 15.0  # all that a start loads for a time has gone, and what asks cards is there
_GONE_S = 13.0  # after a card: bolt held, light dark, and nothing of it left to do
_LONGEST_S = 5.0
_SEARCH, _MOMENT_S = b"\x4a", 0.02  # InListPassiveTarget, and more than a search takes that waits for nobody
KINDS = ("uid", "ntag424", "desfire")
BUDGETS = {
    "tap_ntag424_ms": 100,
    "tap_desfire_ms": 150,
    **{f"tap_{kind}_ratio": 1.05 for kind in KINDS},
}


class Cost(NamedTuple):
    """What the lock does from a card's first answer to the relay."""

    cpu_us: int
    """Of the Unix port, and less what the stand-ins take."""
    reads: int
    """Of the flash."""
    turns: int
    """Of the event loop."""
    bytes: int
    """Taken of the heap, with those of the stand-ins; a word is twice as long as the chip's."""


def cards(secret: CardSecret) -> dict[str, Card]:
    """A tenant's, by kind."""
    return {
        "uid": Card("uid", bytes.fromhex("04A1B2C3D4E5F6"), sel_res=0x08),
        "ntag424": secret.enrol(Ntag424("ntag424", bytes.fromhex("04A1B2C3D4E5F7"), bytes)),
        "desfire": secret.enrol(Desfire("desfire", bytes.fromhex("04A1B2C3D4E5F8"), dice=bytes)),
    }


def timed_board(folder: Path, app: Path, micropython: Path) -> tuple[Board, dict[str, Card]]:
    """A board whose tenant has these cards."""
    lock = provision.Provision(bytes(range(32)))
    secret = CardSecret.of_demo(lock.key)
    owned = cards(secret)
    listed = [
        provision.Credential(provision.CARD, card.uid, provision.TENANT, 1, proved=name != "uid")
        for name, card in owned.items()
    ]
    files = {**lock.list_files(1, listed), **secret.file(lock.key)}
    config = lock.config(53, 1883, {"relay": {"seconds": 1}})
    board = Board(folder, app, Chip(micropython, app.parent / "fakes"), config, files)
    return board, owned


class TimedLock:
    """A whole lock in simulated time. `now` is in s since its start; `bus_s` what bytes on the line took."""

    def __init__(self, line: socket.socket, wires: int) -> None:
        self._line, self._wires = line, wires
        self._loop = JumpingLoop()
        self._loop.set_exception_handler(self._on_error)
        self._falls, self._heard = False, bytearray()
        self.chip = self._loop.run_until_complete(self._make_chip())
        self._speed, self.bus_s = SLOW, 0.0
        self._told, self._told_at = b"", 0.0
        self._asks, self._end, self._cost = b"", 0.0, Cost(0, 0, 0, 0)
        self._leaves = (0.0, 1.0, 0)  # the last frame of the chip's: when, s of a byte, how many are needed
        self._error: BaseException | None = None
        self._moment: asyncio.TimerHandle | None = None
        self.opened: list[tuple[float, float]] = []
        """When the relay let the bolt go, and what bus and radio had taken in all until then."""

    async def _make_chip(self) -> Pn532:
        chip = Pn532(lambda data: None, self._on_irq, ahead=self._hear)
        chip.power(True)
        return chip

    async def _end_chip(self) -> None:
        self.chip.power(False)
        self.chip.close()
        await asyncio.sleep(1)

    @property
    def now(self) -> float:
        return self._loop.time()

    def pass_time(self, seconds: float) -> None:
        """Let the lock live for so long."""
        self._end = end = self.now + seconds
        while self.now < end:
            self._turn()

    def tap(self, card: Card) -> tuple[float, float]:
        """Hold the card there until the relay opens: the seconds, and how many of them bus and radio took."""
        self._await_search()
        self._asks = _RECORD
        self._turn()
        begun, needed = self.now, self._needed_s
        self.chip.present(card)
        self._until_open(card.name)
        self.chip.present(None)
        at, needed_then = self.opened[-1]
        return at - begun, needed_then - needed

    def hold(self, card: Card, seconds: float, *others: Card) -> int:
        """Hold the card there for so long, then take it away: how often it has opened.

        Each of `others` takes the place of the one before at once, for as long.
        """
        self._await_search()
        times = len(self.opened)
        for one in (card, *others):
            self.chip.present(one)
            self.pass_time(seconds)
        self.chip.present(None)
        self.pass_time(_GONE_S)
        return len(self.opened) - times

    def play(self) -> Cost:
        """The last tap again, with answers at once."""
        self._await_search()
        self._asks = _PLAY
        self._until_open("the recorded card")
        return self._cost

    def _await_search(self) -> None:
        """Until the lock has waited for a card for a moment."""
        while self._told[1:2] != _SEARCH or self.now < self._told_at + _MOMENT_S:
            self.pass_time(_MOMENT_S)

    def _until_open(self, name: str) -> None:
        times, self._end = len(self.opened), self.now + _LONGEST_S
        while len(self.opened) == times:
            self._turn()
            if self.now > self._end:
                raise RuntimeError(f"{name} does not open")

    def close(self) -> None:
        self._loop.run_until_complete(self._end_chip())
        self._loop.close()

    # -- the wires

    def _turn(self) -> None:
        """One message of the lock's, and the answer."""
        said = self._line.recv(65536)
        if not said:
            raise RuntimeError("the lock has ended")
        *news, wait = said.decode().split("\n")
        self._pass_until(news, int(wait.split()[2]) / 1e6)
        asks, self._asks = self._asks or b"%d" % self._falls, b""
        heard, self._heard, self._falls = self._heard, bytearray(), False
        quiet = min(self._loop.due_at, self._end)
        self._line.send(b"%d %d %b %b" % (self.now * 1e6, quiet * 1e6, asks, heard))

    def _pass_until(self, news: list[str], until: float) -> None:
        """Take the news, and go on until then, or until the reader's line falls."""
        self._loop.call_soon(self._tell, news)
        self._moment = self._loop.call_at(until, self._loop.stop)
        self._loop.run_forever()
        self._moment.cancel()
        self._moment = None
        if self._error is not None:
            raise self._error

    def _tell(self, news: list[str]) -> None:
        for line in news:
            us, what, *more = line.split()
            at = int(us) / 1e6
            if what == "baud":
                self._speed = int(more[0])
                self.chip.host_speed(self._speed, at)
            elif what == "send" and more and self._holds:
                data = bytes.fromhex(more[0])
                self._told, self._told_at = data[data.find(0xD4) :], at
                self.bus_s += len(data) * _BITS / self._speed
                self.chip.feed(data, at)
            elif what == "cost":
                self._cost = Cost(*map(int, more))
            elif what == "pin":
                self._move(int(more[0]), int(more[1]), at)

    def _on_error(self, loop: asyncio.AbstractEventLoop, context: dict) -> None:
        self._error = context.get("exception") or RuntimeError(context["message"])
        loop.stop()

    def _move(self, pin: int, level: int, at: float) -> None:
        if pin == provision.PINS["relay"] and level:
            self.opened.append((at, self._needed_s))
        elif pin == provision.PINS["reader_reset"]:
            self.chip.reset_line(level, at)

    @property
    def _needed_s(self) -> float:
        return self.bus_s + self.chip.radio_s

    @property
    def _holds(self) -> bool:
        return self._speed <= self._wires

    def _hear(self, data: bytes, start: float, byte_s: float) -> None:
        """What the chip says from `start` on; no bytes: nothing more of the last from then on.

        Nobody needs to wait for the last byte of an answer, the postamble.
        """
        if not self._holds:
            return
        if data:
            self._leaves = (start, byte_s, len(data) - (data != frames.ACK))
            self.bus_s += self._leaves[-1] * byte_s
        else:
            begun, byte_s, count = self._leaves
            self.bus_s -= max(0, count - int((start - begun) / byte_s)) * byte_s
            self._leaves = (start, 1.0, 0)
        self._heard += struct.pack("<qqH", round(start * 1e9), math.ceil(byte_s * 1e9), len(data)) + data

    def _on_irq(self, level: int) -> None:
        if not level:
            self._falls = True
            if self._moment is not None:
                self._loop.stop()


@contextmanager
def timed_lock(board: Board, micropython: Path, wires: int = FAST) -> Iterator[TimedLock]:
    """A lock that has started and settled, on wires that can hold this speed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pins = provision.PINS
    environment = {
        **os.environ,
        "MICROPYPATH": f"{board.fakes_dir}:.frozen",
        "MENSHEN_FLASH": str(board.flash_path),
        "MENSHEN_WORLD": str(theirs.fileno()),
        "MENSHEN_PINS": f"{pins['reader_irq']},{pins['relay']},{pins['contact']},{pins['tamper']}",
    }
    command = [micropython, "-X", f"heapsize={HEAP}", _PROGRAM]
    log = board.flash_path.with_suffix(".log")
    with (
        ours,
        log.open("wb") as said,
        subprocess.Popen(
            command, env=environment, pass_fds=[theirs.fileno()], stdout=said, stderr=said
        ) as process,
    ):
        theirs.close()
        lock = TimedLock(ours, wires)
        try:
            lock.pass_time(_SETTLED_S)
            yield lock
        except (RuntimeError, OSError) as error:
            last = log.read_text("utf-8")[-2000:]
            raise RuntimeError(f"{error}; its last words:\n{last}") from error
        finally:
            process.kill()
            lock.close()


def measure(folder: Path, app: Path, micropython: Path) -> dict[str, dict[str, float]]:
    """By kind of card and speed of the line, in ms: what bus and radio need, what a tap takes without CPU
    time, and with it. `cpu_us` is that of the Unix port, the least of some; the rest is Cost.
    """
    rows: dict[str, dict[str, float]] = {}
    best: dict[str, Cost] = {}
    for speed in (FAST, SLOW):  # the CPU time is the same at both
        board, owned = timed_board(folder / str(speed), app, micropython)
        with timed_lock(board, micropython, speed) as lock:
            for kind, card in owned.items():
                took, floor = lock.tap(card)
                lock.pass_time(_GONE_S)
                for _ in range(_PLAYS if speed == FAST else 0):
                    cost = lock.play()
                    best[kind] = min(best.get(kind, cost), cost)
                    lock.pass_time(_GONE_S)
                cost = best[kind]
                rows[f"{kind} {speed}"] = {
                    "floor_ms": floor * 1000,
                    "waits_ms": took * 1000,
                    "total_ms": took * 1000 + cost.cpu_us * CHIP_FACTOR / 1000,
                    "ratio": took / floor,
                    "total_ratio": took / floor + cost.cpu_us * CHIP_FACTOR / 1e6 / floor,
                }
                rows[f"{kind} {speed}"] |= cost._asdict()
    return rows


def figures(rows: dict[str, dict[str, float]]) -> dict[str, float]:
    """Those with a budget, at the fast speed."""
    found = {f"tap_{kind}_ratio": rows[f"{kind} {FAST}"]["ratio"] for kind in KINDS}
    return found | {f"tap_{kind}_ms": rows[f"{kind} {FAST}"]["total_ms"] for kind in KINDS}


def table(rows: dict[str, dict[str, float]]) -> str:
    """For people."""
    names = list(next(iter(rows.values())))
    lines = [f"{'tap to relay':20}" + "".join(f"{name:>13}" for name in names)]
    for row, cells in rows.items():
        lines.append(f"{row:20}" + "".join(f"{cells[name]:13.4g}" for name in names))
    return "\n".join(lines)
