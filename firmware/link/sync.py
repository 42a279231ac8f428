"""Takes credential lists from the operator: signed for this lock, and newer than the one held."""

import asyncio

from micropython import const

from link.envelope import EnvelopeError, decode, verify
from link.telemetry import REASONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from link.telemetry import Telemetry

_PURPOSE = b"menshen list v1"
_RECORD = const(32)  # bytes
_DIGEST = const(16)  # bytes, at the start of a record
_VERSION_MAX = const(0x3FFFFFFF)
_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


class Refused(Exception):
    """The list is not taken; `reason` is one of telemetry.REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_records(text: object) -> bytearray:
    """The records of a list: whole, in ascending order of digest, no digest twice. Raises Refused."""
    if not isinstance(text, str):
        raise Refused("malformed")
    records = decode(text)
    if len(records) % _RECORD:
        raise Refused("bad records")
    view = memoryview(records)
    last = b""
    for place in range(0, len(records), _RECORD):
        digest = bytes(view[place : place + _DIGEST])
        if digest <= last:
            raise Refused("bad records")
        last = digest
    return records


class Sync:
    """Handles the `list` topic.

    held() is the version in use. install(version, records) keeps a list and puts it into use, or
    raises an exception and leaves the old one; it may be a coroutine. Its `reason` is passed on if
    it is one of telemetry.REASONS.
    """

    def __init__(
        self, lock_id: str, key: bytes, held: "Callable[[], int]", install: "Callable", telemetry: "Telemetry"
    ) -> None:
        self.topic = "menshen/v1/" + lock_id + "/list"
        self._lock_id = lock_id
        self._key = key
        self._held = held
        self._install = install
        self._telemetry = telemetry

    async def on_message(self, topic: bytes, payload: "bytes | bytearray | None") -> None:
        """One message of the broker; whatever it holds, nothing is raised but on cancellation."""
        if topic != self.topic.encode():
            return
        version = None
        try:
            if payload is None:
                raise Refused("too large")
            offer = verify(payload, self._lock_id, self._key, _PURPOSE)
            version = self._check(offer)
            if version == self._held():  # the broker repeats what it retains at every connection
                return
            if version < self._held():
                raise Refused("old version")
            await self._take(version, read_records(offer["records"]))
        except (Refused, EnvelopeError) as error:
            self._telemetry.refused(version, error.reason)
        except MemoryError:
            self._telemetry.refused(version, "no memory")
        else:
            self._telemetry.accepted(version, version, "")

    def _check(self, offer: dict) -> int:
        """The version of an offer made to this lock."""
        if offer.get("lock") != self._lock_id:
            raise Refused("wrong lock")
        version = offer.get("version")
        if len(offer) != 3 or "records" not in offer:
            raise Refused("malformed")
        if type(version) is not int or not 0 < version <= _VERSION_MAX:
            raise Refused("malformed")
        return version

    async def _take(self, version: int, records: bytearray) -> None:
        await asyncio.sleep_ms(0)  # the door may have been waiting
        try:
            waiting = self._install(version, records)
            if waiting is not None:
                await waiting
        except MemoryError:
            raise
        except OSError as error:
            raise Refused("flash full" if error.errno == _ENOSPC else "flash error")
        except Exception as error:  # whatever it was, the old list is in use and the operator is told
            reason = getattr(error, "reason", None)
            raise Refused(reason if reason in REASONS else "bad records")
