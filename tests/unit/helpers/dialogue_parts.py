"""All that a dialogue at the keypad speaks with, for the tests of access/dialogue.py.

The table of residents is a real one; the operator's list is a dict; restrictions and phone are played.
"""

from people_parts import KEY, House

from access.decide import ASKING, GRANTED, MOVING_IN, PLAIN, UNKNOWN
from access.dialogues import Dialogues
from access.gate import Verdict
from people.entry import GUEST_KEY
from people.leases import DUE
from roll.record import MOVE_IN, PIN, TENANT
from storage import files
from storage.hmac import Mac

MAC = Mac(KEY)
OLD, NEW, CODE = b"246810", b"902817", b"73519264"
FOB = b"\x04abcdef"
LEASE = 7
LAST_DAY, LAST_DAY_ENDS = b"310527", 1_811_804_400  # in the zone of Guests


def digest(value, kind=PIN):
    return MAC.digest(bytes([kind]), value)[:16]


def fill_flash():
    """Let no file be written, until `files.write` is put back."""

    def write(*_):
        raise OSError(28)

    files.write = write


class Guests:
    def __init__(self):
        self.armed, self.full = 0, False
        self.zone = 3600, 3600, None, None

    def arm_guest_codes(self):
        if self.full:
            raise OSError(28)
        self.armed += 1


class Clock:
    time = None

    def now(self):
        return self.time


class Settings:
    plain_uid, pin_shortest, reader = True, 6, "pn532"
    home = ("192.0.2.1", 1883, None, None)


class Phone:
    def __init__(self):
        self.presented, self.is_there, self.error = [], False, None

    def present(self, what, key):
        if self.error:
            raise self.error
        self.presented.append((what, key))
        self.is_there = True

    def waits(self):
        return self.is_there

    def end(self):
        self.is_there = False


class Keypad(House):
    """A resident of lease 7 at the keypad, whose PIN is OLD by the list; `flatmates` have other PINs."""

    def __init__(self, flatmates=(), **settings):
        super().__init__()
        self.guests, self.phone, self.settings, self.clock = Guests(), Phone(), Settings(), Clock()
        for name, value in settings.items():
            setattr(self.settings, name, value)
        self.list(OLD)
        self.list(CODE, role=MOVE_IN)
        self.tend()
        for pin in flatmates:
            self.at(LEASE).move_in(digest(CODE), digest(pin))
        self.talk = None

    def list(self, value, kind=PIN, role=TENANT, lease=LEASE):
        """Have the operator's list hold it."""
        self.listed.put(digest(value, kind) + bytes((role, kind, lease)) + bytes(13))

    def ask(self, order, now=0, pin=OLD, lease=LEASE):
        """`PIN * order #`, or a move-in code where there is no order; the signal."""
        verdict = Verdict(ASKING if order else MOVING_IN, PIN)
        verdict.digest, verdict.lease, verdict.order = digest(pin if order else CODE), lease, order
        verdict.role, verdict.number = TENANT if order else MOVE_IN, self.number(pin)
        parts = self.register, self.guests, MAC, self.settings, self.clock
        dialogues = Dialogues(lambda: self.phone, *parts)
        self.talk, signal = dialogues.begin(verdict, now)
        return signal

    def number(self, pin):
        """The number of whoever has this PIN, 0 where the list has it alone."""
        found = self.residents.find(digest(pin), bytes((PIN,)), pin)
        return found.number if found else 0

    def pin(self, digits, reason=None, lease=0):
        """A code, for which the gate has this reason; the signal, or "granted"."""
        verdict = self.talk.again(digits)
        if verdict is None:
            opens = self.lets_in(digits)
            verdict = Verdict(reason or (GRANTED if opens else UNKNOWN), PIN)
            verdict.digest, verdict.lease = digest(digits), LEASE if opens else lease
            self.talk.pin(verdict, digits)
        return verdict.reason

    def card(self, uid, kind=PLAIN):
        """A card; the signal, or None where the gate is to judge it."""
        verdict = self.talk.card(uid, kind)
        return verdict and verdict.reason

    def lets_in(self, value, kind=PIN):
        """Whether a PIN or card opens."""
        found = self.residents.find(digest(value, kind), bytes((kind,)), value)
        listed = self.listed.find(digest(value, kind))
        by_list = listed is not None and listed.role == TENANT
        return by_list if found is None or found.what == 2 else found.what == 1

    def key(self, what=GUEST_KEY, pin=OLD):
        """The key of a resident, None where they have none."""

        class Who:
            number = self.number(pin)

        return self.at(LEASE).key(Who, what)

    @property
    def is_left(self):
        """Whether the lease is to end unless somebody comes."""
        return self.leases.table[self.leases.place(LEASE) + DUE] > 0

    @property
    def ended(self):
        """Whether there is no dialogue now."""
        return self.talk is None or not self.talk.patience
