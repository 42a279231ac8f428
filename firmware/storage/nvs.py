"""Small numbers that outlive the power, in the chip's NVS; about twenty times cheaper than a small file."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from esp32 import NVS


class Numbers:
    """32-bit numbers by name (at most 15 characters)."""

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
