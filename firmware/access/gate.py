"""Judges what was presented at the door: from a PIN or a card to a verdict."""

from micropython import const

from access.decide import (
    ASKING,
    EXPIRED,
    GRANTED,
    GUEST,
    GUESTS,
    MOVING_IN,
    PASSAGE,
    TOO_EARLY,
    UNKNOWN,
    USED_UP,
    decide,
)
from loader import Loan
from log.entry import WRONG_CODE
from people.entry import CREDENTIAL, WITHDRAWN
from roll.record import CARD, DIGEST, MOVE_IN, PHONE, PIN, REMOTE, STAFF, STAFF_PASSAGE, TENANT
from storage.purposes import CARD_VALUE, PIN_VALUE, PROVED_CARD_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from access.restrictions import Restrictions
    from access.throttle import Throttle
    from people.register import Register
    from roll.record import Credential
    from storage.hmac import Mac

_ORDERS = b" 0 1 2 3 30 4 40 5 50 6 60 7 8 80 9 "  # what each means: dialogues.py; 81 to 89 are as 8
_PASSAGE = b"0"  # of staff, and not of tenants
_SHORTEST = const(4)
_LONGEST = const(10)
_GUEST_DIGITS = (12, 9)  # of today's format, and of the one before


class Verdict:
    """A grant, or a denial with its reason; `role`, `digest` and `lease` are those of a known credential.

    `digest` is that under the lock's key. `number` is a resident's within the lease, 0 where it is not known
    (see people/README.md). `order` is the number that a tenant who is ASKING for something typed after `*`.
    """

    def __init__(self, reason: str, kind: int, begins_throttle: bool = False) -> None:
        self.reason = reason
        self.kind = kind
        self.begins_throttle = begins_throttle
        self.role = self.lease = self.number = self.order = 0
        self.digest = b""

    @property
    def granted(self) -> bool:
        """Whether it opens the door."""
        return self.reason == GRANTED


