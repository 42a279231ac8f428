"""Tells a TLS session that had no room from one that was refused: mbedTLS calls both a bad certificate."""

from micropython import const

from link.packets import MQTTError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Bytes that ESP-IDF must have free for a handshake: 36 KB were too little and 40 KB enough, see
# firmware/README.md, "Memory on the chip".
_NEEDED = const(38_000)


class TlsMemory:
    """`free` gives the bytes that ESP-IDF has, or None if it cannot; `fault` is that of Reports.

    With `wrap_socket`, an SSLContext's, it is what MQTTClient makes its TLS sessions by.
    """

    wrap_socket: "Any" = None

    def __init__(self, free: "Callable[[], int | None]", fault: "Callable[[str, bool], None]") -> None:
        self._free, self._fault = free, fault
        self._short = False

    def blame(self) -> None:
        """A handshake has failed, and its session is closed: MQTTError if that was for want of memory."""
        free = self._free()
        if free is not None and free < _NEEDED:
            self._short = True
            self._fault("memory", True)
            raise MQTTError("no memory for TLS: {} bytes free, {} needed".format(free, _NEEDED))

    def proved(self) -> None:
        """A session has lasted, and in its first state message the fault was told."""
        if self._short:
            self._short = False
            self._fault("memory", False)
