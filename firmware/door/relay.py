"""The relay that holds or releases the bolt."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import Pin


class Relay:
    """`unlock_level` (0 or 1) is the pin's level that releases the bolt; the other level is the safe one."""

    def __init__(self, pin: "Pin", unlock_level: int) -> None:
        self._pin = pin
        self._unlock_level = unlock_level
        self.secure()

    def release(self) -> None:
        """Release the bolt."""
        self._pin.value(self._unlock_level)

    def secure(self) -> None:
        """Hold the bolt."""
        self._pin.value(1 - self._unlock_level)
