"""The light and the sound by which the lock speaks to the person in front of it."""

from time import ticks_diff, ticks_ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What is said once: colour 0xRRGGBB, tone in Hz, ms of tone, ms of light.
_SIGNALS = {
    "granted": (0x00FF00, 2400, 120, 1500),
    "denied": (0xFF0000, 400, 400, 1500),
    "throttled": (0xFF7800, 400, 150, 1500),
    "enrolling": (0x0000FF, 2400, 60, 3000),
    "kept": (0x80FF00, 2400, 300, 1500),
    "weak": (0xFF2080, 600, 400, 1500),
    "staff": (0xFFFFFF, 1800, 600, 4000),
    "no clock": (0xFF7800, 300, 600, 2500),
    "outside schedule": (0x6080FF, 300, 150, 2500),
    "identify": (0x8000FF, 1800, 2000, 15000),
    "key": (0x00FFFF, 3000, 25, 120),
    "cleared": (0, 800, 60, 60),
}
# What is said for as long as it lasts, the gravest first: colour, tone.
_CONDITIONS = (
    ("forced", 0xFF0040, 3200),
    ("tamper", 0xFF0040, 3200),
    ("held open", 0xFFFF00, 1200),
    ("enrolling", 0x0000FF, 0),
    ("trouble", 0xFF00FF, 0),
)
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
        """Give one of the signals, from now (ticks_ms) on; the last one counts."""
        self._signal = _SIGNALS[signal]
        self._started = now
        self.tick(now)

    def tell(self, signal: str) -> None:
        """say() now; "timeout" is told like "cleared"."""
        self.say("cleared" if signal == "timeout" else signal, ticks_ms())

    def set(self, condition: str, lasts: bool) -> None:
        """One of "forced", "tamper", "held open", "enrolling" and "trouble" begins or ends."""
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
        for condition, colour, tone in _CONDITIONS:
            if condition in self._conditions:
                beeping = now % _BEEP_EVERY_MS < _BEEP_MS
                self._put(colour, tone if beeping else 0)
                return
        self._put(0, 0)

    def _put(self, colour: int, tone: int) -> None:
        if colour != self._shown:
            self._shown = colour
            self._light(colour)
        if tone != self._heard:
            self._heard = tone
            self._sound(tone)
