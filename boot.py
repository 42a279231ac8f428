"""Safe pins first, then the application slot; nothing else."""

try:
    from micropython import kbd_intr

    kbd_intr(-1)  # Ctrl-C would end in the prompt, before it is known whether that is wanted
except KeyboardInterrupt:
    import machine

    machine.reset()

import sys

sys.path[:] = (".frozen",)  # else what is built in is looked for in the flash first, and the pin waits

from esp32 import NVS
from machine import Pin

_nvs = NVS("menshen")


def _stored(key, default):
    try:
        return _nvs.get_i32(key)
    except OSError:
        return default


# The level that holds the bolt is known once the application has stored it. Before that the pin is left
# alone: a relay's own resistor holds it, and a level driven by guess could let it go.
_relay = _stored("relay_pin", -1)
if _relay >= 0:
    Pin(_relay, Pin.OUT, value=_stored("relay_safe", 0))

# A provisioned lock keeps its console shut, unless the service jumper pulls this pin to ground. A pin
# that nothing holds is noise: only one that is always low is a jumper.
_jumper = Pin(39, Pin.IN)
console_open = _stored("console", 1) == 1 or not any(_jumper.value() for _ in range(16))

# What stands in sys.modules is not looked for in every folder each time that it is imported: that would be
# a third of all reads of the flash until the lock is armed. And no file takes the place of what is built in.
for _name in (
    "asyncio", "binascii", "errno", "hashlib", "json", "machine", "os", "select", "socket", "struct", "time",
):  # fmt: skip
    sys.modules[_name] = __import__(_name)

import vfs


def _choose():
    """The slot to start from. NVS `choice` is the slot it is about, plus twice the state of its trial:

    0 confirmed · 1 to be tried · 2 being tried, where any start is the way back · 3 found good, and being
    confirmed: cut short there, it is tried once more. One number, so that one commit changes it.
    """
    choice = _stored("choice", 0)
    state, slot = divmod(choice, 2) if 0 <= choice < 8 else (0, 0)
    now = (slot, 4 + slot, 1 - slot, 4 + slot)[state]
    if state:
        try:
            _nvs.set_i32("choice", now)
            _nvs.commit()
        except OSError:  # a trial that cannot be counted is none
            return 1 - slot
    return now & 1


class _Slot:
    """The one file of a slot as a file system, to import .mpy from. OSError, ValueError: it is none.

    b"MNP1", index size u16, count u16, data size u32 · index: "\\n", name, " ", place in the data ... "\\n"
    · a SHA-256 of each file · data. The folder shown is the index alone, which stays in RAM.
    """

    def __init__(self, path):
        with open(path, "rb") as file:
            head = file.read(12)
            if head[:4] != b"MNP1":
                raise ValueError
            size = int.from_bytes(head[4:6], "little")
            self._index = file.read(size)
        self._path = path
        self._data = 12 + size + 32 * int.from_bytes(head[6:8], "little")

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def _find(self, path, end):
        return self._index.find(b"\n" + path[1:].encode() + end)

    def stat(self, path):
        if self._find(path, b" ") >= 0:
            return (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        if self._find(path, b"/") >= 0:
            return (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        raise OSError(2)

    def open(self, path, mode):
        at = self._find(path, b" ")
        if at < 0:
            raise OSError(2)
        at += len(path) + 1
        file = open(self._path, mode)
        file.seek(self._data + int(self._index[at : self._index.find(b"\n", at)]))
        return file


_first = _choose()
for _slot in (_first, 1 - _first):
    _place = "/slots/" + "ab"[_slot]
    try:
        vfs.mount(_Slot(_place + ".pack"), _place)
        break
    except (OSError, ValueError):
        pass
sys.path[:] = (_place, ".frozen", "/lib")
del _choose, _Slot  # what a start has used up
