"""Turns the Unix port into the chip: fakes in place, littlefs as the root, then boot.py and main.py."""

import asyncio
import os
import select
import sys

import vfs

import bus as bus_module
import esp32
import flag
import flash
import machine
import network

_FILES = ("boot.py", "main.py")


def _parts() -> bus_module.Bus:
    bus_module.die_with_parent()
    bus = bus_module.Bus()
    knife = flash.Knife(bus)
    machine.start(bus)
    network.start(bus)
    esp32.start(bus, knife, vfs.VfsPosix())
    device = flash.Flash(knife)
    flag.install()
    bus.pump()  # levels of the inputs, switches and knife, before the program can look
    os.chdir("/")
    vfs.umount("/")
    try:
        vfs.mount(vfs.VfsLfs2(device, readsize=32, progsize=32, lookahead=32), "/")
    except OSError:  # the stock image's inisetup.py
        print("The filesystem appears to be corrupted.")
        _idle(bus)
    return bus


def _join_loop(bus: bus_module.Bus) -> None:
    """Have every event loop of the program listen to the bus."""
    fresh = asyncio.new_event_loop

    def new_event_loop():
        loop = fresh()
        asyncio.create_task(bus.serve())
        return loop

    asyncio.new_event_loop = asyncio.core.new_event_loop = new_event_loop
    asyncio.create_task(bus.serve())


def _hide() -> None:
    """Leave on the path, and in sys.modules, what the chip has."""
    for name in "bus", "chip", "flag", "flash", "pins", "asyncio.event":
        sys.modules.pop(name, None)
    sys.path[:] = ["", ".frozen", "/lib"]


def _run(bus: bus_module.Bus) -> None:
    names = {"__name__": "__main__"}
    bus.send(b"boot %d\n" % machine.reset_cause())
    for name in _FILES:
        try:
            with open(name) as file:
                program = compile(file.read(), name, "exec")
        except OSError:
            continue  # not there: the chip goes on to its prompt
        except SyntaxError as error:
            sys.print_exception(error)
            continue
        try:
            exec(program, names)
        except SystemExit:
            machine.soft_reset()
        except BaseException as error:
            sys.print_exception(error)


def _idle(bus: bus_module.Bus) -> None:
    """The prompt: interrupts are served, tasks are not, and nobody feeds the watchdog."""
    poller = select.poll()
    poller.register(bus, select.POLLIN)
    while True:
        poller.poll()
        bus.pump()


_bus = _parts()
_join_loop(_bus)
_hide()
_run(_bus)
_idle(_bus)
