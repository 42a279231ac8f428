"""The steps of an update. course.py takes them one after the other, and only the code of one is loaded.

Each step's module has `step(update, given)`: it gives the next step, and what that one is given.

LOOK      switch     look(): whether this release reaches the broker at all
SWITCH    switch     has the other slot started; given (version, partition or None, faults, version before)
READ      session    the last order
REQUEST   request    the manifest of the version that it asks for
JUDGE     manifest   given the message
IMAGE     image      given the release, as BUILD, DELTA, FETCH, PLAN are
BUILD     slots      as far as it goes with what is there
DELTA     delta      the head of the pack, out of the running one's
FETCH     link/blobs what is missing
PLAN      pack       what is copied
TRIAL     trial      after a start, until the release is confirmed

A release is a dict: what the manifest says (payload.py), and by numbers HAD, the faults that there were all
along; PARTITION that its image was written to, else None; PLANNED (pack.py), empty at first; WANTED, what is
to be fetched, and NEXT, the step after that; PIECES of the image that are in place. The numbers cost no RAM:
the build writes them out.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from access.clock import Clock
    from link.subscriptions import Subscriptions
    from settings import Settings

    Next = tuple[int, Any]

    class Update(Protocol):
        """update/course.py: what the lock has for an update."""

        settings: Settings
        board: Any
        clock: Clock
        subscriptions: Subscriptions
        reports: Any  # tells how far it is; `answered`: the reader has, since the start
        slot: int  # of the release that runs, 0 or 1
        version: Any

        def faults(self) -> set[str]: ...
        def watch(self, release: dict) -> Callable[[], None]: ...


DONE = 0
LOOK = 1
SWITCH = 2
READ = 3
REQUEST = 4
JUDGE = 5
IMAGE = 6
BUILD = 7
FETCH = 8
PLAN = 9
TRIAL = 10
DELTA = 11

HAD = 0  # what a release has
PARTITION = 1
PLANNED = 2
WANTED = 3
NEXT = 4
PIECES = 5
