"""Starts the application under the watchdog; whatever ends it resets the chip."""


def _try_the_other_slot():
    """Have boot.py try the other slot: a confirmed release that cannot be imported is damaged."""
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
        pass  # there is no other slot


def _shape_heap():
    """Grow Python's heap to 98 KB and leave the rest to ESP-IDF: Wi-Fi and TLS need it.

    A full heap doubles, from 56 KB to 112 KB, but by no more than ESP-IDF's largest free block. So the stack
    of a thread, which comes from ESP-IDF, takes all of that block but 44 KB until the heap has grown. The
    caller must hold on to the result: an empty part of the heap would be given back.
    """
    try:
        from _thread import allocate_lock, stack_size, start_new_thread

        from esp32 import HEAP_DATA, idf_heap_info
    except ImportError:
        return None
    largest = max([region[2] for region in idf_heap_info(HEAP_DATA)])
    if not 49_152 < largest < 262_144:  # no memory for a stack beside the 44 KB, or PSRAM, which is plenty
        return None
    parts = []
    lock = allocate_lock()
    lock.acquire()
    stack_size(largest - 45_056)
    try:
        start_new_thread(lock.acquire, ())
        parts.append([None] * 80 * 100)  # 32 KB; two of them do not fit into 56
        parts.append([None] * 80 * 100)
    except (MemoryError, OSError):
        pass  # the heap stays as it was
    stack_size(0)
    lock.release()  # the thread ends
    few = (None,) * 8
    for part in parts:  # shrink in place; a part with one used block of 16 bytes counts as empty
        part.clear()
        part.extend(few)
    return parts


try:
    from micropython import kbd_intr

    kbd_intr(-1)
    from machine import WDT

    if globals().get("console_open"):  # set by boot.py
        kbd_intr(3)
    watchdog = WDT(timeout=8000)
    _parts = _shape_heap()
    del _shape_heap
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
