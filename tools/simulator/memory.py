"""Which MicroPython the simulated chip plays, as far as memory goes: fakes/idf.py keeps the account."""

from dataclasses import dataclass
from typing import Literal

_FIGURES = {"1.24": (110_592, 31_744), "1.27": (102_400, 28_672), "PSRAM": (4_100_000, 28_672)}
"""Of a version: ESP-IDF's largest block beside MicroPython's first 56 KB, and what a TLS session keeps.

With these the account comes to what was measured on an emulated ESP32 (firmware/README.md, "Memory on the
chip"); 1.25 is as 1.24, and 1.26 as 1.27.
"""


@dataclass(frozen=True)
class Memory:
    """`micropython`: the version whose figures are used, or a board that has PSRAM.

    `tls_fails`: how a session fails that finds no memory: as a bad certificate, with ENOMEM, or without an
    answer; each was seen. `lacks`: what this MicroPython was built without.
    """

    micropython: Literal["1.24", "1.27", "PSRAM"] = "1.27"
    tls_fails: Literal["certificate", "memory", "silence"] = "certificate"
    lacks: Literal["", "_thread", "idf_heap_info"] = ""

    def environment(self) -> dict[str, str]:
        """Variables that tell the chip's process."""
        return {
            "MENSHEN_IDF": ",".join(map(str, _FIGURES[self.micropython])),
            "MENSHEN_TLS_FAILS": self.tls_fails,
            "MENSHEN_LACKS": self.lacks,
        }


TODAYS = Memory()
"""The hardest of those that were seen."""

PSRAM = Memory("PSRAM")
"""A board whose heap lies in PSRAM: ESP-IDF has the chip's own RAM for itself."""
