"""Shows signals to the person at the door, by the light and the buzzer."""

from time import ticks_diff, ticks_ms

from micropython import const

from door.signals import CONDITIONS, DARK, SIGNALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_BEEP_MS = const(200)
_BEEP_EVERY_MS = const(1000)


class Indicator:
    """A signal is shown for its time; then the gravest condition that lasts is shown.

    `light(0xRRGGBB)` sets the colour, `sound(hz)` the tone; 0 is dark or silent.
    """

    def __init__(self, light: "Callable[[int], None]", sound: "Callable[[int], None]") -> None:
        self._light, self._sound = light, sound
        self._conditions: set[str] = set()
        self._signal = ()
        self._started = 0
        self._colour = self._tone = -1  # what the parts were told last
        self._put(0, 0)

    def say(self, signal: str, now: int) -> None:
        """Show one of SIGNALS from `now`, in ticks_ms(), on. It replaces the signal before."""
        row = SIGNALS.index(signal)
        self._signal = SIGNALS[row + 1 : row + 5]
        self._started = now
        self.tick(now)

    def say_if_idle(self, signal: str, now: int) -> None:
        """The same for somebody far away, unless a signal is being shown to somebody at the door."""
        if not self._signal:
            self.say(signal, now)

    def tell(self, signal: str) -> None:
        """Show a signal from this moment on. "timeout" looks like "cleared"."""
        self.say("cleared" if signal == "timeout" else signal, ticks_ms())

    def set(self, condition: str, lasts: bool) -> None:
        """Begin or end a condition: one of CONDITIONS, or of door.faults."""
        if lasts:
            self._conditions.add(condition)
        else:
            self._conditions.discard(condition)

    def tick(self, now: int) -> None:
        """Set light and sound as they must be at `now`, in ticks_ms(). Call this every few ms."""
        if self._signal:
            colour, tone, tone_ms, light_ms = self._signal
            passed = ticks_diff(now, self._started)
            if passed < light_ms:
                self._put(colour, tone if passed < tone_ms else 0)
                return
            self._signal = ()
        colour = tone = DARK
        if self._conditions:
            row = 0
            while CONDITIONS[row] not in self._conditions and row < len(CONDITIONS) - 3:
                row += 3  # a fault that has no row of its own is shown by the last one
            colour, tone = CONDITIONS[row + 1], CONDITIONS[row + 2]
        self._put(colour, tone if now % _BEEP_EVERY_MS < _BEEP_MS else 0)

    def _put(self, colour: int, tone: int) -> None:
        if colour != self._colour:
            self._colour = colour
            self._light(colour)
        if tone != self._tone:
            self._tone = tone
            self._sound(tone)
