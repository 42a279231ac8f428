"""Start the application under the watchdog; what it does not survive, a reset mends."""


def _try_the_other_slot():
    """A release that was good, and cannot even be loaded now, is damaged: boot.py tries the other one."""
    import os

    from esp32 import NVS

    nvs = NVS("menshen")
    try:
        choice = nvs.get_i32("choice")
    except OSError:
        choice = 0
    try:
        os.stat("/slots/" + "ba"[choice & 1] + ".pack")
        if 0 <= choice < 2:
            nvs.set_i32("choice", 3 - choice)  # see boot.py: 1 - slot, to be tried
            nvs.commit()
    except OSError:
        pass  # there is no other one


try:
    from micropython import kbd_intr

    kbd_intr(-1)
    from machine import WDT

    if globals().get("console_open"):  # boot.py says so
        kbd_intr(3)
    watchdog = WDT(timeout=8000)
    import gc

    # what lasts comes to lie close together; to collect every 4 KB, as app.py does later, takes half a start
    gc.threshold((gc.mem_alloc() + gc.mem_free()) // 16)
    try:
        import app
    except Exception:
        _try_the_other_slot()
        raise
    del _try_the_other_slot
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
