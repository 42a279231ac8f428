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
    ("settings_checks",),
    ("settings_faults",),
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


_LINK = next(number for number, rooms in enumerate(FLOORS) if "link" in rooms)
_STARTERS = {"boot", "main", "start"}
_SPEAKS = {
    "aioble", "bluetooth", "espnow", "lwip", "network", "requests", "select", "socket", "ssl", "tls", "umqtt",
    "websocket",
}  # fmt: skip
"""MicroPython's modules with which one can wait for somebody else; with a u before, their old names."""

_MAKES_PINS_AND_WIFI = "board"


def _of_the_network(what: str, room: str) -> bool:
    """Whether this is a module, or a function of asyncio's, that what is below the link must not know."""
    module, _, rest = what.partition(".")
    if module == "network" and room == _MAKES_PINS_AND_WIFI:
        return False
    return (
        module.removeprefix("u") in _SPEAKS
        or module in _SPEAKS
        or rest in {"open_connection", "start_server"}
    )


def room_of(module: str) -> str:
    """The room of a module, such as `door` of `door.relay`."""
    return module.split(".", maxsplit=1)[0]


def floor_of(room: str) -> int | None:
    """The number of a room's floor, 0 being the top; None for what is not the firmware's."""
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms), None)


def imports_upward(path: Path, own: str) -> Iterator[str]:
    """What a file imports that is on its own floor or above, its own room apart; and below the link, what
    MicroPython has to speak with others.

    `own` is its name as a module; what is imported by a name that is not written out counts as well.
    """
    room = room_of(own)
    floor = floor_of(room)
    for line, what in sources.imports(path):
        other = room_of(what.removeprefix("firmware."))  # so a type checker may know it, too
        if what == "?":
            yield f"line {line}: a name that is not written out"
            continue
        level = floor_of(other)
        upward = other != room and level is not None and (floor is None or level <= floor)
        below_link = floor is None or floor > _LINK
        if upward or other in _STARTERS or (below_link and _of_the_network(what, room)):
            yield f"line {line}: {what}"
