"""What follows from a verdict: the bolt, the light, what residents are told and what leaves the lock."""

from access.gate import Verdict
from door.doorkeeper import Doorkeeper
from roll.record import CARD, PIN

TENANT, STAFF, PASSAGE, GUEST = 1, 2, 7, 9


class Gate:
    """Gives the verdict that it is to give."""

    verdict = None

    def pin(self, digits, now):
        return self.verdict

    def card(self, uid):
        return self.verdict


class Dialogue:
    """Residents' dialogues: there is none; counts how often one is offered."""

    offers = 0

    def pin(self, digits, now):
        return False

    def card(self, uid):
        return False

    def key(self, key, now):
        return False

    def entered(self, digest, lease, now):
        self.offers += 1


class Part:
    """Controller, indicator, phone and numbers in one; notes the first two in order."""

    def __init__(self):
        self.done, self.kept, self.indicator = [], {}, self

    def tell(self, signal):
        """That a key was heard."""

    def end(self):
        """No phone is awaited any more."""

    def grant(self, now):
        self.done.append("open")

    def say(self, signal, now):
        self.done.append(signal)

    def get(self, name, default=0):
        return self.kept.get(name, default)

    def set(self, name, value):
        self.kept[name] = value


class Door:
    def __init__(self):
        self.gate, self.dialogue, self.part, self.alarms = Gate(), Dialogue(), Part(), []
        self.keeper = Doorkeeper(self.gate, self.dialogue, self.part, self.part, self.part, self)

    def staff(self, digest, kind):
        self.part.done.append("report")

    def alarm(self, kind):
        self.alarms.append(kind)

    def come(self, role, kind=PIN, reason="granted", begins_throttle=False):
        """What is done when somebody gets this verdict, in order."""
        self.part.done = []
        self.gate.verdict = Verdict(reason, kind, begins_throttle)
        self.gate.verdict.role = role
        if kind == PIN:
            for key in "2468#":
                self.keeper.key(key)
        else:
            self.keeper.card(b"1234567")
        return self.part.done


def test_a_tenant_is_let_in_and_told_of_to_nobody():
    door = Door()
    assert door.come(TENANT) == ["open", "granted"]
    assert door.come(TENANT, CARD) == ["open", "granted"]
    assert door.dialogue.offers == 1  # not after a card


def test_staff_are_on_record_before_the_door_opens_and_the_next_resident_is_told():
    for role in (STAFF, PASSAGE):
        door = Door()
        assert door.come(role) == ["report", "open", "granted"]
        assert door.dialogue.offers == 0
        assert door.come(TENANT) == ["open", "staff"]
        assert door.come(TENANT) == ["open", "granted"]


def test_a_guest_is_told_of_to_nobody_and_told_nothing_and_can_set_nothing():
    door = Door()
    door.come(STAFF)
    assert door.come(GUEST) == ["open", "granted"]
    assert door.dialogue.offers == 0
    assert door.come(TENANT) == ["open", "staff"]


def test_some_denials_have_a_light_of_their_own():
    for reason, light in (
        ("no clock", "no clock"),
        ("outside schedule", "outside schedule"),
        ("throttled", "throttled"),
        ("unknown", "denied"),
        ("expired", "denied"),
        ("too early", "denied"),
        ("used up", "denied"),
    ):
        assert Door().come(STAFF, PIN, reason) == [light]


def test_the_house_hears_that_the_keypad_waits_and_not_for_whom():
    door = Door()
    door.come(0, PIN, "unknown", True)
    door.come(0, PIN, "unknown")
    assert door.alarms == ["throttled"]


def test_what_can_be_said_differs_to_the_eye_or_to_the_ear():
    from door.indicator import Indicator

    said = []
    indicator = Indicator(said.append, said.append)
    seen = set()
    denials = ["denied", "throttled", "no clock", "outside schedule"]
    for signal in denials + ["granted", "enrolling", "kept", "weak", "staff"]:
        indicator.say(signal, 0)
        seen.add(tuple(said[-2:]))
        said.clear()
        indicator.tick(100_000)
        said.clear()
    assert len(seen) == 9
