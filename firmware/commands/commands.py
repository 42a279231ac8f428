"""Carries out what is commanded from afar.

A command is a JWS of the lock's key, purpose "menshen command v1", with {"lock", "time", "command", "nonce",
"expires"}; times in seconds since 1970, at most ten minutes apart. To unlock it holds besides "proof", a JWS
of purpose "menshen unlock v1" with these same five fields, and either "lease", whose guest key signs it, or
"credential", the digest of a staff credential (32 hexadecimal digits), whose own key does. Neither opens by
itself: it is presented to the gate like a card.
"""

import struct
from hashlib import sha256

from micropython import const

from link.envelope import verify
from link.errors import EnvelopeError
from reports.results import COMMANDS
from storage.hmac import Mac, equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from access.clock import Clock
    from reports.telemetry import Telemetry
    from storage.nvs import Numbers

    class Door(Protocol):
        """What commands may do to the lock."""

        def identify(self) -> None: ...
        def self_test(self) -> dict: ...
        def restart(self) -> None: ...  # within a minute, while nobody is at the door
        def remote(self, lease: int, digest: bytes) -> bool: ...  # present a tenant or staff; who may come in
        def guest_key(self, lease: int) -> "bytes | None": ...


_PURPOSE = b"menshen command v1"
_UNLOCK = b"menshen unlock v1"
_STAFF = b"menshen staff v1"
_FIELDS = ("lock", "time", "command", "nonce", "expires")
_LIFE_S = const(600)
_SKEW_S = const(300)  # by so much may the sender's clock be ahead
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_HEX = "0123456789abcdef"
_MARK = const(8)
_ENTRY = const(12)
_ENTRIES = const(16)


class Refused(Exception):
    """Not carried out; `reason` is one of words.REFUSALS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Nonces:
    """Commands that were carried out, in one NVS blob, so that none is twice: not even after a power cut.

    Little-endian: low u32, then up to 16 entries of mark 8 (SHA-256 of the nonce) and expiry u32. An entry
    goes when it has expired; `low` is the latest expiry of those gone, and nothing as old as that is taken.
    So it needs no clock to know that something is a repetition.
    """

    def __init__(self, numbers: "Numbers") -> None:
        self._numbers = numbers

    def spend(self, nonce: str, time: int, expires: int, now: int) -> None:
        """Remember this command, or raise Refused: "replayed", "busy" (16 at once), "flash error"."""
        try:
            table = self._numbers.blob("nonces", 4 + _ENTRIES * _ENTRY) or bytes(4)
            mark, low = sha256(nonce.encode()).digest()[:_MARK], struct.unpack_from("<I", table)[0]
            if time <= low:
                raise Refused("replayed")
            kept = b""
            for place in range(4, len(table) - _ENTRY + 1, _ENTRY):
                entry = table[place : place + _ENTRY]
                ended = struct.unpack_from("<I", entry, _MARK)[0]
                if equal(entry[:_MARK], mark):
                    raise Refused("replayed")
                if ended + _SKEW_S <= now:
                    low = max(low, ended)
                else:
                    kept += entry
            if len(kept) >= _ENTRIES * _ENTRY:
                raise Refused("busy")
            self._numbers.set_blob(
                "nonces", struct.pack("<I", low) + kept + mark + struct.pack("<I", expires)
            )
        except OSError:
            raise Refused("flash error")


class Commands:
    """Judges a message and does what it says. Nothing is raised, whatever it holds."""

    def __init__(
        self,
        lock_id: str,
        key: bytes,
        clock: "Clock",
        numbers: "Numbers",
        telemetry: "Telemetry",
        door: "Door",
    ) -> None:
        self._lock_id, self._key = lock_id, key
        self._clock, self._numbers, self._telemetry, self._door = clock, numbers, telemetry, door

    def obey(self, message: "bytes | bytearray | None", retained: bool) -> bool:
        """One message, None for one that was too long; whether it was obeyed.

        Of a tenant's command to unlock nothing is told.
        """
        nonce, told = None, True
        try:
            if retained:
                raise Refused("retained")
            if message is None:
                raise Refused("too large")
            order = verify(message, self._lock_id, self._key, _PURPOSE)
            del message
            told = order.get("command") != "unlock" or "lease" not in order
            nonce = self._check(order)
            self._carry_out(order, nonce)
            return True
        except (Refused, EnvelopeError) as error:
            if told:
                self._telemetry.declined(nonce, error.reason)
        except MemoryError:
            if told:
                self._telemetry.declined(nonce, "no memory")
        return False

    def _check(self, order: dict) -> str:
        """The nonce of a well-formed order for this lock."""
        if order.get("lock") != self._lock_id:
            raise Refused("wrong lock")
        if any(name not in order for name in _FIELDS):
            raise Refused("malformed")
        time, expires, nonce, command = order["time"], order["expires"], order["nonce"], order["command"]
        if type(time) is not int or type(expires) is not int or not 0 < time < expires <= time + _LIFE_S:
            raise Refused("malformed")
        if not isinstance(nonce, str) or not 8 <= len(nonce) <= 32 or any(c not in _LETTERS for c in nonce):
            raise Refused("malformed")
        if command not in COMMANDS or len(order) != len(_FIELDS) + (2 if command == "unlock" else 0):
            raise Refused("malformed")
        return nonce

    def _carry_out(self, order: dict, nonce: str) -> None:
        """Do what is commanded, if it is neither late nor early, nor done already."""
        now, command, door = self._clock.now(), order["command"], self._door
        if now is None:
            raise Refused("no clock")
        if max(now, self._clock.passed) >= order["expires"]:
            raise Refused("expired")
        if order["time"] > now + _SKEW_S:
            raise Refused("too early")
        lease, digest = self._proved(order) if command == "unlock" else (0, b"")
        Nonces(self._numbers).spend(nonce, order["time"], order["expires"], now)
        if command == "unlock":
            granted = door.remote(lease, digest)
            if lease:
                return
            if not granted:
                raise Refused("denied")
        elif command == "identify":
            door.identify()
        self._telemetry.done(command, nonce, door.self_test() if command == "self-test" else None)
        if command == "restart":
            door.restart()

    def _proved(self, order: dict) -> "tuple[int, bytes]":
        """The lease whose tenant has signed the proof, or the digest of the staff credential that has."""
        lease, credential, proof = order.get("lease"), order.get("credential"), order.get("proof")
        key = None
        if type(lease) is int and 0 < lease < 65536:
            key, digest = self._door.guest_key(lease), b""
        elif isinstance(credential, str) and len(credential) == 32 and all(c in _HEX for c in credential):
            lease, digest = 0, bytes([int(credential[n : n + 2], 16) for n in range(0, 32, 2)])
            key = Mac(Mac(self._key).digest(_STAFF)).digest(digest)
        else:
            raise Refused("malformed")
        if not isinstance(proof, str):
            raise Refused("malformed")
        if key is None:
            raise Refused("bad signature")
        said = verify(proof.encode(), self._lock_id, key, _UNLOCK)
        if len(said) != len(_FIELDS) or any(said.get(name) != order[name] for name in _FIELDS):
            raise Refused("bad signature")
        return lease, digest
