"""Builds the chip: joins the fakes to the world and mounts the flash.

It is unloaded when it has run, so nothing from here may be kept: a function that is kept keeps its whole
module in memory.
"""

import asyncio
import asyncio.event
import json
import os
import socket
import sys
import time
from binascii import unhexlify

import vfs

import certificates
import esp32
import machine
import network
import nvs
import threads
from bus import Bus, libc
from flag import ThreadSafeFlag
from flash import Flash, Knife
from idf import Account
from pins import Pads

_PR_SET_PDEATHSIG, _SIGKILL = 1, 9  # linux/prctl.h
_YEAR_2000_US = 946_684_800_000_000  # the RTC starts here without power


def build() -> Bus:
    """The bus. OSError: there is no file system in the flash."""
    # have the kernel end this process with the one that started it, however busy it is
    libc.func("i", "prctl", "iLLLL")(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    bus = Bus()
    machine._bus = bus
    machine.Pin.pads = Pads(bus)
    machine.Pin.pads.make_pins(machine.Pin)
    _start_clock()
    knife = Knife(bus)
    nvs.knife = knife
    esp32._host = vfs.VfsPosix()
    nvs.saved_at = os.getenv("MENSHEN_NVS"), os.getenv("MENSHEN_NVS") + ".new"
    _read_nvs()
    sys.modules["usocket"] = socket
    network.WLAN.bus = bus
    account = Account(bus)
    esp32._account = threads.account = network.WLAN.account = certificates.SSLContext.account = account
    _leave_out(os.getenv("MENSHEN_LACKS"))
    network.WLAN.station = network.WLAN()
    bus.on(b"net", network.WLAN.station.reach)
    bus.on(b"dhcp", network.WLAN.station.lease, True)
    flash = Flash(knife)
    if os.getenv("MENSHEN_PROBE"):
        from probe import Probe

        Probe(bus, flash, knife)
    _mend_asyncio(bus)
    bus.pump()  # levels of the inputs, switches and knife, before the program can look
    _boot_partition(knife)
    try:
        __import__("umqtt.simple")  # stock images have it in their ROM, and take that before what is in /lib
    except ImportError:
        pass  # another ROM
    os.chdir("/")
    if "/rom" in sys.path:  # all that is needed is loaded
        vfs.umount("/rom")
    vfs.umount("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/")
    if "tls" in os.listdir("/"):
        sys.modules["tls"] = certificates
    return bus


def _leave_out(lacking) -> None:
    """Not every MicroPython is built with threads, or tells what ESP-IDF has left."""
    sys.modules["_thread"] = threads
    if lacking == "_thread":
        del threads.start_new_thread
    elif lacking == "idf_heap_info":
        del esp32.idf_heap_info


def _start_clock() -> None:
    offset = os.getenv("MENSHEN_RTC_US")
    machine.RTC.start(int(offset) if offset else _YEAR_2000_US - time.time_ns() // 1000)


def _read_nvs() -> None:
    try:
        with esp32._host.open(os.getenv("MENSHEN_NVS"), "r") as file:
            spaces = json.load(file)
    except OSError:
        return  # a new chip
    for name, values in spaces.items():
        for key, value in values.items():
            esp32.NVS(name).set_i32(key, value if isinstance(value, int) else unhexlify(value))


def _boot_partition(knife: Knife) -> None:
    """The bootloader's part, on a board whose layout has two application partitions."""
    folder = os.getenv("MENSHEN_FLASH").rsplit("/", 1)[0]
    try:
        esp32._host.stat(folder + "/ota.json")
    except OSError:
        return
    import ota  # its names take RAM

    ota.Partition.boot = ota.Bootloader(knife, esp32._host, folder)
    esp32.Partition = ota.Partition


def _mend_asyncio(bus: Bus) -> None:
    """Have every event loop of the program listen to the bus, and no flag slow it down."""
    asyncio.new_event_loop = asyncio.core.new_event_loop = bus.new_event_loop
    asyncio.ThreadSafeFlag = asyncio.event.ThreadSafeFlag = ThreadSafeFlag
    asyncio.create_task(bus.serve())
