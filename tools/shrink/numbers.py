"""Lists the most frequent names of a file first, so that their numbers in its code have one byte.

In a file names have numbers, in the order in which the compiler meets them; up to 127 these have one byte.
"""

import ast
import keyword
import re
from collections import Counter
from collections.abc import Iterator

from .syntax import parsed, walk

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_ONE_BYTE = 128  # names with numbers of one byte
_GONE = re.compile(r"^(_[A-Z][A-Z0-9_]*) = const\(", re.MULTILINE)  # the compiler has these names vanish


def numbered(program: str) -> str:
    """The program with its most frequent names first, if it has many, in a statement that is never run."""
    tree = parsed(program)
    if len(set(_all(tree))) <= _ONE_BYTE:
        return program
    gone = {*_GONE.findall(program), *_unread(tree)}
    often = Counter(name for name in _numbers(tree) if name not in gone)
    if len(often) <= _ONE_BYTE:
        return program
    first = ".".join(sorted(often, key=lambda name: (-often[name], name))[:_ONE_BYTE])
    return f"[] and {first}\n{program}"


def _unread(tree: ast.Module) -> Iterator[str]:
    """Names in what only a type checker reads."""
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "False":
            yield from (part.id for part in walk(node) if isinstance(part, ast.Name))


def _all(tree: ast.Module) -> Iterator[str]:
    """All that may have a number, and local names."""
    for node in walk(tree):
        match node:
            case ast.Attribute(_, name) | ast.arg(name) | ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                yield name
            case ast.Name(name):
                yield name


def _numbers(tree: ast.Module) -> Iterator[str]:
    """Names that the code says by their numbers: all but local ones, which have no name any more."""
    inside: dict[ast.AST, set[str]] = {}
    for function in [node for node in walk(tree) if isinstance(node, _FUNCTIONS)]:
        own = {node.arg for node in walk(function.args) if isinstance(node, ast.arg)}
        own |= {n.id for n in walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for node in walk(function):
            inside[node] = inside.get(node, set()) | own
    for node in walk(tree):
        match node:
            case ast.Attribute(_, name) | ast.arg(name) | ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                yield name
            case ast.Name(name) if name not in inside.get(node, ()) and not keyword.iskeyword(name):
                yield name
