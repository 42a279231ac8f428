"""The faults of the lock: shown by its light, sent with its state, and watched while a release is on trial.

To add a fault, add a row here and one in the installer's table (tools/board/README.md). If it has a light of
its own, add a row in door/signals.py too; if a pin tells of it, add a row to the tables of wiring.py.
"""

READER = "reader"
KEYPAD = "keypad"
NO_CREDENTIALS = "no credentials"
RESIDENTS = "residents"
MEMORY = "memory"
CERTIFICATE = "certificate"
HOME_CERTIFICATE = "home certificate"
FIRE = "fire"

# Each fault and its bit in NVS `had`, where the updates store which faults there were before a release was
# installed. An older release may read that number, so the meaning of a bit never changes. 0: no release can
# cause this fault.
FAULTS = {
    READER: 1,
    KEYPAD: 2,
    NO_CREDENTIALS: 4,
    RESIDENTS: 8,
    MEMORY: 0,
    CERTIFICATE: 0,
    HOME_CERTIFICATE: 0,
    FIRE: 0,
}

ALARMS = ("forced", "held open", "tamper", "throttled")  # no faults: somebody does something to the door

AT_ONCE = 4 | 8  # bits of faults that do not go away by waiting: they end a trial at once
