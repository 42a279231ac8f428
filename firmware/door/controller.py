"""The state machine of the door: locked, unlocked, open, held open, forced."""

from time import ticks_diff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from door.indicator import Indicator
    from door.relay import Relay
    from settings import Settings

LOCKED = "locked"
UNLOCKED = "unlocked"
OPEN = "open"
HELD_OPEN = "held open"
FORCED = "forced"


class Controller:
    """Only this moves the relay, and only grant() releases it.

    locked → unlocked by a grant → open when the leaf opens → held open after `held_open_ms` → locked when the
    leaf closes. A leaf that opens while locked was forced, unless an exit was requested shortly before. One
    that has not been seen closed since the start was open already, and is held open in its time. The bolt is
    held again after `unlock_ms`, or as soon as the leaf has closed. In passage mode neither happens, and no
    leaf counts as held open. `on_alarm` is called with "forced" or "held open".
    """

    def __init__(
        self,
        relay: "Relay",
        indicator: "Indicator",
        settings: "Settings",
        on_alarm: "Callable[[str], None]",
    ) -> None:
        self._relay, self.indicator, self._on_alarm = relay, indicator, on_alarm
        self._unlock_ms, self._held_open_ms = settings.unlock_ms, settings.held_open_ms
        self.state = LOCKED
        self._released = False
        self._released_at = self._opened_at = self._exit_at = 0
        self._exiting = False
        self._was_closed = False
        self.passage = False  # to be set behind a grant

    def grant(self, now: int) -> None:
        """Release the bolt: somebody may come in. `now` is ticks_ms()."""
        self._relay.release()
        self._released = True
        self._released_at = now
        if self.state == LOCKED:
            self.state = UNLOCKED
        elif self.state in (FORCED, HELD_OPEN):
            self._become_open(now)

    def end_passage(self) -> None:
        """End passage mode: hold the bolt. For an open leaf the time to "held open" begins now."""
        self.passage = False
        self._secure()

    def request_exit(self, now: int) -> None:
        """The exit button is pressed. It releases the bolt by its own wire; here it only excuses the leaf."""
        self._exiting = True
        self._exit_at = now

    def tick(self, now: int, leaf_open: bool) -> None:
        """Follow the time and the leaf. Call this every few ms."""
        if self.passage:
            self._released_at = self._opened_at = now
        if self._released and ticks_diff(now, self._released_at) >= self._unlock_ms:
            self._secure()
        if self._exiting and ticks_diff(now, self._exit_at) >= self._unlock_ms:
            self._exiting = False
        if leaf_open:
            self._follow_open(now)
            return
        self._was_closed = True
        if self.state not in (LOCKED, UNLOCKED):
            if not self.passage:
                self._secure()
            self._become(UNLOCKED if self.passage else LOCKED)
        elif self.state == UNLOCKED and not self._released:
            self._become(LOCKED)

    def _follow_open(self, now: int) -> None:
        is_excused = self._exiting or not self._was_closed
        if self.state == UNLOCKED or (self.state == LOCKED and is_excused):
            self._exiting = False
            self._become_open(now)
        elif self.state == LOCKED:
            self._become(FORCED)
        elif self.state == OPEN and ticks_diff(now, self._opened_at) >= self._held_open_ms:
            self._become(HELD_OPEN)

    def _become_open(self, now: int) -> None:
        self._opened_at = now
        self._become(OPEN)

    def _become(self, state: str) -> None:
        self.state = state
        self.indicator.set(FORCED, state == FORCED)
        self.indicator.set(HELD_OPEN, state == HELD_OPEN)
        if state in (FORCED, HELD_OPEN):
            self._on_alarm(state)

    def _secure(self) -> None:
        self._relay.secure()
        self._released = False
