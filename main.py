"""Starts the application under the watchdog; whatever ends it resets the chip."""

try:
    from micropython import kbd_intr

    kbd_intr(-1)
    from start import run  # boot.py has loaded it

    run(globals().get("console_open"))  # set by boot.py
except BaseException as error:
    if isinstance(error, KeyboardInterrupt) and globals().get("console_open"):
        raise  # the prompt, for a person with a cable
    import sys
    from time import sleep_ms

    from machine import reset

    sys.print_exception(error)
    sleep_ms(1000)  # long enough for a person at an open console to press Ctrl-C
    reset()
