"""The same program in fewer bytes of RAM: names shortened, what only a type checker reads left out.

Every name that a module brings lies in RAM for good (MicroPython interns it), so modules should share
names that nobody outside them can see: those that begin with an underscore, which a test keeps to their
own module, and those of parameters that nobody passes by name.
"""

import ast
import builtins
import io
import itertools
import re
import string
import tokenize
from collections.abc import Iterable, Iterator

_CONSTANT = re.compile(r"^(_[A-Z][A-Z0-9_]*) = const\(", re.MULTILINE)
_TYPES = re.compile(r"\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n(?:(?: +.*)?\n)+")
_FOREIGN = {"_io_queue"}  # a private name of MicroPython's asyncio
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_Position = tuple[int, int]


def shortened(source: str, passed_by_name: Iterable[str]) -> str:
    """The program with its hidden names shortened; lines stay where they were.

    `passed_by_name` are the names of parameters that some module passes by name. A text that is no
    program is given back as it is, for the compiler to explain.
    """
    try:
        tree = ast.parse(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return source
    words = [token for token in tokens if token.type == tokenize.NAME]
    attributes = {b.start for a, b in itertools.pairwise(tokens) if a.string == "."}
    edits = _private(words, set(_CONSTANT.findall(source)))
    keep = set(passed_by_name) | _outside(tree)
    for function in _outermost(tree):
        edits |= _parameters(function, words, attributes, keep)
    lines = source.splitlines(keepends=True)
    for (row, column), (old, new) in sorted(edits.items(), reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + new + line[column + len(old) :]
    return "".join(lines)


def without_types(source: str) -> str:
    """The program without what only a type checker reads: its imports would cost the chip RAM."""
    return _TYPES.sub("\n", source)


def names_passed(source: str) -> set[str]:
    """The names by which this program passes arguments; none where it is no program."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    return {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}


def _private(words: list[tokenize.TokenInfo], constants: set[str]) -> dict[_Position, tuple[str, str]]:
    """Where private names stand. Constants made by const() vanish by themselves if they stay private."""
    used = [word.string for word in words]
    long = {w for w in used if re.match(r"_[A-Za-z]", w)} - constants - _FOREIGN
    short = (name for name in _short_names("_") if name not in used)
    new = dict(zip(sorted(long, key=lambda w: (-used.count(w), w)), short, strict=False))
    return {word.start: (word.string, new[word.string]) for word in words if word.string in new}


def _parameters(
    function: ast.AST, words: list[tokenize.TokenInfo], attributes: set[_Position], keep: set[str]
) -> dict[_Position, tuple[str, str]]:
    """Where parameters of this function, and of those inside it, stand."""
    first = min([function.lineno, *(d.lineno for d in getattr(function, "decorator_list", []))])
    inside = [w for w in words if first <= w.start[0] <= function.end_lineno]
    inside = [w for w in inside if w.start >= (function.lineno, function.col_offset)]
    long = {
        a.arg
        for node in ast.walk(function)
        if isinstance(node, _FUNCTIONS | ast.Lambda)
        for a in (*node.args.posonlyargs, *node.args.args)
    }
    long -= keep | {"self", "cls"}
    used = {w.string for w in words}
    short = (name for name in _short_names("") if name not in used)
    new = dict(zip(sorted(n for n in long if not n.startswith("_")), short, strict=False))
    return {
        w.start: (w.string, new[w.string]) for w in inside if w.string in new and w.start not in attributes
    }


def _outside(tree: ast.Module) -> set[str]:
    """What a function sees from around it: built-in names, and all that the module's top and classes bind."""
    bound = set(dir(builtins)) | {"const"}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            bound |= set((getattr(node, "module", None) or "").split("."))
        elif isinstance(node, (_FUNCTIONS, ast.ClassDef)):
            bound.add(node.name)
    for place in [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef))]:
        for node in place.body:
            bound |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if _binds(node) else set()
    return bound


def _binds(node: ast.stmt) -> bool:
    return not isinstance(node, (_FUNCTIONS, ast.ClassDef))


def _outermost(tree: ast.Module) -> Iterator[ast.AST]:
    """Functions that stand in no other: those of the module and of its classes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, _FUNCTIONS):
                yield node
            else:
                waiting.append(node)


def _short_names(before: str) -> Iterator[str]:
    for digits in ("", *string.digits, *(f"{n}" for n in range(10, 100))):
        for letter in string.ascii_lowercase:
            yield f"{before}{letter}{digits}"
