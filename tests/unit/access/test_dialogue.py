"""The dialogue at the keypad, key by key."""

import struct

from access.dialogue import is_weak
from access.dialogues import Dialogues
from people import changes, guard
from people.register import Register
from people.residents import CREDENTIAL, GUEST_KEY, HOME_KEY, Resident, ResidentsError
from roll.record import FIELDS, TENANT, Credential
from storage.hmac import Mac

MAC = Mac(bytes(32))
OLD, NEW = b"246810", b"902817"


def digest(value, kind=1):
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


class Keypad:
    def __init__(self, has_home=True):
        self.has_home = has_home
        self.said, self.residents, self.listed, self.leases = [], Residents(), Listed(), Leases()
        self.guests, self.presented = Guests(), []
        changes.Changes = lambda residents: residents
        guard.Guard = lambda leases: leases
        register = Register(self.listed, self.residents, self.leases)
        present = lambda *key: self.presented.append(key)  # noqa: E731
        self.talk = Dialogues(register, self.guests, MAC, self.said.append, present, self.has_home)

    @property
    def ended(self):
        """Whether there is no dialogue now."""
        return self.talk._dialogue is None and self.talk._presented is None

    def opened(self, *keys):
        self.talk.entered(digest(OLD), 7, 0)
        return [self.talk.key(key, 100) for key in keys]


def test_weak_pins():
    for pin in (b"123", b"1111", b"3456", b"9876543210", b"12345678901", b"4321"):
        assert is_weak(pin), pin
    for pin in (b"1112", b"1357", b"246810", b"9012", b"1221"):
        assert not is_weak(pin), pin


def test_a_pin_is_changed_at_one_stroke():
    keypad = Keypad()
    assert keypad.opened("*", "1") == [True, True]
    assert keypad.talk.pin(NEW, 200)
    assert keypad.talk.pin(NEW, 300)
    assert keypad.residents.done == [("add", digest(NEW), 1, 7, digest(OLD))]
    assert keypad.said == ["enrolling", "enrolling", "enrolling", "kept"]
    assert keypad.ended
    assert not keypad.talk.pin(NEW, 400)


def test_two_different_pins_change_nothing():
    keypad = Keypad()
    keypad.opened("*", "1")
    keypad.talk.pin(NEW, 200)
    keypad.talk.pin(b"902818", 300)
    assert (keypad.said[-1], keypad.residents.done) == ("weak", [])


def test_a_pin_in_use_is_refused_as_if_it_were_weak():
    for where in ("residents", "listed", "gone"):
        keypad = Keypad()
        if where == "gone":
            keypad.residents.gone.add(digest(NEW))
        else:
            getattr(keypad, where).known[digest(NEW)] = found(where, 1, 3)
        keypad.opened("*", "1")
        keypad.talk.pin(NEW, 200)
        weak = list(keypad.said)
        keypad.talk.pin(b"1111", 200)
        assert keypad.said[len(weak) - 1 :] == ["weak", "weak"]


def test_cards_are_added_and_removed():
    keypad = Keypad()
    keypad.opened("*", "2")
    assert keypad.talk.card(b"\x04abcdef")
    keypad.opened("*", "3")
    keypad.residents.known[digest(b"\x04abcdef", 2)] = Resident(CREDENTIAL, 2, 7)
    assert keypad.talk.card(b"\x04abcdef")
    keypad.opened("*", "3", "#")
    card = digest(b"\x04abcdef", 2)
    assert keypad.residents.done == [("add", card, 2, 7, None), ("remove", card), ("remove cards", 7)]
    assert not keypad.talk.card(b"\x04abcdef")


def test_somebody_elses_card_is_neither_added_nor_removed():
    card = digest(b"\x04abcdef", 2)
    for choice in ("2", "3"):
        for where in ("residents", "listed"):
            keypad = Keypad()
            getattr(keypad, where).known[card] = found(where, 2, 8)
            keypad.opened("*", choice)
            assert keypad.talk.card(b"\x04abcdef")
            assert (keypad.said[-1], keypad.residents.done) == ("weak", [])


