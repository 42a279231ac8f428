"""Judges what was presented at the door: from a PIN or a card to a verdict."""

from micropython import const

from access.decide import GRANTED, STAFF, UNKNOWN, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from access.credentials import Credentials
    from access.throttle import Throttle
    from storage.hmac import Mac

PIN = const(1)
CARD = const(2)
DIGEST_SIZE = const(16)
_KINDS = (b"", b"\x01", b"\x02")
_SHORTEST = const(4)
_LONGEST = const(10)


class Verdict:
    """A grant, or a denial with its reason. `staff` is the digest of a staff credential, else None."""

    def __init__(
        self, reason: str, kind: int, staff: "bytes | None" = None, begins_throttle: bool = False
    ) -> None:
        self.reason = reason
        self.granted = reason == GRANTED
        self.kind = kind
        self.staff = staff
        self.begins_throttle = begins_throttle


class Gate:
    """Knows the credentials, the clock and the throttle; `mac` is HMAC under the lock's key."""

    def __init__(
        self, credentials: "Credentials", clock: "Clock", throttle: "Throttle", mac: "Mac", plain_uid: bool
    ) -> None:
        self._credentials, self._clock, self._throttle = credentials, clock, throttle
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
            return Verdict(UNKNOWN, PIN, None, begins)
        verdict = self._judge(PIN, digits, begins)
        if verdict.granted:
            self._throttle.clear()
        return verdict

    def _judge(self, kind: int, value: bytes, begins: bool) -> Verdict:
        digest = self._mac.digest(_KINDS[kind], value)[:DIGEST_SIZE]
        credential = self._credentials.find(digest)
        if credential is not None and credential.kind != kind:
            credential = None
        reason = decide(credential, self._clock.now())
        is_staff = credential is not None and credential.role == STAFF
        return Verdict(reason, kind, digest if is_staff else None, begins)
