"""The faults that a lock tells of itself: on its light, in its state, and to a release that is on trial.

A fault is added by a row here, and one in the installer's table (tools/board/README.md); by a row of
door/signals.py where it is to have a light of its own; and where a pin tells it, by that pin in board.py.
"""

READER = "reader"
KEYPAD = "keypad"
NO_CREDENTIALS = "no credentials"
RESIDENTS = "residents"
MEMORY = "memory"

# Name, and its bit in NVS `had`, where the updates keep what was broken before a release came: an older
# release may read it, so a bit keeps its meaning for ever. 0 is for what no release can be to blame for.
FAULTS = {
    READER: 1,
    KEYPAD: 2,
    NO_CREDENTIALS: 4,
    RESIDENTS: 8,
    MEMORY: 0,
}

AT_ONCE = 4 | 8  # what cannot be read now will not be later: no release stays on trial with these
