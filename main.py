"""Start the application under the watchdog; what it does not survive, a reset mends."""

try:
    from micropython import kbd_intr

    kbd_intr(-1)
    from machine import WDT

    if globals().get("console_open"):  # boot.py says so
        kbd_intr(3)
    watchdog = WDT(timeout=8000)
    import app

    app.main(watchdog)
    raise RuntimeError("the application has ended")
except BaseException as error:
    if isinstance(error, KeyboardInterrupt) and globals().get("console_open"):
        raise  # the prompt, for a person with a cable
    import sys
    from time import sleep_ms

    from machine import reset

    sys.print_exception(error)
    sleep_ms(1000)  # long enough for a person at an open console to press Ctrl-C
    reset()
