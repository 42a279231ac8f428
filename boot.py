"""Sets the safe level of the relay's pin first, then has start.py choose the application slot."""

try:
    from micropython import kbd_intr

    kbd_intr(-1)  # Ctrl-C would give a prompt, before it is known whether one is allowed
except KeyboardInterrupt:
    import machine

    machine.reset()

import sys

sys.path[:] = (".frozen",)  # else imports of built-in modules search the flash first, which delays the pin

from esp32 import NVS
from machine import Pin

_nvs = NVS("menshen")


def _stored(key, default):
    try:
        return _nvs.get_i32(key)
    except OSError:
        return default


# The application stores the level that holds the bolt. Until then the pin is left alone: the relay's own
# resistor holds the bolt, and a guessed level could release it.
_relay = _stored("relay_pin", -1)
if _relay >= 0:
    Pin(_relay, Pin.OUT, value=_stored("relay_safe", 0))

# To compile all that comes now would be a fifth of a start: so it lies in the flash compiled.
try:
    sys.path[:] = ("",)
    import start
except Exception:  # it is rotten, or of another MicroPython: the same as text
    sys.path[:] = ("/lib",)
    import start
console_open = start.begin(_stored)
