"""The one place where parts are made and joined; reads like a table of contents."""

import asyncio
import gc
from time import ticks_add, ticks_diff, ticks_ms, ticks_us

from micropython import const

import log
from access.clock import Clock
from access.credentials import Credentials
from access.gate import Gate
from access.guests import Guests
from access.leases import Leases
from access.residency import dialogues
from access.residents import Residents
from access.schedule import Schedules
from access.throttle import Throttle
from access.uses import Uses
from access.zone import Zone
from board import Board
from door.controller import Controller
from door.doorkeeper import Doorkeeper
from door.indicator import Indicator
from door.relay import Relay
from door.switch import Switch
from modules import drop, unload
from readers.card_reader import CardReader
from readers.keypad import MatrixKeypad
from readers.pin_entry import PinEntry
from readers.pn532 import PN532
from storage.hmac import Mac
from supervisor import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.guard import Listed
    from machine import WDT
    from settings import Settings

_REPORTS_KEPT = const(8)  # until the link is there to take them
_TIDY_MS = const(2000)
_COPY_MS = const(1000)
_LATER_MS = const(3000)
_HOUR_MS = const(3_600_000)


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
    unload("settings", "access.zone_rule")  # the values stay
    lock = Lock(settings, watchdog)
    drop(Lock, "__init__")  # 2 KB that ran once
    drop(Board, "__init__")
    asyncio.run(lock.run(began))


async def _wait_for_settings(faults: "list[str]", watchdog: "WDT") -> None:
    """A lock that does not know its key can do nothing but say so, and wait for a person with a cable."""
    for fault in faults:
        log.error("settings", "no settings to work with: " + fault)
    while True:
        watchdog.feed()
        await asyncio.sleep_ms(1000)


