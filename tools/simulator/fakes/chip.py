"""Turns the Unix port into the chip: fakes in place, littlefs as the root, then boot.py and main.py."""

import gc
import os
import select
import sys
from binascii import unhexlify

import micropython

import bus
import esp32
import machine
import start


def _ctrl_c() -> None:
    """The world presses Ctrl-C. It counts unless micropython.kbd_intr has turned it off meanwhile."""
    with esp32._host.open("/proc/self/status", "r") as file:
        for line in file:
            if line.startswith("SigCgt") and int(line[-2], 16) & 2:  # SIGINT is caught
                _bus.stop = True


def _idle(bus, names: dict) -> None:
    """The prompt: interrupts are served, tasks are not, and nobody feeds the watchdog.

    It runs what the world's end of the console sends; a byte 5 tells that it is there.
    """
    work = []
    bus.on(b"exec", work.append, True)
    sys.stdout.write("\x05")
    poller = select.poll()
    poller.register(bus, select.POLLIN)
    while True:
        poller.poll()
        bus.pump()
        while work:
            error = _run("<stdin>", names, unhexlify(work.pop(0)))
            sys.stdout.write("\x04")
            if error:
                sys.print_exception(error)
            sys.stdout.write("\x04>")


def _run(name: str, names: dict, text=None):
    """Run a file, or `text`, and give the exception that ended it. Ctrl-C works at first, as in pyexec.c."""
    try:
        if text is None:
            with open(name) as file:
                text = file.read()
        text = compile(text, name, "exec")  # the same name: the text need not stay in memory
    except OSError:
        return None  # not there, which is no fault
    except Exception as error:
        return error
    try:
        micropython.kbd_intr(3)
        exec(text, names)
    except SystemExit:
        machine.soft_reset()
    except BaseException as error:
        return error
    finally:
        micropython.kbd_intr(-1)
    return None


micropython.kbd_intr(-1)
_bus = start.build()
del start
_bus.on(b"int", _ctrl_c)
_own = "bus certificates chip flag flash idf nvs ota pins probe start threads asyncio.event"
for _name in _own.split():
    sys.modules.pop(_name, None)  # the chip has none of these
del _own
gc.collect()  # so that what follows lies low, and leaves the program's heap in one piece
# The fakes' names are in no ROM, and lie in tables that the chip's program has for itself. Fill these until
# one of 640 places comes. It counts as the program's: the chip's has five for as many, of 4.4 KB, once there
# are more than 300 names. Where a start is timed they stay as they are: each text that is made is looked for
# among all these names, one after the other, and a chip has none of them there.
_table, _count = 0, 0
while _table < 4000 and not _bus.on_boot:
    _table, _count = gc.mem_alloc(), _count + 1
    getattr(_bus, "zz%d" % _count, None)
    _table = gc.mem_alloc() - _table
gc.collect()
esp32._account.began = gc.mem_alloc()  # its figures come to what was measured as they are
bus.tell("boot %1$d %2$d %4$d\n", machine.reset_cause(), gc.mem_alloc() - _table)
if _bus.on_boot:
    _bus.on_boot()
_names = {"__name__": "__main__"}
for _name in ("boot.py",) if os.getenv("MENSHEN_RAW_REPL") else ("boot.py", "main.py"):
    _error = _run(_name, _names)
    if _error:
        sys.print_exception(_error)
        break  # without boot.py there is no main.py
_idle(_bus, _names)
