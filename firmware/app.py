"""The one place where parts are made and joined; reads like a table of contents."""

import asyncio
import gc
from time import ticks_diff, ticks_ms, ticks_us

from micropython import const

import console
from access.clock import Clock
from access.dialogues import Residency, dialogues
from access.gate import Gate
from access.restrictions import Seldom
from access.throttle import Throttle
from board import Board
from door.controller import Controller
from door.doorkeeper import Doorkeeper
from door.faults import KEYPAD, READER
from door.indicator import Indicator
from door.relay import Relay
from door.switch import Switch
from housekeeping import Housekeeping
from loader import OFTEN, collect, drop, unload
from people.leases import Leases
from people.residents import Residents
from readers.card_reader import CardReader
from readers.pin_entry import PinEntry
from readers.pn532 import PN532
from reports.reports import Reports
from roll.credentials import Credentials
from storage.hmac import Mac
from supervisor import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import WDT
    from people.guard import Listed
    from settings import Settings

_TIDY_MS = const(2000)
_LATER_MS = const(3000)


def main(watchdog: "WDT") -> None:
    """Run the lock for ever."""
    began = ticks_us()
    from settings import SettingsError, load

    try:
        settings = load()
    except SettingsError as error:
        asyncio.run(_wait_for_settings(error.faults, watchdog))
        return
    del SettingsError, load
    unload("settings", "settings_faults", "settings_text", "access.zone_rule")  # values stay
    lock = Lock(settings, watchdog)
    for part in (
        Lock, Board, Supervisor, Clock, Credentials, Indicator, Reports, Throttle, Residents, Leases, Seldom,
        Gate, Residency, Housekeeping, Relay, Controller, Doorkeeper, PinEntry, CardReader, PN532, Switch,
    ):  # fmt: skip
        drop(part, "__init__")  # there is one lock, and its parts are made: 4 KB that ran once
    asyncio.run(lock.run(began))


async def _wait_for_settings(faults: "list[str]", watchdog: "WDT") -> None:
    """A lock that does not know its key can do nothing but say so, and wait for a person with a cable."""
    for fault in faults:
        console.error("settings", "no settings to work with: " + fault)
    while True:
        watchdog.feed()
        await asyncio.sleep_ms(1000)


