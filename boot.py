"""Safe pins first, then the application slot; nothing else."""

try:
    from micropython import kbd_intr

    kbd_intr(-1)  # Ctrl-C would end in the prompt, before it is known whether that is wanted
except KeyboardInterrupt:
    import machine

    machine.reset()

import os
import sys

from esp32 import NVS
from machine import Pin

_nvs = NVS("menshen")


def _stored(key, default):
    try:
        return _nvs.get_i32(key)
    except OSError:
        return default


# The level that holds the bolt is known once the application has stored it. Before that the pin is left
# alone: a relay's own resistor holds it, and a level driven by guess could let it go.
_relay = _stored("relay_pin", -1)
if _relay >= 0:
    Pin(_relay, Pin.OUT, value=_stored("relay_safe", 0))

# A provisioned lock keeps its console shut, unless the service jumper pulls this pin to ground. A pin
# that nothing holds is noise: only one that is always low is a jumper.
_jumper = Pin(39, Pin.IN)
console_open = _stored("console", 1) == 1 or not any(_jumper.value() for _ in range(16))


def _choose_slot():
    """The slot in use; one on trial only as often as it has trial boots left."""
    slot = _stored("slot", 0)
    trial = _stored("trial", -1)
    if trial >= 0:
        if trial == 0:
            slot = 1 - slot
            _nvs.set_i32("slot", slot)
        _nvs.set_i32("trial", trial - 1)
        _nvs.commit()
    try:
        os.stat("/slots/" + "ab"[slot])
    except OSError:
        slot = 1 - slot
    return "/slots/" + "ab"[slot]


sys.path.insert(0, _choose_slot())
