"""Turns the Unix port into the chip: fakes in place, littlefs as the root, then boot.py and main.py."""

import gc
import select
import sys
import time

import machine
import start


def _idle(bus) -> None:
    """The prompt: interrupts are served, tasks are not, and nobody feeds the watchdog."""
    poller = select.poll()
    poller.register(bus, select.POLLIN)
    while True:
        poller.poll()
        bus.pump()


def _run(name: str, names: dict) -> None:
    try:
        with open(name) as file:
            program = compile(file.read(), name, "exec")
    except OSError:
        return  # not there: the chip goes on to its prompt
    exec(program, names)


_bus = start.build()
del start
for _name in "bus", "chip", "flag", "flash", "pins", "start", "asyncio.event":
    sys.modules.pop(_name, None)  # the chip has none of these
gc.collect()
_bus.send(b"boot %d %d %d\n" % (machine.reset_cause(), gc.mem_alloc(), time.ticks_us()))
_names = {"__name__": "__main__"}
for _name in "boot.py", "main.py":
    try:
        _run(_name, _names)
    except SystemExit:
        machine.soft_reset()
    except BaseException as _error:
        sys.print_exception(_error)
_idle(_bus)
