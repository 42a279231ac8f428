"""Refuses a call of the firmware's own functions by a parameter's name: `lean.py` leaves these names out.

MicroPython would compare them with whatever lies in their place.
"""

import ast
from collections.abc import Iterator, Mapping

from .syntax import parsed, walk

_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class PlaceError(Exception):
    """A call that has to be written in another way; the message says where it is."""


def check(programs: Mapping[str, str]) -> None:
    """Raises PlaceError for the first such call in these programs."""
    for module, line, function in called_by_name(programs, programs):
        raise PlaceError(f"{module}:{line} calls {function} by the name of a parameter: give it by its place")


def called_by_name(callers: Mapping[str, str], programs: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """(module, line, function) of the callers' calls by name of what the programs define."""
    trees = [parsed(program) for program in programs.values()]
    own = {node.name for tree in trees for node in walk(tree) if isinstance(node, _DEFINITIONS)}
    for module, program in callers.items():
        for node in walk(parsed(program)):
            match node:
                case ast.Call(ast.Name(name) | ast.Attribute(_, name), _, [_, *_]) if name in own:
                    yield module, node.lineno, name
