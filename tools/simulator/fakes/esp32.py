"""esp32 of the ESP32 port: NVS in a file that is replaced whole, and the partitions of a stock image."""

import json
import os
from binascii import hexlify, unhexlify

_NOT_FOUND = (-0x1102, "ESP_ERR_NVS_NOT_FOUND")  # esp-idf nvs.h, as esp32/mphalport.c raises them
_TYPE_MISMATCH = (-0x1103, "ESP_ERR_NVS_TYPE_MISMATCH")
_NO_SPACE = (-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
_INVALID_NAME = (-0x1106, "ESP_ERR_NVS_INVALID_NAME")
_KEY_TOO_LONG = (-0x1109, "ESP_ERR_NVS_KEY_TOO_LONG")
_INVALID_LENGTH = (-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
_NAME_MAX = 15  # NVS_KEY_NAME_MAX_SIZE less its final zero
_SIZE_MAX = 24_000  # the stock partition has 24 KB: in this file a blob takes two characters a byte
_world = None  # (bus, knife, host's file system), set by start
_values = {}  # namespace: {key: number, or hexadecimal digits of a blob}


def start(bus, knife, host) -> None:
    """Join this module to the world, and read the NVS; called once, by chip.py."""
    global _world
    _world = bus, knife, host
    try:
        with host.open(os.getenv("MENSHEN_NVS"), "r") as file:
            _values.update(json.load(file))
    except OSError:
        pass  # a new chip


def raw_temperature() -> int:
    return 128  # degrees Fahrenheit


class NVS:
    """One namespace. What is not committed is lost with the power."""

    def __init__(self, namespace: str) -> None:
        if len(namespace) > _NAME_MAX:
            raise OSError(*_INVALID_NAME)
        self._values = _values.setdefault(namespace, {})

    def set_i32(self, key: str, value: int) -> None:
        if not -0x80000000 <= value < 0x80000000:
            raise OverflowError
        self._set(key, value)

    def get_i32(self, key: str) -> int:
        return self._get(key, int)

    def set_blob(self, key: str, value) -> None:
        self._set(key, hexlify(value).decode())

    def get_blob(self, key: str, buf) -> int:
        """Fill `buf`, which may be longer, and return the length."""
        value = unhexlify(self._get(key, str))
        if len(value) > len(buf):
            raise OSError(*_INVALID_LENGTH)
        buf[: len(value)] = value
        return len(value)

    def erase_key(self, key: str) -> None:
        self._get(key, object)
        del self._values[key]

    def commit(self) -> None:
        _, knife, host = _world
        text = json.dumps(_values)
        if len(text) > _SIZE_MAX:
            raise OSError(*_NO_SPACE)
        knife.commits += 1
        torn = knife.falls()
        if not torn or knife.random() & 1:
            path = os.getenv("MENSHEN_NVS")
            with host.open(path + ".new", "w") as file:
                file.write(text)
            host.rename(path + ".new", path)
        if torn:
            knife.cut()

    def _set(self, key: str, value) -> None:
        if len(key) > _NAME_MAX:
            raise OSError(*_KEY_TOO_LONG)
        self._values[key] = value

    def _get(self, key: str, kind: type):
        value = self._values.get(key)
        if value is None:
            raise OSError(*_NOT_FOUND)
        if not isinstance(value, kind):
            raise OSError(*_TYPE_MISMATCH)
        return value


class Partition:
    """The stock image has one application partition, `factory`: there is nothing to update into."""

    BOOT, RUNNING, TYPE_APP, TYPE_DATA = 0, 1, 0, 1

    def __init__(self, id) -> None:
        if id not in (self.BOOT, self.RUNNING, "factory"):
            raise OSError(2)  # ENOENT

    @classmethod
    def find(cls, type: int = 0, subtype: int = 255, label=None, block_size: int = 4096) -> list:
        return [cls("factory")] if type == cls.TYPE_APP and label in (None, "factory") else []

    def info(self) -> tuple:
        return 0, 0, 0x10000, 0x1F0000, "factory", False

    def set_boot(self) -> None:
        raise OSError(-0x1502, "ESP_ERR_OTA_PARTITION_CONFLICT")

    def get_next_update(self) -> "Partition":
        raise OSError(2)

    @classmethod
    def mark_app_valid_cancel_rollback(cls) -> None:
        raise OSError(-0x105, "ESP_ERR_NOT_FOUND")
