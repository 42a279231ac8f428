"""Makes the parts that the door needs, joins them, and starts their tasks. It decides nothing.

This module is loaded only until the door is armed, so no other part may hold a function of it, nor a lambda.
The parts that speak with the outside are made in outside.py.
"""

from loader import Late, Loan
from readers.keypads import keypad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import WDT
    from settings import Settings


class Lock:
    """One lock, with all parts that its door needs."""

    def __init__(self, settings: "Settings", watchdog: "WDT") -> None:  # noqa: PLR0915 (a table of contents)
        self._watchdog = watchdog
        with Late():
            from access.clock import Clock
            from access.dialogues import Dialogues
            from access.gate import Gate
            from access.restrictions import Restrictions
            from access.throttle import Throttle
            from board import Board
            from door.controller import Controller
            from door.doorkeeper import Doorkeeper, phone_lender
            from door.faults import KEYPAD, READER
            from door.indicator import Indicator
            from door.relay import Relay
            from door.switch import NEVER, Switch
            from housekeeping import Housekeeping
            from people.leases import Leases
            from people.register import Register
            from people.residents import Residents
            from readers.card_reader import CardReader
            from readers.pn532 import PN532
            from reports.reports import Reports
            from roll.credentials import Credentials
            from storage.hmac import Mac
            from supervisor import Supervisor

            board = Board(settings.pins, settings.unlock_level)
            settings.pins = ()  # spent
            self._supervisor = Supervisor(board.reset)

            # What loads nothing comes first: the code that is lent next, and its garbage, lies above it.
            clock = Clock(board.datetime, board.numbers, settings.time_floor)
            throttle, credentials, mac = Throttle(board.numbers), Credentials(), Mac(settings.key)
            indicator, relay = Indicator(board.light, board.sound), Relay(board.relay, settings.unlock_level)
            contact = Switch(board.contact, 1 if settings.contact else NEVER)
            self._switches = contact, Switch(board.exit_button, 0), Switch(board.tamper, 1)
            chip = None
            if settings.reader == "pn532":
                chip = PN532(board.reader_uart, board.reader_irq, board.reader_reset)
            self._card_reader = None
            with Loan():
                from roll.head import open_list
                from storage.sealed import Sealed  # noqa: F401 (for what is made here, and loaded once)

                open_list(credentials, settings.key)
                residents = Residents(settings.key, board.numbers)
                leases = Leases(settings.key, board.numbers)
                if chip is not None:
                    self._card_reader = CardReader(chip, (settings.key, credentials))
            register = Register(credentials, residents, leases, settings.shared, clock.now)
            reports = Reports(indicator, board.numbers, clock.now, register.note)
            restrictions = Restrictions(register, settings.zone, board.numbers, mac)
            gate = Gate(register, clock, throttle, restrictions, mac, settings.plain_uid)
            phone = phone_lender(settings.lock, settings.phone_page, self._card_reader, indicator)
            dialogues = Dialogues(phone, register, restrictions, mac, settings, clock)
            controller = Controller(relay, indicator, settings, reports.alarm)
            self._doorkeeper = Doorkeeper(gate, dialogues, controller, board.numbers, reports)
            self._keypad = keypad(settings, board, self._doorkeeper.card, indicator.tell)
            self._stuck = reports.health(KEYPAD, "", "a key of the keypad is stuck")
            answers = "the card reader answers", "the card reader does not answer"
            self._answers = reports.health(READER, *answers)
            self._housekeeping = Housekeeping(settings, board, clock, register, throttle, reports)
            self._parts = settings, board, clock, register, self._doorkeeper, reports

    def arm(self) -> tuple:
        """Start the door's tasks; what app.py needs next: parts of outside.py, housekeeping, start()."""
        start, doorkeeper, reader = self._supervisor.start, self._doorkeeper, self._card_reader
        start("door", doorkeeper.run, None, *self._switches, self._watchdog.feed)
        start("keypad", self._keypad.run, self._stuck, doorkeeper.key, self._stuck)
        if reader is not None:
            answers = self._answers
            start("cards", reader.run, answers, doorkeeper.card, answers, doorkeeper.adds_card)
        return self._parts, self._housekeeping, start, reader
