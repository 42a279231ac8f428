"""Gives the files of the program short names: the names of each file ever loaded lie in RAM for good.

Those are up to four (of the package, of the module in it, of both with the dot, and the path), and the
slot's index, which boot.py keeps, has the path too. So `access.guest_codes` becomes one short name without
a package, such as `Bq`, which may be a name that the program has anyway.

A file's short name depends on its own name, so that a new module hardly ever changes those of others.
"""

import ast
import zlib
from collections.abc import Collection, Iterable, Mapping

from . import names
from .edits import Edit, edited, span
from .syntax import parsed, walk

_SPREAD = 128  # short names; twice as many as there are files, so that they seldom meet
_IMPORTS = ast.Import | ast.ImportFrom


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
    """The program with imports of the files by their short names; those of one file become one import."""
    edits: list[Edit] = []
    for node in walk(parsed(program)):
        for body in "body", "orelse", "handlers", "finalbody":
            statements = getattr(node, body, None)
            if isinstance(statements, list):
                edits += _edits(statements, short)
    return edited(program, edits)


def _edits(body: Iterable[ast.stmt], short: Mapping[str, str]) -> Iterable[Edit]:
    """Imports that follow each other, the first of each file with all that is imported from it."""
    first: dict[str, ast.stmt] = {}
    found: dict[ast.stmt, list[str]] = {}
    for node in body:
        if isinstance(node, ast.ImportFrom):
            found[node] = []
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in short:
                    found[node].append(_whole(short[whole], alias.asname or alias.name))
                    continue
                source = short.get(node.module or "", node.module or "")
                said = alias.name + (f" as {alias.asname}" if alias.asname else "")
                start = f"from {source} import "
                if source not in first:
                    first[source] = node
                    found[node].append(start + said)
                else:
                    texts = found[first[source]]
                    at = next(n for n, text in enumerate(texts) if text.startswith(start))
                    texts[at] += ", " + said
        elif isinstance(node, ast.Import):
            found[node] = [_whole(short.get(a.name, a.name), a.asname or a.name) for a in node.names]
        elif not isinstance(node, ast.Pass):
            first = {}
    return [(*span(node), "; ".join(texts) or "pass") for node, texts in found.items()]


def _whole(name: str, bound: str) -> str:
    return f"import {name}" + (f" as {bound}" if bound != name else "")
