"""Makes the parts of the lock and joins them, and starts its tasks. It decides nothing."""

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
from door.faults import KEYPAD, READER
from door.indicator import Indicator
from door.relay import Relay
from door.switch import NEVER, Switch
from housekeeping import Housekeeping
from loader import Loan, collect, tidy
from people.leases import Leases
from people.register import Register
from people.residents import Residents
from readers.card_reader import CardReader
from readers.pn532 import PN532
from readers.secure_cards import SecureCards
from reports.reports import Reports
from roll.credentials import Credentials
from storage.hmac import Mac
from supervisor import Supervisor, wait_for_ever

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from door.phone import Phone
    from machine import WDT
    from settings import Settings

_LATER_MS = const(10_000)  # longer than the check of the longest list should take


def main(watchdog: "WDT") -> None:
    """Run the lock for ever."""
    began = ticks_us()
    tidy()  # settings and parts come to lie low; of a start this is the one collection
    settings = _load_settings(watchdog)
    asyncio.run(Lock(settings, watchdog).run(began))


def _load_settings(watchdog: "WDT") -> "Settings":
    """Read the settings; the code for that is loaded only meanwhile."""
    with Loan():
        from settings import load_or_wait

        return load_or_wait(watchdog.feed)


class Lock:
    """One lock, with all its parts."""

    def __init__(self, settings: "Settings", watchdog: "WDT") -> None:
        self._settings, self._watchdog = settings, watchdog
        board = self._board = Board(settings.pins, settings.unlock_level)
        settings.pins = ()  # spent
        self._supervisor = Supervisor(board.reset)

        # What loads nothing comes first: the code that is lent next, and its garbage, lies above it.
        clock, throttle = Clock(board.datetime, board.numbers, settings.time_floor), Throttle(board.numbers)
        credentials, mac = Credentials(), Mac(settings.key)
        indicator, relay = Indicator(board.light, board.sound), Relay(board.relay, settings.unlock_level)
        contact = Switch(board.contact, 1 if settings.contact else NEVER)
        self._switches = contact, Switch(board.exit_button, 0), Switch(board.tamper, 1)
        chip = None
        if settings.reader == "pn532":
            chip = PN532(board.reader_uart, board.reader_irq, board.reader_reset)
        with Loan():
            from roll.head import open_list

            open_list(credentials, settings.key)
        residents, leases = Residents(settings.key, board.numbers), Leases(settings.key, board.numbers)
        cards = None
        if chip is not None:
            cards = CardReader(chip, SecureCards(settings.key, credentials))
        self._card_reader = cards
        register = Register(credentials, residents, leases, settings.shared, clock.now)
        reports = self._reports = Reports(indicator, register.note)
        restrictions = Restrictions(register, settings.zone, board.numbers, mac)
        gate = Gate(register, clock, throttle, restrictions, mac, settings.plain_uid)
        dialogues = Dialogues(
            lambda: _lend_phone(settings.lock, settings.phone_page, self._card_reader, indicator),
            *(register, restrictions, mac, settings, clock),
        )
        controller = Controller(relay, indicator, settings, reports.alarm)
        self._doorkeeper = Doorkeeper(gate, dialogues, controller, board.numbers, reports)
        with Loan():  # the keypad keeps its code loaded
            from readers.keypads import keypad

            self._keypad = keypad(settings, board, self._doorkeeper.card, indicator.tell)
        self._housekeeping = Housekeeping(settings, board, clock, register, throttle, reports)
        self._parts = settings, board, clock, register, self._doorkeeper, reports
        self._memory = asyncio.Lock()  # held by a task that needs much memory
        self._joined: dict[str, Any] = {}

    async def run(self, began: int) -> None:
        """Arm the door, then load and start everything else."""
        start, reports, doorkeeper = self._supervisor.start, self._reports, self._doorkeeper
        keypad = reports.health(KEYPAD, "", "a key of the keypad is stuck")
        start("door", lambda: doorkeeper.run(*self._switches, self._watchdog.feed))
        start("keypad", lambda: self._keypad.run(doorkeeper.key, keypad), keypad)
        reader = self._card_reader
        if reader is not None:
            cards = reports.health(READER, "the card reader answers", "the card reader does not answer")
            start("cards", lambda: reader.run(doorkeeper.card, cards, doorkeeper.adds_card), cards)
        took = ticks_diff(ticks_us(), began)
        console.info(
            "app", "armed in %d.%03d ms after %s" % (took // 1000, took % 1000, self._board.reset_cause())
        )
        await asyncio.sleep_ms(20)
        await collect()
        start("housekeeping", self._housekeeping.run)
        try:  # housekeeping loads code for a time first: what stays must not lie among it
            await asyncio.wait_for_ms(self._housekeeping.settled.wait(), _LATER_MS)
        except asyncio.TimeoutError:
            pass
        start("outside", self._join_outside)
        await wait_for_ever()

    async def _join_outside(self) -> bool:
        """Join network, home and releases; the code for that is loaded only meanwhile."""
        await _bring(self._settings)
        await _join(self._parts, self._supervisor.start, self._housekeeping, self._memory, self._joined)
        return True


def _lend_phone(*parts) -> "Phone":
    """The phone at the reader, for as long as something is presented to it."""
    with Loan():
        from door.phone import Phone

        return Phone(*parts)


async def _bring(settings: "Settings") -> None:
    async with Loan():
        from ahead import bring

        await bring(settings)


async def _join(parts: tuple, *arguments) -> None:
    async with Loan():
        from outside import Outside

        await Outside(*parts).join(*arguments)
