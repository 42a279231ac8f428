"""Which MicroPython the simulated chip plays, as far as memory goes: fakes/idf.py keeps the account."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Memory:
    """`micropython`: with the figures of which version. The newest leaves ESP-IDF the least.

    `tls_fails`: how a session fails for which there is no room: as a bad certificate, with ENOMEM, or
    without an answer. `lacks`: what this MicroPython was built without.
    """

    micropython: Literal["1.24", "1.27"] = "1.27"
    tls_fails: Literal["certificate", "memory", "silence"] = "certificate"
    lacks: Literal["", "_thread", "idf_heap_info"] = ""

    def environment(self) -> dict[str, str]:
        """Variables that tell the chip's process."""
        return {
            "MENSHEN_IDF": self.micropython,
            "MENSHEN_TLS_FAILS": self.tls_fails,
            "MENSHEN_LACKS": self.lacks,
        }


TODAYS = Memory()
"""The hardest of those that were seen."""
