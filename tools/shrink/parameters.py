"""Renames parameters to words of MicroPython's ROM: only the function itself knows their names.

A function's file has the name of each parameter, for calls by name. Local variables have no names in it.
"""

import ast
import builtins
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping

from .rom import WORDS
from .syntax import parsed, tokens, walk

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Place = tuple[int, int]


def renamed(programs: Mapping[str, str], called: Collection[str]) -> dict[str, str]:
    """The programs with other names for parameters, but for those by which somebody calls.

    `called` are functions that others call, in whatever way.
    """
    trees = {module: parsed(program) for module, program in programs.items()}
    by_name = {node.arg for tree in trees.values() for node in walk(tree) if isinstance(node, ast.keyword)}
    stay = {*dir(builtins), *by_name, "self", "cls"}
    if None in by_name:  # **: whatever it has
        return dict(programs)
    return {module: _rewritten(program, trees[module], stay, called) for module, program in programs.items()}


def _rewritten(program: str, tree: ast.Module, stay: set[str], called: Collection[str]) -> str:
    stay = stay.union(*map(_bound, tree.body))
    lines = program.splitlines(keepends=True)
    spoken = [(place, word) for word, place, before in tokens(program) if before not in (".", "def", "class")]
    places = [place for place, _ in spoken]
    edits: list[tuple[_Place, str, str]] = []
    for function in _outermost(tree):
        if isinstance(function, _FUNCTIONS) and getattr(function, "name", "") in called:
            continue
        first, last = _span(function, lines)
        inside = spoken[bisect_left(places, first) : bisect_left(places, last)]
        words = {word for _, word in inside}
        new = iter([word for word in WORDS if word not in words])
        fixed = stay.union(*map(_bound_by_import, walk(function)))
        short = {name: next(new, name) for name in dict.fromkeys(_parameters(function)) if name not in fixed}
        edits += [(place, word, short[word]) for place, word in inside if word in short]
    for (row, column), old, new_name in sorted(edits, reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + new_name + line[column + len(old) :]
    return "".join(lines)


def _outermost(node: ast.AST) -> Iterator[ast.AST]:
    """The functions that are in no other."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            yield child
        else:
            yield from _outermost(child)


def _parameters(function: ast.AST) -> Iterator[str]:
    """Of the function and those within, from left to right."""
    arguments = [node for node in walk(function) if isinstance(node, ast.arg)]
    for node in sorted(arguments, key=lambda node: (node.lineno, node.col_offset)):
        yield node.arg


def _span(function: ast.AST, lines: list[str]) -> tuple[_Place, _Place]:
    """Where a function begins and ends, in characters."""
    assert isinstance(function, _FUNCTIONS)
    row, end_row = function.lineno, function.end_lineno or function.lineno

    def characters(row: int, column: int) -> int:
        return len(lines[row - 1].encode()[:column].decode())

    end = characters(end_row, function.end_col_offset or 0)
    return (row, characters(row, function.col_offset)), (end_row, end)


def _bound(node: ast.stmt) -> set[str]:
    """What a statement of the module's top gives a name to."""
    if isinstance(node, _FUNCTIONS | ast.ClassDef):
        return {node.name}
    names = {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names.union(*map(_bound_by_import, walk(node)))


def _bound_by_import(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return ()
