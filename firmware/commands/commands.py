"""Judges and carries out commands from afar.

A command is a JWS of the lock's key, purpose "menshen command v1", with {"lock", "time", "command", "nonce",
"expires"}; times in seconds since 1970, at most ten minutes apart. To unlock it also has "proof", a JWS of
purpose "menshen unlock v1" with these same five fields, and either "lease", if a guest key of that lease
signs the proof, or "credential", the digest of a staff credential (32 hexadecimal digits), if that one's own
key does. Neither opens the door by itself: the gate judges it like a card.

"certificate" also has "file" ("lock" or "ca") and "certificate", the DER in base64url, and restarts the lock.

It may also have a "number", which must be above all that the lock has obeyed, by 65,536 at most. Then that it
is not obeyed after later ones does not depend on a clock alone. Once a command with a number was obeyed, none
without is.
"""

import asyncio

from micropython import const

from commands.remote import Remote
from link.envelope import NUMBER_MAX, RISE_MAX, from_hex, verify
from link.errors import Refused
from reports.acks import COMMANDS, Acks
from storage.hmac import Mac, equal, hashed
from storage.names import COMMAND, NONCES, NONCES_MAX
from storage.purposes import COMMAND_MESSAGE, STAFF_KEYS, UNLOCK_PROOF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from access.clock import Clock
    from storage.nvs import Numbers

    class Door(Protocol):
        """What a command may do to the lock: see remote.py."""

        def identify(self) -> None: ...
        def self_test(self) -> dict: ...
        def certificate(self, name: str, text: str, now: int) -> bool: ...  # base64url; whether it was taken
        def restart(self) -> None: ...  # in one to two minutes, whoever is at the door
        def remote(self, lease: int, digest: bytes) -> bool: ...  # judged at the gate; whether it opened
        async def guest_keys(self, lease: int) -> "list[bytes]": ...


_MEMBERS = ("lock", "time", "command", "nonce", "expires")
_LIFE_S = const(600)
_SKEW_S = const(300)  # by so much may the sender's clock be ahead
_MARK = const(8)
_ENTRY = const(12)


async def handle(
    lock_id: str, parts: tuple, door: tuple, messages: "list[bytearray | None]", retained: bool
) -> bool:
    """As Commands.handle(), of the one message. `parts` and `door` are those of listener.py."""
    key, clock, numbers, telemetry = parts
    commands = Commands(lock_id, key, clock, numbers, Acks(telemetry), Remote(*door))
    return await commands.handle(messages.pop(), retained)


def spend(numbers: "Numbers", nonce: str, time: int, expires: int, now: int) -> None:
    """Store that this command is carried out. Raises Refused (16 at once: "busy"), OSError.

    The commands that were carried out are in NVS, so that none is carried out twice, even after a power cut.
    For the layout see storage/names.py. An entry is removed when it has expired; `low` is the latest expiry
    of the removed ones, and a command as old as that is refused. So a repetition is known without a clock.
    """
    table = numbers.blob(NONCES, NONCES_MAX) or bytes(4)
    mark, low = hashed(nonce.encode())[:_MARK], int.from_bytes(table[:4], "little")
    if time <= low:
        raise Refused("replayed")
    entries = b""
    for entry in numbers.split(table, _ENTRY, 4):
        ended = int.from_bytes(entry[_MARK:], "little")
        if equal(entry[:_MARK], mark):
            raise Refused("replayed")
        if ended + _SKEW_S <= now:
            low = max(low, ended)
        else:
            entries += entry
    if len(entries) > NONCES_MAX - 4 - _ENTRY:
        raise Refused("busy")
    numbers.put_blob(NONCES, low.to_bytes(4, "little") + entries + mark + expires.to_bytes(4, "little"))


