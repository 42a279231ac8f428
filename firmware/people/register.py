"""Joins all that says who may open: the operator's list, what residents have set, and the leases.

For residents who keep a log it notes what happens at their door.
"""

import struct

from log.entry import LOGS, NOTE, NOTE_SIZE, NOTES_MAX
from people.entry import LOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from people.leases import Leases
    from people.residents import Residents
    from roll.credentials import Credentials


class Register:
    """The three together, for those who need them all; `shared` says whether it is a house's door.

    now() is the time in seconds since 1970, or nothing. `noted` is for the logs, until the hour is over.
    """

    def __init__(
        self,
        credentials: "Credentials",
        residents: "Residents",
        leases: "Leases",
        shared: bool = False,
        now: "Callable[[], int | None]" = int,
    ) -> None:
        self.credentials, self.residents, self.leases, self.shared = credentials, residents, leases, shared
        self.now, self.noted = now, b""
        self.pushed = bytes(LOGS)  # of each log, how many entries count for the hours to come

    def note(self, what: int, more: int = 1, detail: int = 0, lease: int = 0, number: int = 0) -> None:
        """Note what happened (log/entry.py) for the residents who keep a log, if there are any.

        If there is no memory nothing is noted: no log is worth a door that stands still.
        """
        try:
            for whats in self.residents.whats:
                if LOG in whats and len(self.noted) < NOTES_MAX * NOTE_SIZE:
                    self.noted += struct.pack(NOTE, self.now() or 0, what, more, detail, lease, number)
                    return
        except MemoryError:
            pass
