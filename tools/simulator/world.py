"""Everything around one lock: its door, people's fingers and cards, the mains, the network, the broker."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from menshen import build_app, littlefs_image, wiring
from menshen.console_lines import ARMED

from . import lights, provision
from .board import Board
from .board import monotonic_us as now_us
from .broker import Broker, Operator
from .cards.demo import CardSecret, secure_demo_cards
from .cards.plain import demo_cards
from .memory import PSRAM
from .network import BROKER_MODES, DNS_MODES, Network
from .outfit import PSRAM_HEAP, Chip, Outfit, Services
from .phone import Phone
from .pn532 import FAULTS, Pn532
from .provision import KEYS, READER_UART

_DHCP_MODES = ("ok", "silent", "reset", "slow", "garbage")
MODES = {"broker": BROKER_MODES, "dns": DNS_MODES, "dhcp": _DHCP_MODES, "reader": FAULTS}
_IN_LIST_PASSIVE_TARGET = 0x4A
_LOOK_S = 0.015  # a quick finger: five times this, and longer where the chip is too busy to look
_EXIT_S = 0.15
_SWING_S = 0.2  # a leaf is not open and closed again in no time
_LEAVE_S = 3.0  # the time in which whoever pressed the exit button pulls the door
_WRITE_S = 12.0
_CAUSES = {1: "PWRON_RESET", 2: "HARD_RESET", 3: "WDT_RESET", 4: "DEEPSLEEP_RESET", 5: "SOFT_RESET"}


class Refused(Exception):
    """What was asked cannot happen in this world now; the message says why."""


class World:
    """One lock in its world."""

    def __init__(
        self,
        workdir: Path,
        app_dir: Path,
        chip: Chip,
        outfit: Outfit,
        services: Services,
    ) -> None:
        self._workdir, self._app_dir, self._services = workdir, app_dir, services
        self._settings, self._files = dict(outfit.settings), outfit.files
        self._is_secure, self._installed = outfit.secure, outfit.installed
        self.profile: str = self._settings.get("board", provision.BOARD)
        has_psram = self.profile in wiring.HAVE_PSRAM
        self._chip = replace(chip, heapsize=PSRAM_HEAP, memory=PSRAM) if has_psram else chip
        self._pins = provision.fittings(self.profile)
        self._names = {number: name for name, number in self._pins.items()}
        self._phone = Phone(lambda phone: self._emit({"type": "phone", **phone.screen()}))
        self.cards = {**demo_cards(), self._phone.name: self._phone}
        self._listeners: list[Callable[[dict], None]] = []
        self._fingers, self._supply = asyncio.Lock(), asyncio.Lock()
        self._open = self._tampered = self._exit_held = self._armed = self._burns = False
        self._card: str | None = None
        self._colour, self._buzzer_hz = lights.DARK, 0
        self._lights = lights.names()
        self._lock_says: dict = {}
        self._resets: list[str] = []
        self._left_at = -_LEAVE_S
        self._ends = contextlib.AsyncExitStack()
        self.board: Board
        self.provision: provision.Provision

    # -- beginning and end

    async def start(self, power: bool = True) -> None:
        """Build everything, provision the lock at the first run, and put the mains plug in."""
        async with contextlib.AsyncExitStack() as ends:
            address = self._services.broker_address
            if address is None:
                broker = Broker()
                await broker.start()
                ends.push_async_callback(broker.stop)
                address = broker.address
            make = self._installed.listener if self._installed else partial(Operator, address)
            self._operator = make(self._on_heard)
            await self._operator.start()
            ends.push_async_callback(self._operator.stop)
            tls_address = self._services.tls_address
            self._network = Network(tls_address or address, self._emit, tls=tls_address is not None)
            await self._network.start()
            ends.push_async_callback(self._network.stop)
            self._wire_up(ends)
            if power:
                await self.power(True)
            self._ends = ends.pop_all()

    async def stop(self) -> None:
        """End the chip, the network and the broker."""
        await self._ends.aclose()

    def _wire_up(self, ends: contextlib.AsyncExitStack) -> None:
        self.provision = self._provision()
        config = self.provision.config(self._network.dns_port, self._network.broker_port, self._settings)
        if self._is_secure:
            config["cards"]["plain_uid"] = False
        if self._services.sntp:
            config["network"]["ntp"] = f"127.0.0.1:{self._network.sntp_port}"
        self.config = config
        self._unlock_level = config["relay"]["unlock_level"]
        self._relay = 1 - self._unlock_level
        listed = self._give_cards()
        is_old = (self._workdir / "flash.img").exists()
        if self._installed and not is_old:
            self._workdir.mkdir(parents=True, exist_ok=True)
            littlefs_image.make(self._workdir / "flash.img", build_app.flash_files(self._app_dir))
        first = {**listed, **self._files}
        self.board = Board(self._workdir, self._app_dir, self._chip, config, first)
        if is_old and not self._installed:
            provision.renew(self.board, self._app_dir, config, listed if self._is_secure else {})
        ends.push_async_callback(self.board.power_off)
        uart = self.board.uart(READER_UART)
        self.reader = Pn532(
            uart.write, partial(self.board.set_input, self._pins["reader_irq"]), self._on_sent
        )
        ends.callback(self.reader.close)
        uart.on_data(self.reader.feed)
        uart.on_speed(self.reader.host_speed)
        self.board.on_event(self._on_board)
        for name, level in (("contact", 0), ("tamper", 0), ("exit", 1), ("fire", 0)):
            self.board.set_input(self._pins[name], level)
        self.board.access_point(True)

    def _give_cards(self) -> dict[str, bytes]:
        """Lay the demo's cards down; what the lock has in its flash of them."""
        files = {}
        if self._is_secure:
            secret = CardSecret.of_demo(self.provision.key)
            self.cards = {**secure_demo_cards(secret), self._phone.name: self._phone}
            files = secret.file(self.provision.key)
        return {**self.provision.list_files(1, self.provision.demo_credentials(self.cards)), **files}

    def _provision(self) -> provision.Provision:
        if self._installed:  # its key is its installer's affair
            return provision.Provision(bytes(32), self._installed.lock)
        return provision.Provision(provision.lock_key(self._workdir))

    # -- what people do

    async def keys(self, keys: str) -> None:
        """Press keys one after the other, as fast as a quick hand."""
        async with self._fingers:
            for key in keys:
                row, column = divmod(KEYS.index(key), 3)
                pins = (
                    wiring.gpios(self.profile, "key_rows")[row],
                    wiring.gpios(self.profile, "key_columns")[column],
                )
                self._emit({"type": "key", "key": key})
                for closed in (True, False):
                    self.board.switch(*pins, closed)
                    for _ in range(5):
                        await asyncio.sleep(_LOOK_S)
                        await self.board.turn()

    def card(self, name: str | None) -> None:
        """Hold the card of this name to the reader, or take away what is there."""
        self._card = name
        self._emit({"type": "card", "card": name})
        self.reader.present(self.cards[name] if name else None)

    def phone_scans(self, on: bool) -> None:
        """Have a page on the phone look for tags, or no more."""
        self._phone.scan(on)

    async def phone_writes(self, message: bytes) -> None:
        """Have that page write to the tag at the phone; raises Refused where none takes it in time."""
        try:
            async with asyncio.timeout(_WRITE_S):
                await self._phone.write(message)
        except TimeoutError:
            raise Refused("no tag at the phone has taken the message") from None

    async def leaf(self, is_open: bool, force: bool = False) -> None:
        """Move the door leaf; raises Refused where the strike holds it and nobody uses force."""
        if is_open and not (self._open or self._released or self._leaving or force):
            raise Refused('the strike is locked and holds the door; to break it open say "force": true')
        if is_open != self._open:
            self._open = is_open
            self.board.set_input(self._pins["contact"], int(is_open))
            self._emit({"type": "door", "open": is_open})
            await asyncio.sleep(_SWING_S)

    async def exit(self) -> None:
        """Press the exit button; its own contact lets the strike go too: leaving is never gated."""
        self._left_at = asyncio.get_running_loop().time()
        self._exit_held = True
        self._emit({"type": "exit"})
        self.board.set_input(self._pins["exit"], 0)
        try:
            await asyncio.sleep(_EXIT_S)
        finally:
            self._exit_held = False
            self.board.set_input(self._pins["exit"], 1)
        asyncio.get_running_loop().call_later(_LEAVE_S - _EXIT_S, self._emit, {"type": "exit over"})

    async def start_over(self) -> None:
        """Another demo: lock and house as at their first start, and a broker that knows nothing.

        Raises Refused where an installer has provisioned the lock: without that it would be nobody's.
        """
        if self._installed:
            raise Refused("this lock is one of a house, and starts over with it: `make house` makes another")
        await self.power(False)
        self.board.erase()
        for leaf in ("state", "list", "update"):
            await self.publish(self.provision.topic(leaf), b"", retain=True)
        await self.break_things({"broker": "ok", "dns": "ok", "dhcp": "ok", "reader": "ok"})
        self.card(None)
        self.tamper(False)
        self.fire(False)
        await self.leaf(False)
        self.network(True)
        self._phone.forget()
        self._phone.scan(False)
        self._lock_says, self._resets = {}, []
        self._emit({"type": "start over"})
        await self.power(True)

    def network_time_ahead(self, seconds: int) -> None:
        """From now on the SNTP server is wrong by so much."""
        self._network.sntp_ahead_s = seconds

    def tamper(self, is_open: bool) -> None:
        """Open or close the lock's case."""
        self._tampered = is_open
        self.board.set_input(self._pins["tamper"], int(is_open))
        self._emit({"type": "tamper", "open": is_open})

    def fire(self, burns: bool) -> None:
        """Have the fire alarm go off, or end: its contact lets the strike go by a wire of its own."""
        self._burns = burns
        self.board.set_input(self._pins["fire"], int(burns))
        self._emit({"type": "fire", "burns": burns})

    async def power(self, on: bool) -> None:
        """Put the mains plug in, or pull it; the flash keeps what it holds."""
        async with self._supply:
            await (self.board.power_on() if on else self.board.power_off())

    def network(self, up: bool) -> None:
        """Put the network cable of the house in, or pull it."""
        self._network.plug(up)
        self.board.access_point(up)
        self._emit({"type": "network", "up": up})

    async def break_things(self, faults: dict) -> None:
        """Set broker, dns, dhcp, reader to one of their MODES; cut_at n tears the n-th flash operation."""
        if "broker" in faults:
            await self._network.set_broker(faults["broker"])
        if "dns" in faults:
            self._network.set_dns(faults["dns"])
        self.board.dhcp(faults.get("dhcp"))
        if "reader" in faults:
            self.reader.break_down(faults["reader"])
        if "cut_at" in faults:
            self.board.cut_at(faults["cut_at"])

    async def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish to the broker as the operator, or as an enemy; raises ConnectionError."""
        await self._operator.publish(topic, payload, retain)

    # -- what is seen

    def on_event(self, listener: Callable[[dict], None]) -> None:
        """Have this called with every event: a dict with "type" and "us"."""
        self._listeners.append(listener)

    def state(self) -> dict:
        """All that can be seen now, as GET /api/state gives it."""
        name = self._lights.get(self._colour, self._colour)
        leaf = "open" if self._open else "closed"
        strike = "released" if self._released else "locked"
        return {
            "power": self.board.powered,
            "network": self._network.up,
            "armed": self._armed,
            "door": {"leaf": leaf, "strike": strike, "exit": self._leaving},
            "relay": self._relay,
            "indicator": {"led": self._colour, "buzzer_hz": self._buzzer_hz, "name": name},
            "card": self._card,
            "phone": self._phone.screen(),
            "tamper": self._tampered,
            "fire": self._burns,
            "lock": self._lock_says,
            "pin": "" if self._installed else provision.DEMO_PIN,
            "resets": list(self._resets),
            "cards": list(self.cards),
            "faults": {**self._network.modes, "dhcp": self.board.dhcp(), "reader": self.reader.fault},
        }

    @property
    def _released(self) -> bool:
        return self._exit_held or self._burns or (self.board.powered and self._relay == self._unlock_level)

    @property
    def _leaving(self) -> bool:
        """Whether somebody has just pressed the exit button, whose own wire lets the strike go for them."""
        return asyncio.get_running_loop().time() < self._left_at + _LEAVE_S

    def _emit(self, event: dict) -> None:
        event.setdefault("us", now_us())
        for listener in self._listeners:
            listener(event)

    def _on_sent(self, command: int, at: float) -> None:
        """The reader has reported a card: the time after this stamp is the lock's own."""
        if command == _IN_LIST_PASSIVE_TARGET and self._card:
            self._emit({"type": "reader", "card": self._card, "us": int(at * 1_000_000)})

    def _on_heard(self, topic: str, payload: bytes) -> None:
        text = payload.decode("utf-8", "backslashreplace")
        self._emit({"type": "operator", "topic": topic, "payload": text})
        if topic == self.provision.topic("state"):
            with contextlib.suppress(ValueError):
                says = json.loads(payload)
                if isinstance(says, dict):
                    self._lock_says = {**self._lock_says, **says}

    def _on_board(self, event: dict) -> None:
        """Take what the board did: keep it as state, act on it as the fittings do, and pass it on."""
        kind = event["type"]
        if kind == "pin":
            event = {**event, "name": self._names.get(event["pin"], "")}
            self._on_pin(event["name"], event["level"], event["us"] / 1_000_000)
        elif kind == "led":
            self._colour = f"#{event['r']:02x}{event['g']:02x}{event['b']:02x}"
            event = {**event, "name": self._lights.get(self._colour, self._colour)}
        elif kind == "pwm" and event["pin"] == self._pins["buzzer"]:
            self._buzzer_hz = event["hz"] if event["duty"] else 0
            event = {"type": "buzzer", "hz": self._buzzer_hz, "us": event["us"]}
        elif kind == "console":
            self._armed = self._armed or event["line"].startswith(ARMED)
        elif kind == "reset":
            event = {**event, "name": _CAUSES.get(event["cause"], str(event["cause"]))}
            self._resets.append(event["name"])
            self._silence()
        elif kind == "power":
            self.reader.power(event["on"])
            self._silence()
            if self._colour != lights.DARK:  # the LED keeps its colour over a reset, not without power
                self._on_board({"type": "led", "r": 0, "g": 0, "b": 0, "us": event["us"]})
        self._emit(event)

    def _silence(self) -> None:
        """A chip that restarts drives nothing; the board reports its pins."""
        self._armed = False
        if self._buzzer_hz:
            self._buzzer_hz = 0
            self._emit({"type": "buzzer", "hz": 0})

    def _on_pin(self, name: str, level: int | None, at: float) -> None:
        if name == "relay":
            self._relay = 1 - self._unlock_level if level is None else level
        elif name == "reader_reset":
            self.reader.reset_line(1 if level is None else level, at)  # the reader's board pulls the line up
