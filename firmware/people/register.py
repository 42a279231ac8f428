"""Joins all that says who may open: the operator's list, what residents have set, and the leases.

For residents who keep a log it notes what happens at their door.
"""

import struct

from log.entry import LIST_REFUSED, NOTE, NOTE_SIZE, NOTES_MAX, UNTOLD, WHAT
from people.entry import LOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from people.leases import Leases
    from people.residents import Residents
    from roll.credentials import Credentials


class Register:
    """The three together, for those who need them all; `shared` says whether it is a house's door.

    now() is the time in seconds since 1970, or None. `noted` is for the logs, until the hour is over.
    """

    def __init__(
        self,
        credentials: "Credentials",
        residents: "Residents",
        leases: "Leases",
        shared: bool = False,
        now: "Callable[[], int | None]" = lambda: None,
    ) -> None:
        self.credentials, self.residents, self.leases, self.shared = credentials, residents, leases, shared
        self.now, self.noted = now, bytearray()
        self.pushed = bytes(4)  # of each log, how many entries count for the hours to come

    def note(self, what: int, lease: int = 0, number: int = 0, more: int = 1, detail: int = 0) -> None:
        """Note what happened (log/entry.py) for the log of a resident, or with lease 0 for all.

        Nothing is noted where nobody keeps a log.
        """
        if not any(LOG in whats for whats in self.residents.whats):
            return
        noted = self.noted
        if len(noted) >= (NOTES_MAX - 1) * NOTE_SIZE:
            what, lease, more = UNTOLD, 0, 1
        if what >= LIST_REFUSED:  # counted, so that a stranger drives nothing out
            for place in range(WHAT, len(noted), NOTE_SIZE):
                if noted[place] == what:
                    noted[place + 1] = min(noted[place + 1] + 1, 255)
                    return
        noted.extend(struct.pack(NOTE, self.now() or 0, what, more, detail, lease, number))
