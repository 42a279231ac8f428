"""Makes the parts and joins them: a table of contents. It decides nothing."""

import asyncio
from time import ticks_diff, ticks_us

from micropython import const

import console
from access.clock import Clock
from access.dialogues import Dialogues
from access.gate import Gate
from access.restrictions import Restrictions
from access.throttle import Throttle
from board import Board
from door.controller import Controller
from door.doorkeeper import Doorkeeper
from door.indicator import Indicator
from door.phone import Phone
from door.relay import Relay
from door.switch import Switch
from housekeeping import Housekeeping
from loader import Loan, collect
from outside import Outside
from people.leases import Leases
from people.register import Register
from people.residents import Residents
from readers.card_reader import CardReader
from readers.pn532 import PN532
from reports.reports import Reports
from roll.credentials import Credentials
from storage.hmac import Mac
from supervisor import Supervisor, rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from machine import WDT
    from settings import Settings

_LATER_MS = const(3000)


def main(watchdog: "WDT") -> None:
    """Run the lock for ever."""
    began = ticks_us()
    settings, faults = _load_settings()
    if settings is None:
        asyncio.run(_wait_for_technician(faults, watchdog))
    else:
        asyncio.run(Lock(settings, watchdog).run(began))


def _load_settings() -> "tuple[Settings | None, list[str]]":
    """The settings, or why there are none. What reads them is gone when they are read."""
    with Loan():
        from settings import SettingsError, load

        try:
            return load(), []
        except SettingsError as error:
            return None, error.faults


async def _wait_for_technician(faults: "list[str]", watchdog: "WDT") -> None:
    """A lock that does not know its key can do nothing but say so, and wait for a person with a cable."""
    for fault in faults:
        console.error("settings", "no settings to work with: " + fault)
    while True:
        watchdog.feed()
        await asyncio.sleep_ms(1000)


class Lock:
    """One lock, of all its parts."""

    def __init__(self, settings: "Settings", watchdog: "WDT") -> None:
        self._settings, self._watchdog = settings, watchdog
        board = self._board = Board(settings.unlock_level)
        self._supervisor = Supervisor(board.reset)

        clock = Clock(board.datetime, board.numbers, settings.time_floor)
        credentials = _open_list(settings.key)
        residents, leases = Residents(settings.key), Leases(settings.key, board.numbers)
        register = Register(credentials, residents, leases)

        indicator = Indicator(board.light, board.sound)
        reports = self._reports = Reports(indicator)
        self._card_reader = CardReader(PN532(board.reader_uart, board.reader_irq, board.reader_reset))
        phone = Phone(settings.lock, self._card_reader, indicator)

        mac, throttle = Mac(settings.key), Throttle(board.numbers)
        restrictions = Restrictions(register, settings.zone, board.numbers, mac)
        gate = Gate(register, clock, throttle, restrictions, mac, settings.plain_uid)
        dialogues = Dialogues(
            register, restrictions, mac, indicator.tell, phone.hand_over, settings.home is not None
        )
        relay = Relay(board.relay, settings.unlock_level)
        times = settings.unlock_ms, settings.held_open_ms
        controller = Controller(relay, indicator, *times, reports.alarm)
        self._doorkeeper = Doorkeeper(gate, dialogues, controller, phone, board.numbers, reports)
        self._switches = Switch(board.contact, 1), Switch(board.exit_button, 0), Switch(board.tamper, 1)
        self._keypad = _keypad(settings.keypad, board, self._doorkeeper)
        self._house = Housekeeping(settings, board, clock, register, throttle, reports)
        self._outside = Outside(settings, board, clock, register, self._doorkeeper, reports)

    async def run(self, began: int) -> None:
        """Arm the door, then let the rest come while nobody waits for it."""
        start, reports, doorkeeper = self._supervisor.start, self._reports, self._doorkeeper
        reader = self._card_reader
        start("door", lambda: doorkeeper.run(*self._switches, self._watchdog.feed))
        start("keypad", lambda: self._keypad.run(doorkeeper.key, reports.health("keypad", "keypad")))
        start("cards", lambda: reader.run(doorkeeper.card, reports.health("reader", "card reader")))
        took = ticks_diff(ticks_us(), began)
        console.info(
            "app", "armed in %d.%03d ms after %s" % (took // 1000, took % 1000, self._board.reset_cause())
        )
        await asyncio.sleep_ms(20)
        await collect()
        start("housekeeping", self._house.run)
        try:  # what is loaded now and then lies apart from what stays
            await asyncio.wait_for_ms(self._house.settled.wait(), _LATER_MS)
        except asyncio.TimeoutError:
            pass
        self._outside.start(start, self._house)
        await rest()


def _open_list(key: bytes) -> Credentials:
    """The list that is in force."""
    credentials = Credentials()
    with Loan():
        from roll.head import open_list

        open_list(credentials, key)
    return credentials


def _keypad(kind: str, board: Board, doorkeeper: Doorkeeper) -> "Any":
    """The keypad that the settings name; its code is there for as long as it is."""
    with Loan():
        from readers.keypads import keypad_of

        return keypad_of(kind, board, doorkeeper.card)
