"""The floors of the firmware, the top one first: a room imports only from the floors below its own.

Rooms of one floor do not know each other. What only a type checker reads counts too: a door that cannot
name the network cannot wait for it, and a check of credentials that cannot name the link cannot tell it
who came.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.static.helpers import sources

FLOORS = (
    ("app",),
    ("inside",),
    ("ahead", "outside", "selftest"),
    ("housekeeping",),
    ("tending",),
    ("update",),
    ("home", "commands", "lists"),
    ("reports",),
    ("link",),
    ("door",),
    ("readers",),
    ("settings",),
    ("settings_checks", "settings_faults"),
    ("settings_text",),
    ("settings_kinds",),
    ("access",),
    ("people",),
    ("log",),
    ("roll",),
    ("board",),
    ("storage",),
    ("supervisor", "pace"),
    ("loader", "console", "version"),
    ("wiring",),
)
"""Rooms, and modules that are a room by themselves."""


def room_of(module: str) -> str:
    """The room of a module, such as `door` of `door.relay`."""
    return module.split(".", maxsplit=1)[0]


def floor_of(room: str) -> int | None:
    """The number of a room's floor, 0 being the top; None for what is not the firmware's."""
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms), None)


def imports_upward(path: Path, own: str) -> Iterator[str]:
    """What a file imports that is on its own floor or above, its own room apart.

    `own` is its name as a module; what is imported by a name that is not written out counts as well.
    """
    room = room_of(own)
    floor = floor_of(room)
    for line, what in sources.imports(path):
        other = room_of(what.removeprefix("firmware."))  # so a type checker may know it, too
        if what == "?":
            yield f"line {line}: a name that is not written out"
        elif other != room and (level := floor_of(other)) is not None and (floor is None or level <= floor):
            yield f"line {line}: {what}"