class Gate:
    """`mac` is HMAC under the lock's key; `plain_uid` says whether cards open by their number alone."""

    def __init__(
        self,
        register: "Register",
        clock: "Clock",
        throttle: "Throttle",
        restrictions: "Restrictions",
        mac: "Mac",
        plain_uid: bool,
    ) -> None:
        self._register, self._credentials, self._residents = (
            register,
            register.credentials,
            register.residents,
        )
        self._leases, self._clock, self._throttle = register.leases, clock, throttle
        self._restrictions, self._mac, self._plain_uid = restrictions, mac, plain_uid
        self._guests: Verdict | None = None  # that of the code counted last, if it may be a guest's

    def card(self, uid: bytes, proved: bool = False) -> Verdict:
        """Judge a card that has `proved` its number; by the number alone only where the settings allow that.

        The throttle stops no card.
        """
        verdict = Verdict(UNKNOWN, CARD)
        if proved or self._plain_uid:
            self._judge(verdict, PROVED_CARD_VALUE if proved else CARD_VALUE, uid)
        return verdict

    def pin(self, digits: bytes, now: int, number: "bytes | None" = None) -> Verdict:
        """Judge a code; `now` is ticks_ms(). While the keypad waits, no code is looked up or counted.

        `number` is what was typed after a `*`. Such an entry is ASKING if a tenant's PIN is before one of
        _ORDERS, PASSAGE if the PIN of staff who may is before `0`, and otherwise unknown, whatever was wrong.
        guest() judges what may be a guest's code.
        """
        wait = self._throttle.left_ms(now)
        if wait:
            return Verdict(decide(None, None, wait), PIN)
        verdict = Verdict(UNKNOWN, PIN, self._throttle.count(now))
        is_order = number is not None and (
            b" " + number + b" " in _ORDERS or (len(number) == 2 and number[:1] == b"8")
        )
        if _SHORTEST <= len(digits) <= _LONGEST and (number is None or is_order):
            only = 0 if number is None else STAFF_PASSAGE if number == _PASSAGE else TENANT
            self._judge(verdict, PIN_VALUE, digits, only)
        if number is not None:
            granted = ASKING if number != _PASSAGE else PASSAGE if verdict.role != TENANT else UNKNOWN
            verdict.reason = granted if verdict.granted else UNKNOWN
            verdict.order = int(number or 0)
        elif verdict.reason == UNKNOWN and len(digits) in _GUEST_DIGITS:
            verdict.reason = GUESTS
        self._guests = verdict if verdict.reason == GUESTS else None
        if verdict.reason in (GRANTED, ASKING, MOVING_IN, PASSAGE):
            self._throttle.take_back()
            verdict.begins_throttle = False
        return verdict

    async def guest(self, verdict: Verdict, digits: bytes) -> None:
        """Judge digits that are nobody's PIN. Takes back a right code's count, unless others came since."""
        verdict.reason, whose, _ = await self._restrictions.guest(digits, self._clock.now())
        verdict.lease, verdict.number = whose & 0xFFFF, whose >> 16
        if verdict.granted:
            verdict.role, verdict.begins_throttle = GUEST, False
            if verdict is self._guests:
                self._throttle.take_back()

    def remote(self, lease: int, digest: bytes, kind: int = REMOTE) -> Verdict:
        """Judge somebody who has proved to be a tenant of a lease or, with lease 0, to hold a credential.

        `kind` is PHONE for a phone at the reader; with lease 0 it has proved nothing.

        `lease` may have the resident's number times 65,536 in it, as Residents.keys() gives it.
        `digest` is that of a staff credential of the list: no other can be used from afar.
        """
        now = self._clock.now()
        verdict = Verdict(GRANTED, kind)
        if lease:
            verdict.role, verdict.lease, verdict.number = TENANT, lease & 0xFFFF, lease >> 16
            if self._leases.over(verdict.lease, now):
                verdict.reason = EXPIRED
            return verdict
        listed = None if kind == PHONE else self._credentials.find(digest)
        if listed is None or listed.role not in (STAFF, STAFF_PASSAGE):
            return Verdict(UNKNOWN, kind)
        verdict.role, verdict.digest = listed.role, digest
        verdict.reason = self._other(listed, digest, now)
        return verdict

    def greeting(self, verdict: Verdict) -> str:
        """The signal for somebody who lives here and has come in: what is new is shown to each once.

        A phone may be in somebody else's hands: news is shown only to whoever comes by PIN or card.
        """
        if verdict.digest in self._residents.greeted:
            return GRANTED
        try:
            with Loan():
                from people.notices import at_entry

                return at_entry(self._register, verdict)
        except (ImportError, MemoryError):  # it is shown the next time
            return GRANTED

    def may_pass(self, digest: bytes) -> bool:
        """Whether passage mode that somebody with this digest began goes on: still listed, and in hours."""
        listed = self._credentials.find(digest)
        if listed is None or listed.role != STAFF_PASSAGE:
            return False
        return self._limits(listed, self._clock.now()) == GRANTED

    def note(self, verdict: Verdict) -> None:
        """For residents who keep a log, note who has come in, or that a code was wrong."""
        what = WRONG_CODE
        if verdict.granted or verdict.reason == PASSAGE:
            what = verdict.kind | verdict.role << 4
        mark = int.from_bytes(verdict.digest[:2], "big")
        self._register.note(what, 1, mark, verdict.lease, verdict.number)

    def _judge(self, verdict: Verdict, purpose: bytes, value: bytes, only: int = 0) -> None:
        """Look a value up, of one role `only` if that is not 0; then nothing of any other role is used up."""
        kind = verdict.kind
        digest = verdict.digest = self._mac.digest(purpose, value)[:DIGEST]
        now = self._clock.now()
        resident = self._residents.find(digest, purpose, value)
        if resident is not None:
            if resident.what == WITHDRAWN:
                return
            verdict.number = resident.number
            if resident.what == CREDENTIAL:
                verdict.role, verdict.lease = TENANT, resident.lease
                verdict.reason = EXPIRED if self._leases.over(resident.lease, now) else GRANTED
                return
        listed = self._credentials.find(digest)
        if listed is None or listed.kind != kind or (only and listed.role != only):
            return
        verdict.role, verdict.lease = listed.role, listed.lease
        if listed.role in (TENANT, MOVE_IN):
            verdict.reason = self._tenant(listed, now)
        else:
            verdict.reason = self._other(listed, digest, now)

    def _tenant(self, listed: "Credential", now: "int | None") -> str:
        """No clock that was set forward or back shuts anybody out of their home by itself."""
        reason, lease = decide(listed, now), listed.lease
        if self._leases.over(lease, now):
            return EXPIRED
        if reason == EXPIRED or (reason == TOO_EARLY and self._leases.begun(lease, listed.not_before)):
            return GRANTED if listed.role == TENANT else MOVING_IN
        return reason

    def _other(self, listed: "Credential", digest: bytes, now: "int | None") -> str:
        reason = self._limits(listed, now)
        if reason == GRANTED and listed.uses and not self._restrictions.count_use(digest, listed.uses):
            return USED_UP
        return reason

    def _limits(self, listed: "Credential", now: "int | None") -> str:
        """The verdict by its dates and hours."""
        in_hours = not listed.schedule or now is None or self._restrictions.in_hours(listed.schedule, now)
        return decide(listed, now, 0, in_hours)
