"""The same program in fewer bytes of RAM, which is what the chip has least of: README.md says why.

Each step takes the programs by module name and gives them back, smaller. In this order: constructors that
run once are freed (`once`), the modules of a room that stay loaded become one (`rooms`), files get short
names (`files`), constants and `async with` are written out where they are used (`constants`), and names
become short ones that are shared (`names`). What the compiler makes of that is made smaller by `lean`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from . import blocks, constants, files, names, once, places, rooms
from .syntax import growing, parsed

STEPS = ("once", "rooms", "files", "constants", "names", "lean")


@dataclass(frozen=True)
class Shrunk:
    """The programs by their files' names, and what became of each name, and of each file's, that changed."""

    programs: dict[str, str]
    names: dict[str, str]
    files: dict[str, str]


def is_program(source: str) -> bool:
    """Whether this text can be parsed."""
    try:
        parsed(source)
    except SyntaxError:
        return False
    return True


def shrink(
    sources: Mapping[str, str], given: Collection[str], called: Collection[str], without: Collection[str] = ()
) -> Shrunk:
    """`sources` by module name, all that there are.

    `given` are the names of what they use of others, `called` those by which others use them; `without` the
    steps that are left out, to see what each is worth. Raises rooms.RoomError or places.PlaceError. Where one
    of the sources is no program, all are left as they are: the compiler explains.
    """
    with growing():
        return _shrink(sources, given, called, without)


def _shrink(
    sources: Mapping[str, str], given: Collection[str], called: Collection[str], without: Collection[str]
) -> Shrunk:
    if not all(map(is_program, sources.values())):
        return Shrunk(dict(sources), {}, {})
    places.check(sources)
    programs, short, written = dict(sources), {}, {}
    if "once" not in without:
        programs = once.freed(programs)
    if "rooms" not in without:
        programs = rooms.join(programs, called)
    if "files" not in without:
        written = files.chosen(programs, called)
        programs = {
            written.get(name, name): files.applied(program, written) for name, program in programs.items()
        }
    keep = names.kept(programs, given, called, written.values())
    if "constants" in without:
        keep |= constants.declared(programs)
    else:
        programs = constants.written_out(programs, keep)
        programs = {name: blocks.written_out(program) for name, program in programs.items()}
    if "names" not in without:
        short = names.chosen(programs, keep, written.values())
        programs = {name: names.applied(program, short) for name, program in programs.items()}
    return Shrunk(programs, short, written)
