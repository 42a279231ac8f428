"""Stores small numbers in the chip's NVS, which survives power cuts: a twentieth of a small file's cost."""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from esp32 import NVS

_NOT_FOUND = const(0x1102)  # ESP_ERR_NVS_NOT_FOUND (nvs_flash/include/nvs.h of esp-idf)
_INVALID_LENGTH = const(0x110C)  # ESP_ERR_NVS_INVALID_LENGTH: it is longer than the buffer
_OFTEN = const(128)  # bytes: few blobs are longer, and a long buffer needs memory in one piece


class Numbers:
    """32-bit numbers, and blobs of bytes, by the names of storage/names.py."""

    def __init__(self, nvs: "NVS") -> None:
        self._nvs = nvs

    def get(self, name: str, default: int = 0) -> int:
        """The number stored, or the default where there is none."""
        try:
            return self._nvs.get_i32(name)
        except OSError:
            return default

    def set(self, name: str, value: int) -> None:
        """Store and commit; an unchanged number costs nothing. OSError where NVS is full or worn."""
        if self.get(name, ~value) != value:
            self._nvs.set_i32(name, value)
            self._nvs.commit()

    def blob(self, name: str, longest: int) -> bytes:
        """The bytes stored, none if there are none. OSError if they are there and cannot be read."""
        buffer = bytearray(min(longest, _OFTEN))
        try:
            try:
                size = self._nvs.get_blob(name, buffer)
            except OSError as error:
                if error.args[0] != -_INVALID_LENGTH:
                    raise
                buffer = bytearray(longest)
                size = self._nvs.get_blob(name, buffer)
        except OSError as error:
            if error.args[0] == -_NOT_FOUND:
                return b""
            raise
        return bytes(buffer[:size])

    def split(self, table: bytes, size: int, place: int = 0) -> "list[bytes]":
        """The entries of this size in a blob, from a place on."""
        return [table[at : at + size] for at in range(place, len(table) - size + 1, size)]

    def put_blob(self, name: str, value: bytes) -> None:
        """Store and commit, in one piece or not at all. OSError as for set()."""
        self._nvs.set_blob(name, value)
        self._nvs.commit()
