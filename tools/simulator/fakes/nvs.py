"""NVS: values in a file that is replaced whole.

On the chip NVS takes nothing of MicroPython's heap. So the values lie beside the heap here, too, as text that
the computer's own functions (libc) search and move: `, "key": number` or `, "key": "hexadecimal digits"`.
"""

import uctypes
from micropython import const

from bus import libc, move, print_text, write

_NOT_FOUND = const(0x1102)  # nvs_flash/include/nvs.h of esp-idf
_TYPE_MISMATCH = const(0x1103)
_NOT_ENOUGH_SPACE = const(0x1105)
_KEY_TOO_LONG = const(0x1109)
_INVALID_LENGTH = const(0x110C)
_NAME_MAX = const(15)  # NVS_KEY_NAME_MAX_SIZE less its final zero
# Entries of 32 bytes: 126 in each of the six pages of the stock partition, of which one stays free (esp-idf,
# NVS, "structure of a page"). The calibration of the radio takes 62, Wi-Fi about as many.
_ENTRIES_MAX = const(5 * 126 - 130)
_LONGEST = const(32 * _ENTRIES_MAX)
_TEXT = const(0x20000)  # bytes for a namespace: more than twice what so many entries have as text
_READ_WRITE = const(3)  # asm-generic/mman-common.h
_PRIVATE = const(0x22)  # MAP_PRIVATE | MAP_ANONYMOUS
_WISH = const(
    0x28000000
)  # an address that is a small integer in the 32-bit port, too, and not that of flash.py
_QUOTE = const(0x22)
_NEW = const(0x241)  # bits/fcntl-linux.h: O_WRONLY, O_CREAT, O_TRUNC
_MODE = const(0o644)
_EIO = const(5)
_print = libc.func("i", "sprintf", "pssi")
_search = libc.func("p", "strstr", "pp")
_number = libc.func("i", "atoi", "p")
_open = libc.func("i", "open", "sii")
_close = libc.func("i", "close", "i")
_rename = libc.func("i", "rename", "ss")
knife = saved_at = None  # set by the start of the chip: paths of the file, and of the one that replaces it
spaces = {}  # by name


class Space:
    """One namespace. What is not committed is lost with the power. Errors: OSError(-code of esp-idf).

    A new value has its place beside the old one, for a moment.
    """

    def __init__(self) -> None:
        take = libc.func("p", "mmap", "pLiiil")
        self._at = take(_WISH + 2 * _TEXT * len(spaces), 2 * _TEXT, _READ_WRITE, _PRIVATE, -1, 0)
        self.text = uctypes.bytearray_at(self._at, _TEXT)
        self.end = self._entries = 0

    def set_i32(self, key: str, value) -> None:
        if len(key) > _NAME_MAX:
            raise OSError(-_KEY_TOO_LONG)
        began, at = knife.now(), self._at
        text, start = self.text, self.end
        place = start + len(key) + 6
        if not isinstance(value, int):
            if len(value) > _LONGEST:
                raise OSError(-_NOT_ENOUGH_SPACE)
            end = start + _print(at + start, ', "%s": "', key, 0)
            for byte in value:
                end += _print(at + end, "%s%02x", "", byte)
            text[end], text[end + 1] = _QUOTE, 0
            self.end = end + 1
        elif value >> 31 in (0, -1):
            self.end += _print(at + start, ', "%s": %d', key, value)
        else:
            raise OverflowError("overflow converting long int to machine word")
        self._entries += self._size(place)
        if self._entries > _ENTRIES_MAX:
            self._entries -= self._size(place)
            self.end, text[start] = start, 0
            raise OSError(-_NOT_ENOUGH_SPACE)
        if self._find(key) < start:
            self.erase_key(key)  # the old one, which is the first
        knife.own_us += knife.now() - began

    set_blob = set_i32

    def get_i32(self, key: str) -> int:
        place = self._find(key)
        if self.text[place] == _QUOTE:
            raise OSError(-_TYPE_MISMATCH)
        return _number(self._at + place)

    def get_blob(self, key: str, buf) -> int:
        """Fill `buf`, which may be longer, and return the length."""
        began, text, place = knife.now(), self.text, self._find(key)
        if text[place] != _QUOTE:
            raise OSError(-_TYPE_MISMATCH)
        size = (self._after(place) - place) // 2 - 1
        if size > len(buf):
            raise OSError(-_INVALID_LENGTH)
        for n in range(2 * size):
            place += 1
            digit = (text[place] & 15) + 9 * (text[place] >> 6)
            buf[n >> 1] = digit if n & 1 == 0 else buf[n >> 1] << 4 | digit
        knife.own_us += knife.now() - began
        return size

    def erase_key(self, key: str) -> None:
        place = self._find(key)
        start, after = place - len(key) - 6, self._after(place)
        self._entries -= self._size(place)
        move(self._at + start, self._at + after, self.end + 1 - after)
        self.end -= after - start

    def commit(self) -> None:
        began = knife.now()
        torn = knife.falls(2)
        if not torn or knife.random() & 1:
            self._replace()
        if torn:
            knife.cut()
        knife.own_us += knife.now() - began

    def _replace(self) -> None:
        path, new = saved_at
        file, lead = _open(new, _NEW, _MODE), "{"
        for name in spaces:  # noqa: PLC0206 (items() takes heap)
            space = spaces[name]
            print_text(file, lead, "")
            print_text(file, '"%s": {', name)
            write(file, space._at + 2, max(space.end - 2, 0))
            lead = "}, "
        print_text(file, "}}", "")
        _close(file)
        if _rename(new, path):
            raise OSError(_EIO)

    def _find(self, key: str) -> int:
        """Where the first value of this key begins in the text."""
        wanted = self._at + _TEXT
        size = _print(wanted, ', "%s": ', key, 0)
        found = _search(self._at, wanted)
        if not found:
            raise OSError(-_NOT_FOUND)
        return found - self._at + size

    def _after(self, place: int) -> int:
        """Where the value ends that begins there."""
        found = _search(self._at + place, ", ")
        return found - self._at if found else self.end

    def _size(self, place: int) -> int:
        """What that value takes of a page: a blob has an index and a head besides its bytes."""
        return 1 if self.text[place] != _QUOTE else 2 + (self._after(place) - place - 2 + 63) // 64


def NVS(namespace: str) -> Space:  # noqa: N802
    """As esp32 has it: a class there."""
    if namespace not in spaces:
        spaces[namespace] = Space()
    return spaces[namespace]
