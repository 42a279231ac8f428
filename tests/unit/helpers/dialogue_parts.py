"""All that a dialogue at the keypad speaks with, played: for the tests of access/dialogue.py."""

import struct

from access.decide import ASKING, GRANTED, MOVING_IN, UNKNOWN
from access.dialogues import Dialogues
from access.gate import Verdict
from people import changes, guard
from people.register import Register
from people.residents import CREDENTIAL, GUEST_KEY, HOME_KEY, Resident
from roll.record import FIELDS, PIN, TENANT, Credential
from storage.hmac import Mac

MAC = Mac(bytes(32))
OLD, NEW = b"246810", b"902817"
FOB = b"\x04abcdef"


def digest(value, kind=PIN):
    return MAC.digest(bytes([kind]), value)[:16]


def found(where, kind, lease):
    """A tenant's credential, as residents or the operator's list have it."""
    if where == "residents":
        return Resident(CREDENTIAL, kind, lease)
    return Credential(bytes(16) + struct.pack(FIELDS, TENANT, kind, lease, 0, 0, 0, 0, 0))


class Residents:
    def __init__(self):
        self.done, self.known, self.gone, self.error = [], {}, set(), None
        self.held = {GUEST_KEY: {}, HOME_KEY: {}}

    def find(self, sought):
        return self.known.get(sought)

    def withdrawn(self, sought):
        return sought in self.gone

    def _do(self, *what):
        if self.error:
            raise self.error
        self.done.append(what)

    def add(self, new, kind, lease, instead_of=None):
        self._do("add", new, kind, lease, instead_of)

    def withdraw(self, old):
        self._do("withdraw", old)

    def remove(self, old):
        self._do("remove", old)

    def remove_cards(self, lease):
        self._do("remove cards", lease)

    def keys(self, role=GUEST_KEY):
        return self.held[role].items()

    def set_key(self, role, lease, key):
        self._do("key", role, lease, bool(key))
        self.held[role][lease] = key

    def clear(self, lease):
        self._do("clear", lease)


class Listed:
    def __init__(self):
        self.known = {}

    def find(self, sought):
        return self.known.get(sought)


class Leases:
    def __init__(self):
        self.left = []

    def end(self, lease):
        self.left.append(lease)


class Guests:
    def __init__(self):
        self.armed, self.full = 0, False

    def arm_guest_codes(self):
        if self.full:
            raise OSError(28)
        self.armed += 1


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


class Keypad:
    """A resident of lease 7, whose PIN is OLD, at the keypad."""

    def __init__(self, **settings):
        self.residents, self.listed, self.leases = Residents(), Listed(), Leases()
        self.guests, self.phone, self.settings = Guests(), Phone(), Settings()
        for name, value in settings.items():
            setattr(self.settings, name, value)
        changes.Changes = lambda residents: residents
        guard.Guard = lambda leases: leases
        register = Register(self.listed, self.residents, self.leases)
        self._dialogues = Dialogues(lambda: self.phone, register, self.guests, MAC, self.settings)
        self.talk, self.opens = None, {digest(OLD)}

    def ask(self, order, now=0):
        """`OLD * order #`, or a move-in code where there is no order; the signal."""
        verdict = Verdict(ASKING if order else MOVING_IN, PIN)
        verdict.digest, verdict.lease, verdict.order = digest(OLD), 7, order
        self.talk, signal = self._dialogues.begin(verdict, now)
        return signal

    def pin(self, digits, reason=None, lease=0):
        """A code, for which the gate has this reason; the signal, or "granted"."""
        verdict = self.talk.again(digits)
        if verdict is None:
            opens = digest(digits) in self.opens
            verdict = Verdict(reason or (GRANTED if opens else UNKNOWN), PIN)
            verdict.digest, verdict.lease = digest(digits), 7 if opens else lease
            self.talk.pin(verdict, digits)
        return verdict.reason

    def card(self, uid):
        """A card; the signal, or None where the gate is to judge it."""
        verdict = self.talk.card(uid)
        return verdict and verdict.reason

    @property
    def ended(self):
        """Whether there is no dialogue now."""
        return self.talk is None or not self.talk.patience
