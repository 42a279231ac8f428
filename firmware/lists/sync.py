"""Judges the heads of the operator's lists: signed for this lock, newer than the one in force.

The code of each step is loaded for that step alone: there is no memory for all of it at once.
"""

import sys

from micropython import const

import console
from link.errors import Interrupted, Refused
from loader import Loan
from roll.credentials import ListError
from storage.purposes import LIST_MESSAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from link.subscriptions import Subscriptions
    from reports.telemetry import Telemetry
    from roll.credentials import Credentials
    from roll.record import Credential
    from settings import Settings

    Listed = Callable[[], Iterator[tuple[bytes, Credential]]]

_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


class Sync:
    """approve(listed) is awaited before a list is put in force; it raises ListError, and the old one stays.

    Of the settings it needs `lock` and `key`. `pace` is awaited between two steps.
    """

    def __init__(
        self,
        settings: "Settings",
        credentials: "Credentials",
        approve: "Callable[[Listed], Awaitable]",
        telemetry: "Telemetry",
        subscriptions: "Subscriptions",
        pace: "Callable[[], Awaitable]",
    ) -> None:
        self._lock_id, self._key, self._credentials = settings.lock, settings.key, credentials
        self._approve, self._telemetry, self._subscriptions = approve, telemetry, subscriptions
        self._pace = pace
        self._version: int | None = None  # of the head in hand, once it could be read
        self._hash = b""  # of the list that it names

    async def receive(
        self, heads: "list[bytearray | None]", told: int, on_time: "Callable[[int, object], object]"
    ) -> int:
        """Install the list of the one head, or tell why it is refused; None is a head that was too long.

        `told` is the version of which the operator has been told that it is in force; the result is that
        version afterwards. on_time(seconds, echo) gets the time of each head that was signed for this lock
        and is newer than the one in force, and the challenge that it echoes. The head is removed from
        `heads`, to free its memory. Whatever it holds, nothing but MemoryError is raised.
        """
        version = self._version = None
        try:
            snapshot, identity, changes = await self._read(heads.pop(), on_time)
            version = self._version
            held = self._credentials
            if version is None or version < held.version:
                raise ListError("old version")
            if version > held.version or not held.whole:
                await self._install((version, snapshot, identity, changes))
            elif self._hash != held.hash:  # another list of the same number: of an older copy of the file
                raise ListError("old version")
            elif told == version:  # the broker repeats what it retains at every connection
                return told
            await self._accept(version)
            return version
        except Interrupted:
            pass  # the broker sends the head again at the next connection
        except (ListError, Refused) as error:
            self._refuse(error.reason, error)
        except OSError as error:
            self._refuse("flash full" if error.errno == _ENOSPC else "flash error", error)
        except MemoryError:
            raise  # it is tried again
        except Exception as error:  # whatever it was, the old list is in use and the operator is told
            self._refuse("", error)
        return told

    async def _accept(self, version: int) -> None:
        async with Loan():
            from reports.acks import Acks

            Acks(self._telemetry).list_accepted(version, self._credentials.base, self._credentials.hash.hex())

    def _refuse(self, reason: str, error: "Exception") -> None:
        with Loan():
            from reports.acks import Acks
            from reports.results import REASONS

            if reason not in REASONS:
                console.error("lists", "a list was refused for what should not happen")
                sys.print_exception(error)
                reason = "bad records"
            Acks(self._telemetry).list_refused(self._version, reason)

    async def _read(self, message: "bytearray | None", on_time: "Callable[[int, object], object]") -> tuple:
        """SHA-256, identity and changes that a head names, checked as far as the head alone allows."""
        if message is None:
            raise ListError("too large")
        async with Loan():
            from link.envelope import verify
            from lists.head import check, parts
            from roll.layout import list_hash

            await self._pace()
            said = verify(message, self._lock_id, self._key, LIST_MESSAGE)
            await self._pace()
            time, echo, self._version, snapshot, identity, changes = parts(said, self._lock_id)
            await self._pace()
            if (self._version or 0) > self._credentials.version:
                on_time(time, echo)  # else by a clock, perhaps, that was wrong and is healed
            await self._pace()
            check(identity[1], changes)
            self._hash = list_hash(identity[2], changes)
            return snapshot, identity, changes

    async def _install(self, named: tuple) -> None:
        """Put in force the list that a head names, see installer.py."""
        async with Loan():
            from lists.installer import Installer

            parts = self._key, self._credentials, self._approve, self._subscriptions.fetch, self._pace
            await Installer(*parts).install(*named)
