"""esp32 of the ESP32 port: NVS in a file that is replaced whole, the partitions of a stock image, the heap.

`_knife`, `_account`, `_host` (the computer's file system) and `_values` are set by the start of the chip.
"""

import json
import os
from binascii import hexlify, unhexlify

from micropython import const

_NOT_FOUND = const(0x1102)  # nvs_flash/include/nvs.h of esp-idf
_TYPE_MISMATCH = const(0x1103)
_NOT_ENOUGH_SPACE = const(0x1105)
_KEY_TOO_LONG = const(0x1109)
_INVALID_LENGTH = const(0x110C)
_NAME_MAX = const(15)  # NVS_KEY_NAME_MAX_SIZE less its final zero
# Entries of 32 bytes: 126 in each of the six pages of the stock partition, of which one stays free (esp-idf,
# NVS, "structure of a page"). The calibration of the radio takes 62, Wi-Fi about as many.
_ENTRIES_MAX = const(5 * 126 - 130)
_knife = _host = _account = None
_values = {}  # namespace: {key: number, or hexadecimal digits of a blob}


HEAP_DATA = 4  # MALLOC_CAP_8BIT of esp_heap_caps.h
_RAM = const(113_840)  # bytes of a region, free or not


def idf_heap_info(capabilities: int) -> list:
    """(bytes, free, largest free block, least free since the start) of each region of ESP-IDF's RAM."""
    _account.take(0)
    return [(_RAM, free, free, 0) for free in (_account.largest, _account.small)]


def _entries(value) -> int:
    """What it takes of a page: a blob has an index and a head besides its bytes, here two characters each."""
    return 1 if isinstance(value, int) else 2 + (len(value) + 63) // 64


class NVS:
    """One namespace. What is not committed is lost with the power. Errors: OSError(-code of esp-idf).

    A new value has its place beside the old one, for a moment.
    """

    def __init__(self, namespace: str) -> None:
        self._values = _values.setdefault(namespace, {})

    def set_i32(self, key: str, value) -> None:
        if len(key) > _NAME_MAX:
            raise OSError(-_KEY_TOO_LONG)
        if isinstance(value, int) and value != (value + 0x80000000 & 0xFFFFFFFF) - 0x80000000:
            raise OverflowError("overflow converting long int to machine word")
        if self._values.get(key) != value:
            if _entries(value) + sum([_entries(kept) for kept in self._values.values()]) > _ENTRIES_MAX:
                raise OSError(-_NOT_ENOUGH_SPACE)
            self._values[key] = value

    def get_i32(self, key: str, kind=int):
        value = self._values.get(key)
        if value is None:
            raise OSError(-_NOT_FOUND)
        if not isinstance(value, kind):
            raise OSError(-_TYPE_MISMATCH)
        return value

    def set_blob(self, key: str, value) -> None:
        self.set_i32(key, hexlify(value).decode())

    def get_blob(self, key: str, buf) -> int:
        """Fill `buf`, which may be longer, and return the length."""
        value = unhexlify(self.get_i32(key, str))
        if len(value) > len(buf):
            raise OSError(-_INVALID_LENGTH)
        buf[: len(value)] = value
        return len(value)

    def erase_key(self, key: str) -> None:
        self.get_i32(key, object)
        del self._values[key]

    def commit(self) -> None:
        began = _knife.now()
        text = json.dumps(_values)
        torn = _knife.falls(2)
        if not torn or _knife.random() & 1:
            path = os.getenv("MENSHEN_NVS")
            with _host.open(path + ".new", "w") as file:
                file.write(text)
            _host.rename(path + ".new", path)
        if torn:
            _knife.cut()
        _knife.own_us += _knife.now() - began


class Partition:
    """The stock image has one application partition, `factory`: there is nothing to update into.

    A board with the OTA layout has the class of ota.py in its place.
    """

    BOOT, RUNNING = 0, 1

    def __init__(self, id) -> None:
        pass

    def get_next_update(self) -> "Partition":
        raise OSError(2)  # ENOENT

    mark_app_valid_cancel_rollback = set_boot = get_next_update
