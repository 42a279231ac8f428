"""The wiring of the board profiles, a table for each: GPIO numbers, in the order in which board.py has them.

At the end of each table are pins that report faults: the fault's name in door/faults.py, the pin, and the
level that means it. If that level is 0, the pin is pulled up in the chip, so that a pin without a wire
reports nothing; if it is 1, a broken wire is reported, too. To add one, add its row, before `fire`, to the
tables of the boards that have a pin for it. A row's comment begins with its name.

It is loaded with the settings, which name the board, and unloaded with them.
"""

# ESP32-WROOM, such as ESP32-DevKitC. GPIO 6 to 11 belong to the flash, 34 to 39 are inputs without pull
# resistors, and 0, 2, 5, 12 and 15 are strapping pins (ESP32 data sheet, section 2.4).
DEVKIT = (
    23,  # relay
    17,  # reader_tx: to the reader's RXD
    16,  # reader_rx: from its TXD
    34,  # reader_irq
    18,  # reader_reset
    (25, 26, 27, 33),  # key_rows
    (32, 19, 22),  # key_columns: the first two are D0 and D1 of a Wiegand keypad
    35,  # contact
    4,  # exit_button
    21,  # tamper
    39,  # jumper: boot.py reads it too, on every board
    13,  # buzzer
    14,  # light
    ("fire", 36, 1),  # fire: a fire alarm's contact, see door.fire in settings.py
)

# ESP32-WROVER, whose PSRAM takes GPIO 16 and 17 (ESP32-WROVER-E data sheet, 2.2). GPIO 5 is a strapping pin
# with a pull-up that only decides the timing of SDIO, and an idle serial line is high; 15 is one that
# only silences what the ROM prints where it is low.
WROVER = (
    23,  # relay
    5,  # reader_tx
    36,  # reader_rx
    34,  # reader_irq
    18,  # reader_reset
    (25, 26, 27, 33),  # key_rows
    (32, 19, 22),  # key_columns
    35,  # contact
    4,  # exit_button
    21,  # tamper
    39,  # jumper
    13,  # buzzer
    14,  # light
    ("fire", 15, 1),  # fire
)

# ESP32-S3 with PSRAM, such as ESP32-S3-DevKitC-1 N8R8. GPIO 22 to 25 do not exist, 26 to 37 belong to flash
# and octal PSRAM, 19 and 20 to USB, 43 and 44 to the console; 0, 3, 45 and 46 are strapping pins, and 1 to 18
# move for a moment when the power comes (ESP32-S3 data sheet, 2.3.1 and 2.6): the relay is on none of them.
S3 = (
    21,  # relay
    17,  # reader_tx
    18,  # reader_rx
    16,  # reader_irq
    15,  # reader_reset
    (4, 5, 6, 7),  # key_rows
    (8, 9, 10),  # key_columns
    11,  # contact
    12,  # exit_button
    13,  # tamper
    39,  # jumper
    14,  # buzzer
    40,  # light
    ("fire", 2, 1),  # fire
)


def pins(board: str, has_fire: bool) -> tuple:
    """The table of a board, whose last row is there only where a fire alarm is wired to it."""
    table = {"devkit": DEVKIT, "wrover": WROVER, "s3": S3}[board]
    return table if has_fire else table[:-1]
