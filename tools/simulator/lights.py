"""What the colours of the lock's light mean, read from the firmware's table of signals."""

import runpy

from menshen import checkout

DARK = "#000000"


def names() -> dict[str, str]:
    """The signal for each colour, by the colour as "#rrggbb"; if there are several, the table's first."""
    table = runpy.run_path(str(checkout.TOP / "firmware/door/signals.py"))
    found = {DARK: "idle"}
    said = [(name, row[0]) for name, row in table["SIGNALS"].items()]
    lasting = [row[:2] for row in table["CONDITIONS"]]
    for name, colour in said + lasting:
        found.setdefault(f"#{colour:06x}", name)
    return found
