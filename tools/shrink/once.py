"""Frees the constructors of what is made once: the code ran when the lock was made, and lies in RAM for good.

Which classes these are is derived. Only one place in the whole program makes one, and that place is in
app.py, in a block of loader.Late (which gives the code back if making fails), or in another such constructor
of code that stays; it is neither in a loop nor in a function of its own. Each such constructor ends by
putting loader.spent in its place, which says so if a second one is made all the same.
"""

import ast
from collections.abc import Iterator, Mapping

from . import rooms
from .edits import Edit, edited
from .syntax import parsed, walk

_MAKER = "app"  # it makes parts once for certain
_APART = "selftest."  # another program: each part of it loads anew what it makes
_REPEATED = (
    ast.For
    | ast.AsyncFor
    | ast.While
    | ast.Lambda
    | ast.ListComp
    | ast.SetComp
    | ast.DictComp
    | ast.GeneratorExp
)


def freed(programs: Mapping[str, str]) -> dict[str, str]:
    """The programs, in which constructors that run once give way to loader.spent."""
    trees = {module: parsed(program) for module, program in programs.items()}
    once = made_once(trees)
    changed = dict(programs)
    for module, tree in trees.items():
        edits = [_ending(node, init) for node, init in _constructors(tree) if node.name in once]
        if edits:
            changed[module] = _with_import(edited(programs[module], edits), tree)
    return changed


def made_once(trees: Mapping[str, ast.Module]) -> set[str]:
    """The names of classes of which there will be one object."""
    classes = [node.name for tree in trees.values() for node, _ in _constructors(tree)]
    inherited = {
        base.id
        for tree in trees.values()
        for node in walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name)
    }
    made = [name for module, tree in trees.items() if _APART not in module for name in _called(tree)]
    makers: list[ast.AST] = [trees[_MAKER]] if _MAKER in trees else []
    makers += [block for tree in trees.values() for block in rooms.late(tree)]
    stay = rooms.staying(trees)
    once: set[str] = set()
    while True:
        by_makers = [name for maker in makers for name in _called_once(maker)]
        more = {
            name
            for name in set(classes) - once
            if classes.count(name) == made.count(name) == by_makers.count(name) == 1 and name not in inherited
        }
        if not more:
            return once
        once |= more
        makers += [init for name in stay for node, init in _constructors(trees[name]) if node.name in more]


def _constructors(tree: ast.Module) -> Iterator[tuple[ast.ClassDef, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                    yield node, part


def _called(tree: ast.Module) -> Iterator[str]:
    """Names that are called, or passed to something that may call them, as often as they are."""
    others = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    notes = {id(node) for note in [*_annotations(tree), *rooms.for_types(tree)] for node in walk(note)}
    for node in walk(tree):
        match node:
            case ast.Attribute(ast.Name(module), name) if module not in others:
                yield name
            case ast.Name(name, ast.Load()) if id(node) not in notes:
                yield name


def _annotations(tree: ast.AST) -> Iterator[ast.expr]:
    for node in walk(tree):
        match node:
            case ast.arg(annotation=note) | ast.AnnAssign(annotation=note) | ast.FunctionDef(returns=note):
                yield from [note] if note else []
            case ast.AsyncFunctionDef(returns=note):
                yield from [note] if note else []


def _called_once(node: ast.AST) -> Iterator[str]:
    """Names that are called where nothing repeats."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _REPEATED):
            continue
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
            yield child.func.id
        yield from _called_once(child)


def _ending(node: ast.ClassDef, init: ast.FunctionDef) -> Edit:
    last = init.body[-1]
    row, column = last.end_lineno or last.lineno, last.end_col_offset or 0
    indent = " " * init.body[0].col_offset
    return row, column, row, column, f"\n{indent}{node.name}.__init__ = spent"


def _with_import(program: str, tree: ast.Module) -> str:
    """Behind the docstring, on a line of its own."""
    first = tree.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    row = (first.end_lineno or 0) if is_docstring else 0
    lines = program.splitlines(keepends=True)
    return "".join([*lines[:row], "from loader import spent\n", *lines[row:]])
