"""The signals of the lock: one row for each, with its colour, tone and times.

Colours are 0xRRGGBB, tones in Hz, times in ms. To add a signal, add a row here and one in the installer's
table (tools/board/README.md); tests compare the two. The simulator reads these rows. The build writes the
colours out where they are used, so their names cost no RAM.
"""

DARK = 0
GREEN = 0x00FF00
RED = 0xFF0000
ORANGE = 0xFF7800
BLUE = 0x0000FF
LIME = 0x80FF00
PINK = 0xFF2080
WHITE = 0xFFFFFF
PALE_BLUE = 0x6080FF
VIOLET = 0x8000FF
CYAN = 0x00FFFF
RED_VIOLET = 0xFF0040
YELLOW = 0xFFFF00
MAGENTA = 0xFF00FF
TURQUOISE = 0x00FF90
LILAC = 0xC090FF
OLIVE = 0x808000
AZURE = 0x0080FF

# Both tables lie flat, a row after the other: a tuple for each row would take 600 bytes of RAM more.

# Signals, shown once: name, colour, tone, ms of tone, ms of light.
SIGNALS: tuple = (
    "granted", GREEN, 2400, 120, 1500,
    "denied", RED, 400, 400, 1500,
    "throttled", ORANGE, 400, 150, 1500,
    "no clock", ORANGE, 300, 600, 2500,
    "outside schedule", PALE_BLUE, 300, 150, 2500,
    "enrolling", BLUE, 2400, 60, 3000,
    "kept", LIME, 2400, 300, 1500,
    "weak", PINK, 600, 400, 1500,
    "elsewhere", OLIVE, 900, 700, 2500,
    "unread", AZURE, 2600, 700, 2500,
    "staff", WHITE, 1800, 600, 4000,
    "new way in", TURQUOISE, 1500, 600, 4000,
    "notice", LILAC, 1200, 600, 4000,
    "identify", VIOLET, 1800, 2000, 15000,
    "key", CYAN, 3000, 25, 120,
    "cleared", DARK, 800, 60, 60,
)  # fmt: skip

# Conditions, shown for as long as they last, the gravest first: name, colour, tone of the beeps. A fault of
# door/faults.py that has a row here is shown by it, and any other by the last row.
# A dialogue at the keypad comes before all: who is in it must see whether it runs.
CONDITIONS: tuple = (
    "enrolling", BLUE, 0,
    "fire", RED, 2000,
    "forced", RED_VIOLET, 3200,
    "tamper", RED_VIOLET, 3200,
    "held open", YELLOW, 1200,
    "passage", GREEN, 0,
    "throttled", ORANGE, 0,
    "trouble", MAGENTA, 0,
)  # fmt: skip