class Commands:
    """Judges a message, and carries out its command. Nothing is raised, whatever the message holds."""

    def __init__(
        self,
        lock_id: str,
        key: bytes,
        clock: "Clock",
        numbers: "Numbers",
        acks: "Acks",
        door: "Door",
    ) -> None:
        self._lock_id, self._key = lock_id, key
        self._clock, self._numbers, self._acks, self._door = clock, numbers, acks, door

    async def handle(self, message: "bytes | bytearray | None", retained: bool) -> bool:
        """Handle one message, None for one that was too long. Whether its command was carried out.

        A tenant's command to unlock is neither answered nor reported.
        """
        nonce, told = None, True
        try:
            if retained:
                raise Refused("retained")
            if message is None:
                raise Refused("too large")
            fields = verify(message, self._lock_id, self._key, COMMAND_MESSAGE)
            del message
            told = fields.get("command") != "unlock" or "lease" not in fields
            nonce = self._check(fields)
            await self._carry_out(fields, nonce)
            return True
        except Refused as error:
            reason = error.reason
        except MemoryError:
            reason = "no memory"
        except OSError:
            reason = "flash error"
        if told:
            self._acks.command_refused(nonce, reason)
        return False

    def _check(self, fields: dict) -> str:
        """The nonce, if this is a well-formed command for this lock. Raises Refused."""
        if fields.get("lock") != self._lock_id:
            raise Refused("wrong lock")
        time, expires, number = [fields.get(name, 1) for name in ("time", "expires", "number")]
        nonce, command = fields.get("nonce"), fields.get("command")
        members = len(_MEMBERS) + ("number" in fields) + 2 * (command in ("unlock", "certificate"))
        fits = (
            len(fields) == members
            and all(name in fields for name in _MEMBERS)
            and all(type(each) is int for each in (time, expires, number))
            and 0 < time < expires <= time + _LIFE_S
            and 0 < number <= NUMBER_MAX
            and command in COMMANDS
            and isinstance(nonce, str)
            and 8 <= len(nonce) <= 32
            and all(letter.isalpha() or letter.isdigit() or letter in "-_" for letter in nonce)
        )
        if not fits:
            raise Refused("malformed")
        return str(nonce)

    async def _carry_out(self, fields: dict, nonce: str) -> None:
        """Carry the command out, if it is neither too late nor too early nor a repetition. Raises Refused."""
        now, command, door = self._now(fields), fields["command"], self._door
        lease, digest = await self._proved(fields) if command == "unlock" else (0, b"")
        number = fields.get("number", 0)
        self._count(number)
        if not number:  # what has one is newer by that, whatever clocks said before
            spend(self._numbers, nonce, fields["time"], fields["expires"], now)
        if command == "unlock":
            granted = door.remote(lease, digest)
            if lease:
                return
            if not granted:
                raise Refused("denied")
        elif command == "identify":
            door.identify()
        elif command == "certificate":
            self._renew(fields.get("file"), fields.get("certificate"), now)
        self._acks.command_done(command, nonce, door.self_test() if command == "self-test" else None)
        if command in ("restart", "certificate"):
            door.restart()

    def _now(self, fields: dict) -> int:
        """The time, within that of a command. Raises Refused."""
        now = self._clock.now()
        if now is None:
            raise Refused("no clock")
        if max(now, self._clock.passed) >= fields["expires"]:
            raise Refused("expired")
        if fields["time"] > now + _SKEW_S:
            raise Refused("too early")
        return now

    def _renew(self, name: object, text: object, now: int) -> None:
        """Have a certificate take the place of the old one. Raises Refused, OSError."""
        if name not in ("lock", "ca") or not isinstance(text, str):
            raise Refused("malformed")
        if not self._door.certificate(str(name), text, now):
            raise Refused("denied")

    def _count(self, number: int) -> None:
        """Store the number of a command, 0: it has none. Raises Refused: it is not above all; OSError."""
        highest = self._numbers.get(COMMAND)
        if not (highest < number <= highest + RISE_MAX or number == highest == 0):
            raise Refused("replayed")
        self._numbers.set(COMMAND, number)

    async def _proved(self, fields: dict) -> "tuple[int, bytes]":
        """(lease, b"") of the tenant who signed the proof, or (0, digest) of the staff credential.

        Other tasks have a turn between any two keys. Raises Refused, OSError.
        """
        lease, proof, digest = fields.get("lease"), fields.get("proof"), b""
        if not isinstance(proof, str):
            raise Refused("malformed")
        if type(lease) is int and 0 < lease < 65536:
            keys = await self._door.guest_keys(lease)
        else:
            lease, digest = 0, from_hex(fields.get("credential"), 16)
            keys = [Mac(Mac(self._key).digest(STAFF_KEYS)).digest(digest)]
        for key in keys:
            await asyncio.sleep_ms(0)
            try:
                said = verify(proof.encode(), self._lock_id, key, UNLOCK_PROOF)
            except Refused:
                if key is keys[-1]:
                    raise
                continue
            if len(said) == len(_MEMBERS) and not any(said.get(name) != fields[name] for name in _MEMBERS):
                return lease, digest
        raise Refused("bad signature")
