"""esp32 of the ESP32 port: NVS, the partitions of a stock image, the heap.

`_account` and `_host` (the computer's file system) are set by the start of the chip.
"""

from micropython import const

from nvs import NVS  # noqa: F401 (it is esp32.NVS)

_host = _account = None


HEAP_DATA = 4  # MALLOC_CAP_8BIT of esp_heap_caps.h
_RAM = const(113_840)  # bytes of a region, free or not
_FULL = (240, 7_288, 15_072, 16_648)  # regions without a free byte, as the page of the port shows them


def idf_heap_info(capabilities: int) -> list:
    """(bytes, free, largest free block, least free since the start) of each region of ESP-IDF's RAM."""
    _account.take(0)
    regions = [(_RAM, free, free, 0) for free in (_account.largest, _account.small)]
    return regions + [(size, 0, 0, 0) for size in _FULL]


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
