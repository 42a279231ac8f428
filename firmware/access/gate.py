"""Judges what was presented at the door: from a PIN or a card to a verdict."""

from micropython import const

from access.decide import EXPIRED, GRANTED, MOVING_IN, TENANT, UNKNOWN, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from access.credentials import Credentials
    from access.leases import Leases
    from access.residents import Residents
    from access.throttle import Throttle
    from storage.hmac import Mac

PIN = const(1)
CARD = const(2)
DIGEST_SIZE = const(16)
_KINDS = (b"", b"\x01", b"\x02")
_SHORTEST = const(4)
_LONGEST = const(10)


class Verdict:
    """A grant, or a denial with its reason; `role`, `digest` and `lease` are those of a known credential."""

    def __init__(self, reason: str, kind: int, begins_throttle: bool = False) -> None:
        self.reason = reason
        self.granted = reason == GRANTED
        self.kind = kind
        self.begins_throttle = begins_throttle
        self.role = self.lease = 0
        self.digest = b""


class Gate:
    """Knows the credentials, the clock and the throttle; `mac` is HMAC under the lock's key."""

    def __init__(
        self, credentials: "Credentials", residents: "Residents", leases: "Leases", clock: "Clock",
        throttle: "Throttle", mac: "Mac", plain_uid: bool,
    ) -> None:  # fmt: skip
        self._credentials, self._residents, self._leases = credentials, residents, leases
        self._clock, self._throttle = clock, throttle
        self._mac, self._plain_uid = mac, plain_uid

    def card(self, uid: bytes) -> Verdict:
        """Judge a card by its number alone, where the settings allow it. The throttle is not asked."""
        if not self._plain_uid:
            return Verdict(UNKNOWN, CARD)
        return self._judge(CARD, uid, False)

    def pin(self, digits: bytes, now: int) -> Verdict:
        """Judge a code; `now` is ticks_ms(). While the keypad waits nothing is looked at or counted."""
        wait = self._throttle.left_ms(now)
        if wait:
            return Verdict(decide(None, None, wait), PIN)
        begins = self._throttle.count(now)
        if not _SHORTEST <= len(digits) <= _LONGEST:
            return Verdict(UNKNOWN, PIN, begins)
        verdict = self._judge(PIN, digits, begins)
        if verdict.granted or verdict.reason == MOVING_IN:
            self._throttle.clear()
        return verdict

    def _judge(self, kind: int, value: bytes, begins: bool) -> Verdict:
        digest = self._mac.digest(_KINDS[kind], value)[:DIGEST_SIZE]
        now = self._clock.now()
        resident = self._residents.find(digest)
        verdict = Verdict(GRANTED, kind, begins)
        verdict.digest = digest
        if resident is not None and resident.kind == kind:
            verdict.role, verdict.lease = TENANT, resident.lease
            if self._leases.over(resident.lease, now):
                verdict.reason, verdict.granted = EXPIRED, False
            return verdict
        listed = None if self._residents.withdrawn(digest) else self._credentials.find(digest)
        if listed is not None and listed.kind == kind:
            verdict.role, verdict.lease = listed.role, listed.lease
        else:
            listed = None
        verdict.reason = decide(listed, now)
        if verdict.role == TENANT:
            if verdict.reason == EXPIRED and not self._leases.over(verdict.lease, now):
                verdict.reason = GRANTED  # by the clock alone nobody is shut out of their home
            if verdict.reason == GRANTED:
                self._leases.proved(verdict.lease, digest, now)
        verdict.granted = verdict.reason == GRANTED
        return verdict
