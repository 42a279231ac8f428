"""What the colours of the lock's light mean, read from the firmware's tables of signals."""

import runpy

from menshen import checkout

DARK = "#000000"


def signals() -> dict[str, tuple[int, ...]]:
    """Colour, tone, ms of tone and ms of light, by what is shown once."""
    return _rows("SIGNALS", 5)


def conditions() -> dict[str, tuple[int, ...]]:
    """Colour and tone, by what is shown for as long as it lasts."""
    return _rows("CONDITIONS", 3)


def names() -> dict[str, str]:
    """The signal for each colour, by the colour as "#rrggbb"; if there are several, the table's first."""
    found = {DARK: "idle"}
    for name, (colour, *_) in [*signals().items(), *conditions().items()]:
        found.setdefault(f"#{colour:06x}", name)
    return found


def _rows(table: str, cells: int) -> dict[str, tuple[int, ...]]:
    flat = runpy.run_path(str(checkout.TOP / "firmware/door/signals.py"))[table]
    return {flat[at]: flat[at + 1 : at + cells] for at in range(0, len(flat), cells)}