def test_moving_out_asks_for_the_pin_again():
    keypad = Keypad()
    keypad.opened("*", "9")
    keypad.talk.pin(NEW, 200)
    assert keypad.leases.left == []
    keypad.opened("*", "9")
    keypad.talk.pin(OLD, 200)
    assert (keypad.leases.left, keypad.residents.done) == ([7], [("clear", 7)])


def test_a_full_table_is_told():
    keypad = Keypad()
    keypad.residents.error = ResidentsError("full")
    keypad.opened("*", "2")
    keypad.talk.card(b"\x04abcdef")
    assert keypad.said[-1] == "weak"


def test_the_offer_lasts_ten_seconds_and_a_dialogue_a_minute():
    keypad = Keypad()
    keypad.opened()
    keypad.talk.tick(10_000)
    assert not keypad.talk.key("*", 10_000)
    keypad.opened("*", "2")
    keypad.talk.tick(60_099)
    assert keypad.said[-1] == "enrolling"
    keypad.talk.tick(60_100)
    assert (keypad.said[-1], keypad.talk.card(b"\x04abcdef")) == ("cleared", False)


def test_without_an_offer_all_keys_belong_to_the_code():
    keypad = Keypad()
    assert not any(keypad.talk.key(key, 0) for key in "*123#")
    assert not keypad.talk.pin(NEW, 0)
    assert not keypad.talk.card(b"\x04abcdef")


def test_another_code_ends_the_offer():
    keypad = Keypad()
    assert keypad.opened("5", "*") == [False, False]


def test_a_star_gives_up():
    keypad = Keypad()
    assert keypad.opened("*", "1", "*") == [True, True, False]
    assert not keypad.talk.pin(NEW, 0)
    assert keypad.opened("*", "8") == [True, True]
    assert keypad.said[-1] == "cleared"


def test_the_guest_key_is_made_once_and_handed_over_and_codes_are_armed():
    keypad = Keypad()
    assert keypad.opened("*", "4") == [True, True]
    assert (keypad.said, keypad.guests.armed) == (["enrolling", "kept"], 1)
    assert keypad.presented == [(GUEST_KEY, keypad.residents.held[GUEST_KEY][7])]
    assert len(keypad.presented[0][1]) == 16
    keypad.talk.key("*", 200)
    keypad.opened("*", "4")
    assert keypad.presented[1] == keypad.presented[0]
    assert keypad.guests.armed == 2
    assert keypad.residents.done == [("key", GUEST_KEY, 7, True)]


def test_a_new_guest_key_is_made_where_one_asks_for_it():
    keypad = Keypad()
    keypad.opened("*", "4", "#")
    assert len(keypad.presented) == 2
    assert keypad.presented[0] != keypad.presented[1] == (GUEST_KEY, keypad.residents.held[GUEST_KEY][7])
    keypad.talk.tick(10_050)
    assert not keypad.ended
    keypad.talk.tick(10_100)
    assert keypad.ended
    assert keypad.said[-1] == "kept"  # that the phone is awaited no more was told when it was so


def test_a_guest_key_that_cannot_be_kept_is_not_handed_over():
    for full in ("table", "nvs"):
        keypad = Keypad()
        keypad.residents.error = ResidentsError("full") if full == "table" else None
        keypad.guests.full = full == "nvs"
        keypad.opened("*", "4")
        assert (keypad.said[-1], keypad.presented) == ("weak", [])


def test_while_the_key_is_handed_over_codes_and_cards_open_as_ever():
    keypad = Keypad()
    keypad.opened("*", "4")
    assert not keypad.talk.pin(NEW, 200)
    assert not keypad.talk.card(b"\x04abcdef")
    assert not keypad.talk.key("5", 300)
    assert keypad.ended
    assert keypad.said[-1] == "kept"
