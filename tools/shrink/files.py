"""Gives the files of the program short names: the names of each file ever loaded lie in RAM for good.

Those are up to four (of the package, of the module in it, of both with the dot, and the path), and the
slot's index, which start.py keeps, has the path too. So `access.guest_codes` becomes one short name without
a package, such as `Bq`, which may be a name that the program has anyway.

A file's short name depends on its own name, so that a new module hardly ever changes those of others.
"""

import ast
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import starmap

from . import names
from .edits import Edit, edited, span
from .syntax import parsed, walk

_SPREAD = 128  # short names; twice as many as there are files, so that they seldom meet


def chosen(programs: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """The short name of each file, but for those by whose names others may know them."""
    spoken = set().union(*map(names.words, programs.values()), known)
    every = [short for short in names.short_names() if short not in spoken]
    free, more = every[:_SPREAD], every[_SPREAD:]
    short: dict[str, str] = {}
    for name in sorted(programs, key=lambda name: (zlib.crc32(name.encode()), name)):
        if not set(name.split(".")) <= {*known, "app"}:
            start = zlib.crc32(name.encode()) % len(free)
            short[name] = next(new for new in free[start:] + free[:start] + more if new not in short.values())
    return short


def applied(program: str, short: Mapping[str, str]) -> str:
    """The program with imports of the files by their short names; those of one file become one import.

    In a block those that follow each other do, at the program's top all: it may be joined of several modules.
    """
    edits: list[Edit] = []
    tree = parsed(program)
    for node in walk(tree):
        for body in "body", "orelse", "handlers", "finalbody":
            statements = getattr(node, body, None)
            if isinstance(statements, list):
                edits += _edits(statements, short, node is tree)
    return edited(program, edits)


def _edits(body: Iterable[ast.stmt], short: Mapping[str, str], is_top: bool) -> Iterable[Edit]:
    """The first import of each file with all that is imported from it."""
    taken: dict[str, list[str]] = {}  # by the file: what its import takes
    edits: list[tuple[ast.stmt, list[tuple[str, list[str]]]]] = []
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            first = []
            for source, said in _imported(node, short):
                if source not in taken:
                    taken[source] = []
                    first.append((source, taken[source]))
                if said and said not in taken[source]:
                    taken[source].append(said)
            edits.append((node, first))
        elif not (is_top or isinstance(node, ast.Pass)):
            taken = {}
    return [(*span(node), "; ".join(starmap(_import, first)) or "pass") for node, first in edits]


def _import(source: str, taken: Sequence[str]) -> str:
    return f"from {source} import {', '.join(taken)}" if taken else source


def _imported(node: ast.Import | ast.ImportFrom, short: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """(file, what is taken from it); of a file that is taken whole its import, and "" ."""
    for alias in node.names:
        bound = alias.asname or alias.name
        whole = f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        if isinstance(node, ast.Import) or whole in short:
            yield _whole(short.get(whole, whole), bound), ""
        else:
            said = alias.name + (f" as {bound}" if alias.asname else "")
            yield short.get(node.module or "", node.module or ""), said


def _whole(name: str, bound: str) -> str:
    return f"import {name}" + (f" as {bound}" if bound != name else "")
