"""Chooses the application slot for boot.py, and starts the application for main.py.

It lies in the flash twice: compiled, as /start.mpy, and as this text, /lib/start.py, which boot.py takes
where the other cannot be loaded. So nothing here may run before it is called. Both come by cable, and no
release over the air replaces them.
"""

import sys


def begin(stored):
    """Mount the slot to start from. `stored` is boot.py's; returns whether the console may give a prompt."""
    sys.path[:] = (".frozen",)  # else each import of a built-in module searches the flash first
    from machine import Pin

    # A provisioned lock gives no prompt on its console, unless the service jumper pulls this pin to ground. A
    # floating pin reads as noise, so the jumper counts only if the pin is low at every look.
    jumper = Pin(39, Pin.IN)
    is_open = stored("console", 1) == 1 or not any(jumper.value() for _ in range(16))
    modules: dict = sys.modules
    # A module in sys.modules is not searched for in every folder at each import. Those searches would be a
    # third of all reads of the flash until the lock is armed. Nor can a file replace a built-in module then.
    for name in (
        "asyncio", "binascii", "cryptolib", "errno", "hashlib", "io", "json", "machine", "os", "select",
        "socket", "struct", "time",
    ):  # fmt: skip
        modules[name] = __import__(name)

    # Their table grows as modules come, each time into a longer piece of memory: made long now, it lies low.
    for number in range(46):
        modules[number] = None
    for number in range(46):
        del modules[number]
    import vfs

    first = _choose(stored)
    for slot in (first, 1 - first):
        place = "/slots/" + "ab"[slot]
        try:
            vfs.mount(Slot(place + ".pack"), place)
            break
        except (OSError, ValueError):
            pass
    sys.path[:] = (place, ".frozen", "/lib")
    return is_open


def run(is_console_open):
    """Start the application under the watchdog. It does not return."""
    from micropython import kbd_intr

    from machine import WDT

    if is_console_open:
        kbd_intr(3)
    watchdog = WDT(timeout=8000)
    parts = shape_heap()  # noqa: F841 (this function holds them for ever)
    try:
        import app
    except Exception:
        _try_the_other_slot()
        raise
    del sys.modules["start"]
    globals().clear()  # all that is needed only once; the slot needs none of it
    app.main(watchdog)
    raise RuntimeError("the application has ended")


def _choose(stored):
    """The slot to start from, 0 or 1. NVS `choice` is a slot plus twice the state of its trial:

    0 confirmed · 1 to be tried · 2 being tried: the next start rolls back to the other slot · 3 found good
    and being confirmed: a start in this state tries it once more. One number, so that one commit changes it.
    """
    from esp32 import NVS

    choice = stored("choice", 0)
    state, slot = divmod(choice, 2) if 0 <= choice < 8 else (0, 0)
    now = (slot, 4 + slot, 1 - slot, 4 + slot)[state]
    if state:
        try:
            nvs = NVS("menshen")
            nvs.set_i32("choice", now)
            nvs.commit()
        except OSError:  # no trial without a note that it has begun
            return 1 - slot
    return now & 1


class Slot:
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


def shape_heap():
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
