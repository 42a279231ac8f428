"""Sets the safe level of the relay's pin first, then chooses the application slot; nothing else."""

try:
    from micropython import kbd_intr

    kbd_intr(-1)  # Ctrl-C would give a prompt, before it is known whether one is allowed
except KeyboardInterrupt:
    import machine

    machine.reset()

import sys

sys.path[:] = (".frozen",)  # else imports of built-in modules search the flash first, which delays the pin

from esp32 import NVS
from machine import Pin

_nvs = NVS("menshen")


def _stored(key, default):
    try:
        return _nvs.get_i32(key)
    except OSError:
        return default


# The application stores the level that holds the bolt. Until then the pin is left alone: the relay's own
# resistor holds the bolt, and a guessed level could release it.
_relay = _stored("relay_pin", -1)
if _relay >= 0:
    Pin(_relay, Pin.OUT, value=_stored("relay_safe", 0))

# A provisioned lock gives no prompt on its console, unless the service jumper pulls this pin to ground. A
# floating pin reads as noise, so the jumper counts only if the pin is low at every look.
_jumper = Pin(39, Pin.IN)
console_open = _stored("console", 1) == 1 or not any(_jumper.value() for _ in range(16))

# A module in sys.modules is not searched for in every folder at each import. Those searches would be a third
# of all reads of the flash until the lock is armed. Nor can a file replace a built-in module then.
for _name in (
    "asyncio", "binascii", "cryptolib", "errno", "hashlib", "json", "machine", "os", "select", "socket",
    "struct", "time",
):  # fmt: skip
    sys.modules[_name] = __import__(_name)

# Their table grows as modules come, each time into a longer piece of memory: made long now, it lies low.
modules: dict = sys.modules
for _name in range(46):
    modules[_name] = None
for _name in range(46):
    del modules[_name]

import vfs


def _choose():
    """The slot to start from, 0 or 1. NVS `choice` is a slot plus twice the state of its trial:

    0 confirmed · 1 to be tried · 2 being tried: the next start rolls back to the other slot · 3 found good
    and being confirmed: a start in this state tries it once more. One number, so that one commit changes it.
    """
    choice = _stored("choice", 0)
    state, slot = divmod(choice, 2) if 0 <= choice < 8 else (0, 0)
    now = (slot, 4 + slot, 1 - slot, 4 + slot)[state]
    if state:
        try:
            _nvs.set_i32("choice", now)
            _nvs.commit()
        except OSError:  # no trial without a note that it has begun
            return 1 - slot
    return now & 1


class _Slot:
    """A slot's file as a file system, to import .mpy files from. Raises OSError or ValueError if it is bad.

    Format: b"MNP1", index size u16, count u16, data size u32 · index: "\\n", name, " ", place in the data
    ... "\\n" · a SHA-256 of each file · data. Only the index stays in RAM.
    """

    def __init__(self, path):
        with open(path, "rb") as file:
            head = file.read(12)
            if head[:4] != b"MNP1":
                raise ValueError
            size = int.from_bytes(head[4:6], "little")
            self._index = file.read(size).replace(b".mpy ", b":")  # it stays in RAM
        self._path, self._name, self._at = path, None, 0
        self._data = 12 + size + 32 * int.from_bytes(head[6:8], "little")

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def _find(self, path, kinds):
        """The place in the index of what follows a name: a module's colon, or one of `kinds`."""
        # Bytes: for each new text MicroPython looks through all the names that it knows.
        name = b"\n" + path.encode()[1:]
        if name[-4:] == b".mpy":
            name, kinds = name[:-4], b":"
        if name != self._name:  # an import asks for a folder, for a module, and opens that
            self._name, self._at = name, 0
            at = self._index.find(name, 0, -1)
            while at >= 0:
                at += len(name)
                if self._index[at] in b":/ ":
                    self._at = at
                    break
                at = self._index.find(name, at, -1)
        if self._index[self._at] not in kinds:  # at its begin is a line feed
            raise OSError(2)
        return self._at

    def stat(self, path):
        if path.endswith(".py"):  # an import asks for that, too, and there is none
            raise OSError(2)
        return [0x4000 if self._index[self._find(path, b"/ ")] == 47 else 0x8000] + [0] * 9

    def open(self, path, mode):
        at = self._find(path, b" ") + 1
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
del _choose, _Slot, modules  # needed only once
