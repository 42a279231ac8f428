"""The light and the sound by which the lock speaks to the person in front of it."""

from time import ticks_diff, ticks_ms

from door.signals import CONDITIONS, DARK, SIGNALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_BEEP_MS, _BEEP_EVERY_MS = 200, 1000


class Indicator:
    """`light(0xRRGGBB)` and `sound(hz)` are the parts; a signal is shown over a lasting condition."""

    def __init__(self, light: "Callable[[int], None]", sound: "Callable[[int], None]") -> None:
        self._light, self._sound = light, sound
        self._conditions: set[str] = set()
        self._signal = ()
        self._started = 0
        self._shown = self._heard = -1
        self._put(0, 0)

    def say(self, signal: str, now: int) -> None:
        """Give one of SIGNALS, from now (ticks_ms) on; the last one counts."""
        self._signal = SIGNALS[signal]
        self._started = now
        self.tick(now)

    def tell(self, signal: str) -> None:
        """say() now; "timeout" is told like "cleared"."""
        self.say("cleared" if signal == "timeout" else signal, ticks_ms())

    def set(self, condition: str, lasts: bool) -> None:
        """One of CONDITIONS, or of door.faults, begins or ends."""
        if lasts:
            self._conditions.add(condition)
        else:
            self._conditions.discard(condition)

    def tick(self, now: int) -> None:
        """Show what is to be shown at this time; to be called every few ms."""
        if self._signal:
            colour, tone, tone_ms, light_ms = self._signal
            passed = ticks_diff(now, self._started)
            if passed < light_ms:
                self._put(colour, tone if passed < tone_ms else 0)
                return
            self._signal = ()
        lasting = (DARK, 0)
        if self._conditions:
            for lasting in CONDITIONS:
                if lasting[0] in self._conditions:
                    break  # a fault that has no row of its own is shown by the last one
        self._put(lasting[-2], lasting[-1] if now % _BEEP_EVERY_MS < _BEEP_MS else 0)

    def _put(self, colour: int, tone: int) -> None:
        if colour != self._shown:
            self._shown = colour
            self._light(colour)
        if tone != self._heard:
            self._heard = tone
            self._sound(tone)