class Lock:
    """One lock, of all its parts."""

    def __init__(self, settings: "Settings", watchdog: "WDT") -> None:
        self._settings = settings
        self._watchdog = watchdog
        self._reports = []
        self._telemetry = self._topics = None
        self._settled = asyncio.Event()  # the list and its leases have been looked at after the start
        self._faults: set[str] = set()
        board = self._board = Board(settings.unlock_level)
        self._supervisor = Supervisor(board.reset)
        self._clock = Clock(board.datetime, board.numbers, settings.time_floor)
        self._credentials = Credentials()
        self._indicator = Indicator(board.light, board.sound)
        self._throttle = Throttle(board.numbers)
        self._residents = Residents(settings.key)
        mac = Mac(settings.key)
        self._leases = Leases(settings.key, board.numbers)
        schedules = Schedules(self._credentials.find, Zone(settings.zone))
        self._uses = Uses(board.numbers)
        guests = Guests(self._residents.guest_keys, self._leases.over, board.numbers, mac)
        gate = Gate(
            self._credentials, self._residents, self._leases, self._clock, self._throttle, mac,
            settings.plain_uid, schedules=schedules, uses=self._uses, guests=guests,
        )  # fmt: skip
        self._residency = dialogues(
            self._residents, self._credentials, self._leases, guests, mac, self._on_feedback,
            self._on_guest_key,
        )  # fmt: skip
        relay = Relay(board.relay, settings.unlock_level)
        controller = Controller(
            relay, self._indicator, settings.unlock_ms, settings.held_open_ms, self._on_alarm
        )
        self._doorkeeper = Doorkeeper(
            gate, self._residency, controller, self._indicator, board.numbers, self._on_staff, self._on_alarm
        )
        self._leaf = Switch(board.contact, 1)
        self._leaving = Switch(board.exit_button, 0)
        self._tamper = Switch(board.tamper, 1)
        self._keypad = MatrixKeypad(board.key_rows, board.key_columns, board.KEY_LAYOUT)
        self._pin_entry = PinEntry(self._doorkeeper.pin, self._on_feedback)
        reader = PN532(board.reader_uart, board.reader_irq, board.reader_reset)
        self._card_reader = CardReader(reader, self._doorkeeper.card, self._on_reader_health)
        self._credentials.open(settings.key)
        unload("access.head")

    async def run(self, began: int) -> None:
        """Arm the door, then let the network come."""
        start = self._supervisor.start
        start("door", self._tend)
        start("keypad", self._read_keypad)
        start("cards", self._card_reader.run)
        took = ticks_diff(ticks_us(), began)
        log.info(
            "app", "armed in %d.%03d ms after %s" % (took // 1000, took % 1000, self._board.reset_cause())
        )
        await asyncio.sleep_ms(20)
        start("housekeeping", self._keep_house)
        try:  # what is loaded now and then lies apart from what stays
            await asyncio.wait_for_ms(self._settled.wait(), _LATER_MS)
        except asyncio.TimeoutError:
            pass
        if self._settings.ssid and self._settings.broker_host:
            start("link", self._link)
        while True:
            await asyncio.sleep_ms(_TIDY_MS)
            gc.collect()

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
        if not self._residency.key(key, now):
            self._pin_entry.press(key, now)

    def _on_keypad_health(self, healthy: bool) -> None:
        if not healthy:
            log.warning("readers", "a key of the keypad is stuck")
        self._fault("keypad", not healthy)

    def _on_feedback(self, what: str) -> None:
        self._indicator.say("cleared" if what == "timeout" else what, ticks_ms())

    def _on_guest_key(self, key: bytes) -> None:
        """The tenant's phone is to have this key; the reader does not play a tag yet."""

    def _on_reader_health(self, healthy: bool) -> None:
        if healthy:
            log.info("readers", "the card reader answers")
        else:
            log.warning("readers", "the card reader does not answer")
        self._fault("reader", not healthy)

    def _fault(self, name: str, lasts: bool) -> None:
        """A fault of the device begins or ends; the light says so, and the next state message."""
        if lasts:
            self._faults.add(name)
        else:
            self._faults.discard(name)
        self._indicator.set("trouble", bool(self._faults))

    # -- what the house may know

    def _on_alarm(self, kind: str) -> None:
        self._report(("alarm", kind))

    def _on_staff(self, digest: bytes, kind: int) -> None:
        self._report(("staff", digest, kind))

    def _report(self, report: tuple) -> None:
        if self._telemetry is None:
            self._reports = (self._reports + [report])[-_REPORTS_KEPT:]
        else:
            getattr(self._telemetry, report[0])(*report[1:])

    def _status(self) -> dict:
        from version import VERSION, slot

        return {
            "firmware": VERSION,
            "list": self._credentials.version,
            "clock": self._clock.trust,
            "slot": slot(),
            "faults": sorted(self._faults),
        }

    # -- what runs while nobody is at the door

    async def _keep_house(self) -> None:
        """What boot.py and a bad day need, written once; then nothing more to do."""
        try:
            self._board.remember_relay(self._settings.unlock_level)
        except OSError:
            log.error("app", "no room in NVS for the relay's safe level")
        self._throttle.ensure_kept()
        await asyncio.sleep_ms(0)
        await self._look_after_list()
        hour, version = ticks_ms(), -1
        while True:
            await asyncio.sleep_ms(_COPY_MS)
            self._throttle.left_ms(ticks_ms())  # it must be asked now and then
            if version != self._credentials.version:
                version = self._credentials.version
                await self._uses.forget(self._credentials)
            self._residents.ensure_copy()
            self._leases.save()
            if ticks_diff(ticks_ms(), hour) >= _HOUR_MS:
                hour = ticks_add(hour, _HOUR_MS)
                self._board.numbers.set("lived", self._board.numbers.get("lived") + 1)

    async def _look_after_list(self) -> None:
        """Are the list's bits right, and which leases does it state? The door did not wait for that."""
        from access.upkeep import tend
        from pace import Pace

        await tend(self._credentials, self._settings.key, Pace())
        del tend, Pace
        unload("access.upkeep", "access.snapshot", "access.records", "access.choice", "access.head", "pace")
        self._on_list()
        from access.guard import Guard

        guard = Guard(self._leases, self._residents, self._settings.plain_uid)
        await guard.note(self._credentials.each, self._clock.now())
        del Guard, guard
        unload("access.guard", "access.changes", "access.head")
        self._settled.set()

    async def _link(self) -> None:
        """The network. What joins its parts is gone when it has done so."""
        settings = self._settings
        telemetry, topics = self._telemetry, self._topics
        if telemetry is None or topics is None:
            from link.telemetry import Telemetry
            from link.topics import Topics

            telemetry = Telemetry(settings.lock, self._status, self._board.numbers, self._clock.now)
            topics = Topics()
            self._telemetry, self._topics = telemetry, topics
            from link.lists import Lists

            lists = Lists(settings, self._credentials, self._clock, self._approve, self._on_list)
            self._supervisor.start("lists", lambda: lists.run(topics, telemetry, self._settled))
            waiting, self._reports = self._reports, []
            for report in waiting:
                self._report(report)
        await asyncio.sleep_ms(0)
        from link.assemble import assemble
        from remote import Remote

        door = Remote(self._doorkeeper, self._residents.guest_keys, self._status, self._board.reset)
        chip = self._board.wlan(), self._board.numbers, self._clock
        link = await assemble(settings, *chip, telemetry, topics, door)
        del assemble
        unload("link.assemble")
        await link.run()

    def _on_list(self) -> None:
        self._fault("no credentials", not self._credentials.whole)

    async def _approve(self, listed: "Listed") -> None:
        """Raise ListError where a list would lock somebody out of their home."""
        from access.guard import approve

        await approve(listed, self._clock.now(), self._leases, self._residents, self._settings.plain_uid)
        del approve
        unload("access.guard", "access.changes")