class Lock:
    """One lock, of all its parts."""

    def __init__(self, settings: "Settings", watchdog: "WDT") -> None:
        self._settings = settings
        self._watchdog = watchdog
        self._telemetry = self._topics = self._network = None
        self._room = asyncio.Lock()  # whoever takes much memory, and need not be there at the same time
        board = self._board = Board(settings.unlock_level)
        self._supervisor = Supervisor(board.reset)
        self._clock = Clock(board.datetime, board.numbers, settings.time_floor)
        self._credentials = Credentials()
        self._indicator = Indicator(board.light, board.sound)
        reports = self._reports = Reports(self._indicator)
        throttle = Throttle(board.numbers)
        self._residents = Residents(settings.key)
        mac = Mac(settings.key)
        self._leases = Leases(settings.key, board.numbers)
        seldom = Seldom(
            self._credentials.find, settings.zone, self._residents.keys, self._leases.over,
            board.numbers, mac,
        )  # fmt: skip
        gate = Gate(
            self._credentials, self._residents, self._leases, self._clock, throttle, mac,
            settings.plain_uid, seldom,
        )  # fmt: skip
        self._residency = dialogues(
            self._residents, self._credentials, self._leases, seldom, mac, self._on_feedback,
            self._on_key_for_phone, settings.home is not None,
        )  # fmt: skip
        self._house = Housekeeping(
            settings, board, self._clock, self._credentials, self._residents, self._leases, throttle,
            reports,
        )  # fmt: skip
        relay = Relay(board.relay, settings.unlock_level)
        controller = Controller(
            relay, self._indicator, settings.unlock_ms, settings.held_open_ms, reports.alarm
        )
        self._doorkeeper = Doorkeeper(
            gate, self._residency, controller, self._indicator, board.numbers, reports.staff, reports.alarm
        )
        self._leaf = Switch(board.contact, 1)
        self._leaving = Switch(board.exit_button, 0)
        self._tamper = Switch(board.tamper, 1)
        if settings.keypad == "wiegand":
            from readers.wiegand import Wiegand

            self._keypad = Wiegand(board.key_columns[0], board.key_columns[1], self._doorkeeper.card)
        else:
            from readers.keypad import MatrixKeypad

            self._keypad = MatrixKeypad(board.key_rows, board.key_columns, board.KEY_LAYOUT)
        self._pin_entry = PinEntry(self._doorkeeper.pin, self._on_feedback)
        reader = PN532(board.reader_uart, board.reader_irq, board.reader_reset)
        self._card_reader = CardReader(reader, self._doorkeeper.card, self._on_reader_health)
        self._credentials.open(settings.key)
        unload("roll.head", "roll.layout", "storage.unsealing")

    async def run(self, began: int) -> None:
        """Arm the door, then let the network come."""
        start = self._supervisor.start
        start("door", self._tend)
        start("keypad", self._read_keypad)
        start("cards", self._card_reader.run)
        took = ticks_diff(ticks_us(), began)
        console.info(
            "app", "armed in %d.%03d ms after %s" % (took // 1000, took % 1000, self._board.reset_cause())
        )
        await asyncio.sleep_ms(20)
        gc.threshold(OFTEN)
        start("housekeeping", self._house.run)
        try:  # what is loaded now and then lies apart from what stays
            await asyncio.wait_for_ms(self._house.settled.wait(), _LATER_MS)
        except asyncio.TimeoutError:
            pass
        if self._settings.ssid and self._settings.broker_host:
            start("link", self._link)
        if self._settings.home:
            start("home", self._keep_home)
        start("release", self._keep_release)
        while True:
            await asyncio.sleep_ms(_TIDY_MS)
            gc.collect()
            gc.threshold(OFTEN)  # a load that failed has left it off

    # -- the door's own tasks

    async def _tend(self) -> None:
        await self._doorkeeper.run(self._leaf, self._leaving, self._tamper, self._watchdog.feed)

    async def _read_keypad(self) -> None:
        async def follow_time() -> None:
            while True:
                await asyncio.sleep_ms(200)
                self._pin_entry.tick(ticks_ms())

        ticking = asyncio.create_task(follow_time())
        try:
            await self._keypad.run(self._on_key, self._on_keypad_health)
        finally:
            ticking.cancel()

    def _on_key(self, key: str) -> None:
        now = ticks_ms()
        self._doorkeeper.touch()
        if key == "*":
            self._card_reader.lend(None)
        if not self._residency.key(key, now):
            self._pin_entry.press(key, now)

    def _on_keypad_health(self, healthy: bool) -> None:
        if not healthy:
            console.warning("readers", "a key of the keypad is stuck")
        self._reports.fault(KEYPAD, not healthy)

    def _on_feedback(self, what: str) -> None:
        self._indicator.say("cleared" if what == "timeout" else what, ticks_ms())

    def _on_key_for_phone(self, role: int, key: bytes) -> None:
        """The tenant's phone is to have this key: the reader plays a tag. `*` ends that, and so does b""."""
        if not key:
            self._card_reader.lend(None)
            return
        from access.phone_note import note
        from readers.phone_tag import PhoneTag

        tag = PhoneTag(
            note(self._settings.lock, role, key),
            lambda waits: self._indicator.set("enrolling", waits),
            lambda: self._on_feedback("kept"),
        )
        self._card_reader.lend(tag)
        # the tag keeps of it what it needs
        unload("readers.phone_tag", "access.phone_note", "people.home_code", "people.changes")

    def _on_reader_health(self, healthy: bool) -> None:
        if healthy:
            console.info("readers", "the card reader answers")
        else:
            console.warning("readers", "the card reader does not answer")
        self._reports.fault(READER, not healthy)

    # -- what the house may know

    def _status(self) -> dict:
        from version import VERSION, slot

        return {
            "firmware": VERSION,
            "list": self._credentials.version,
            "clock": self._clock.trust,
            "slot": slot(),
            "faults": sorted(self._reports.faults),
        }

    # -- what runs while nobody is at the door

    async def _link(self) -> None:
        """The network. What joins its parts is gone when it has done so."""
        settings = self._settings
        telemetry, topics = self._telemetry, self._topics
        if telemetry is None or topics is None:
            await collect(-1)
            from link.subscriptions import Topics
            from reports.telemetry import Telemetry

            await collect(OFTEN)
            telemetry = Telemetry(settings.lock, self._status, self._board.numbers, self._clock.now)
            topics = Topics()
            self._telemetry, self._topics = telemetry, topics
            from lists.listener import Lists

            lists = Lists(settings, self._credentials, self._clock, self._approve, self._house.on_list)
            self._supervisor.start("lists", lambda: lists.run(topics, telemetry, self._house.settled))
            self._reports.deliver(telemetry)
        if self._network is None:
            await collect(-1)
            from commands.remote import Remote
            from uplink import assemble

            await collect(OFTEN)
            door = Remote(self._doorkeeper, self._residents.keys, self._status, self._board.reset)
            chip = self._board.wlan(), self._board.numbers, self._clock
            self._network = await assemble(settings, *chip, telemetry, topics, door)
            await asyncio.sleep_ms(0)
            drop(Remote, "__init__")
            del assemble, Remote
            unload("uplink")
        await self._network.run()

    async def _keep_home(self) -> None:
        """A broker of the tenant's own; its code is loaded where a resident has switched that on."""
        from home.switch import keep

        await keep(
            self._settings, self._board, self._clock, self._residents, self._leases.over,
            self._doorkeeper, self._room,
        )  # fmt: skip

    async def _keep_release(self) -> None:
        """The trial of the release that runs, then the updates that the operator asks for."""
        await collect(-1)
        from update.manager import Keeper

        await collect(OFTEN)
        door = self._residents, self._doorkeeper, self._reports
        await Keeper(self._settings, self._board, self._clock, door, self._room, lambda: self._topics).run()

    async def _approve(self, listed: "Listed") -> None:
        """Raise ListError where a list would lock somebody out of their home."""
        await collect(-1)
        from people.guard import approve

        await collect(OFTEN)
        await approve(listed, self._clock.now(), self._leases, self._residents, self._settings.plain_uid)
        del approve
        await asyncio.sleep_ms(0)
        unload("people.guard")
