"""A doorkeeper with parts that note what is asked of them, for its tests."""

from default_settings import settings

from access.gate import Verdict
from door.controller import Controller
from door.doorkeeper import Doorkeeper
from roll.record import PIN, REMOTE

TENANT, STAFF, PASSAGE, GUEST = 1, 2, 7, 9


class Gate:
    """Gives the verdict that it is to give; notes what it was asked."""

    def __init__(self):
        self.verdict, self.asked = None, []
        self.passes, self.looks = True, 0
        self.news = "granted"

    def note(self, verdict):
        pass

    def greeting(self, verdict):
        found, self.news = self.news, "granted"
        return found

    def may_pass(self, digest):
        self.looks += 1
        return self.passes

    def pin(self, digits, now, number=None):
        self.asked.append((bytes(digits), number))
        return self.verdict

    def card(self, uid, kind=0):
        self.asked.append(uid)
        return self.verdict

    def remote(self, lease, digest, kind=REMOTE):
        self.asked.append((lease, digest, kind))
        return self.verdict


class Talk:
    """A dialogue that notes what it hears, and answers as it is told."""

    def __init__(self):
        self.patience, self.heard_all, self.ended, self.runs_out = 10_000, [], 0, False
        self.answers = {}
        self.answer, self.spares_digits = None, False

    def key(self, key, now):
        self.heard_all.append(key)
        if key == "*":
            self.patience = 0

    def has_run_out(self, now):
        return self.runs_out

    def again(self, digits):
        return self.answers.get("again")

    def pin(self, verdict, digits):
        verdict.reason = self.answers.get("pin", verdict.reason)

    def card(self, uid, kind=0):
        return self.answers.get("card")

    def heard(self, reason):
        self.heard_all.append(reason)
        if reason == "the third":
            self.patience = 0

    def end(self):
        self.ended += 1


class Part:
    """Relay, indicator and numbers in one; notes the first two in order."""

    def __init__(self):
        self.done, self.kept, self.lasting = [], {}, set()
        self.offered = 0

    def tell(self, signal):
        """That a key was heard."""

    def release(self):
        self.done.append("open")

    def secure(self):
        self.done.append("held")

    def say(self, signal, now):
        self.done.append(signal)

    def say_if_idle(self, signal, now):
        self.done.append(signal)
        self.offered += 1

    def get(self, name, default=0):
        return self.kept.get(name, default)

    def set(self, name, value):
        if isinstance(value, bool):
            (self.lasting.add if value else self.lasting.discard)(name)
        else:
            self.kept[name] = value


class Door:
    def __init__(self):
        self.gate, self.talk, self.part, self.alarms = Gate(), None, Part(), []
        self.began = []
        self.control = Controller(self.part, self.part, settings(), self.alarm)
        self.keeper = Doorkeeper(self.gate, self, self.control, self.part, self)
        self.can = True

    def begin(self, verdict, now):
        """A dialogue is to begin."""
        self.began.append((verdict.reason, verdict.order))
        if not self.can:
            return None, "weak"
        self.talk = None if verdict.order == 30 else Talk()
        return self.talk, "kept" if self.talk is None else "enrolling"

    def staff(self, digest, kind):
        self.part.done.append("report")

    def alarm(self, kind):
        self.alarms.append(kind)

    def will(self, role, kind=PIN, reason="granted", begins_throttle=False):
        """Whoever comes next gets this verdict."""
        self.part.done = []
        self.gate.verdict = Verdict(reason, kind, begins_throttle)
        self.gate.verdict.role = role
        self.gate.verdict.digest = b"d" * 16
        return self.gate.verdict

    def come(self, role, kind=PIN, reason="granted", begins_throttle=False):
        """What is done when somebody gets this verdict, in order."""
        self.will(role, kind, reason, begins_throttle)
        if kind == PIN:
            self.press("2468#")
        else:
            self.keeper.card(b"1234567")
        return self.part.done

    def press(self, keys):
        for key in keys:
            self.keeper.key(key)

    def ask(self, order=1, reason="asking"):
        self.will(TENANT, PIN, reason).order = order
        self.press("2468*%d#" % order)
        return self.part.done

    @property
    def is_blue(self):
        return "enrolling" in self.part.lasting
