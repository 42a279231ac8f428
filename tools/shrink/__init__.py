"""The same program in fewer bytes of RAM, which is what the chip has least of.

In this order: what only a type checker reads goes (`types`), the modules of a room that stay loaded become
one (`rooms`), constants are written where they are used (`constants`), and names become short ones that are
shared (`names`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from . import constants, names, rooms, types


@dataclass(frozen=True)
class Shrunk:
    """The programs by module name, and what became of each name that was changed."""

    programs: dict[str, str]
    names: dict[str, str]


def shrink(sources: Mapping[str, str], given: Collection[str], called: Collection[str]) -> Shrunk:
    """`sources` by module name, all that there are.

    `given` are the names of what they use of others, `called` those by which others use them.
    Raises rooms.RoomError. Where one of them is no program, all are left as they are: the compiler explains.
    """
    if not all(map(types.is_program, sources.values())):
        return Shrunk(dict(sources), {})
    bare = {name: types.without(source) for name, source in sources.items()}
    programs = rooms.join(bare)
    keep = names.kept(programs, given, called)
    programs = constants.written_out(programs, keep)
    short = names.chosen(programs, keep)
    return Shrunk({name: names.applied(program, short) for name, program in programs.items()}, short)
