"""What a simulated lock is made of: what plays its chip, what it has at first, and whom it reaches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .memory import TODAYS, Memory

HEAP = "300k"
"""The heap of a lock where nothing else is said: as many blocks as the chip's, whose words are half as long.

So code that is lent is given back as on a board without PSRAM, and collections are as many.
"""

PSRAM_HEAP = "8m"
"""The same for a board whose heap lies in 4 MB of PSRAM."""


@dataclass(frozen=True)
class Chip:
    """The Unix port that plays the chip, and the folder of `fakes` that it has for the chip's own modules.

    `heapsize` is MicroPython's, such as "300k". Without a `probe` the chip cannot tell how long its steps
    are, and has 1 KB more for the program.
    """

    micropython: Path
    fakes: Path
    heapsize: str = HEAP
    probe: bool = True
    memory: Memory = TODAYS


@dataclass(frozen=True)
class Installed:
    """A board that is to be this lock; listener(heard) makes what hears the broker for the page."""

    lock: str
    listener: Callable[[Callable[[str, bytes], None]], Any]


@dataclass(frozen=True)
class Outfit:
    """What the lock has at first: `settings` change parts of /config.json, `files` lie in the flash.

    `secure`: its cards prove themselves, and numbers alone open nothing, as in a lock with default settings;
    otherwise its cards have only a number. `installed`: the board is new, and an installer gives it its
    settings over its console.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    secure: bool = False
    installed: Installed | None = None


@dataclass(frozen=True)
class Services:
    """Whom the lock reaches over its network.

    `broker_address` is that of a broker already running; without it one is started. `tls_address` is where
    the lock finds the same broker, if its settings tell it to talk TLS. `sntp`: it is told the time.
    """

    broker_address: tuple[str, int] | None = None
    tls_address: tuple[str, int] | None = None
    sntp: bool = False


def sort(options: Mapping[str, Any]) -> tuple[Chip, Outfit, Services]:
    """Make these of the options that are fields of theirs; raises TypeError for any other."""
    rest = dict(options)

    def made(kind: type) -> Any:
        return kind(**{known.name: rest.pop(known.name) for known in fields(kind) if known.name in rest})

    chip, outfit, services = made(Chip), made(Outfit), made(Services)
    if rest:
        raise TypeError(f"no part of a simulated lock is called {', '.join(rest)}")
    return chip, outfit, services
