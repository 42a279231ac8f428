"""The source files that the static checks look at, and what they import."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
FIRMWARE = TOP / "firmware"
ENTRY = [path for path in (TOP / "boot.py", TOP / "main.py", TOP / "lib/start.py") if path.exists()]
"""What the chip runs first: not part of a slot."""

_IMPORTERS = {"builtins", "importlib"}
_RUN_TEXT = {"__builtins__", "__import__", "compile", "eval", "exec"}
"""What imports by a name, or runs a text, that is made elsewhere."""

MODULES = sorted(FIRMWARE.rglob("*.py"))
ON_CHIP = [*ENTRY, *MODULES]


@cache
def name(path: Path) -> str:
    """A file as people call it: its path from the top."""
    return path.relative_to(TOP).as_posix()


@cache
def import_name(path: Path) -> str:
    """A firmware module as the firmware imports it, such as door.controller."""
    return ".".join(path.relative_to(FIRMWARE).with_suffix("").parts)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def imports(path: Path, for_types: bool = True) -> tuple[tuple[int, str], ...]:
    """Line and full name of everything that a file imports, at its head or within a function.

    Without for_types, what only the type checker sees (`if TYPE_CHECKING:`) is left out.
    """
    return tuple(_imports(path, for_types))


def _imports(path: Path, for_types: bool) -> Iterator[tuple[int, str]]:
    """As `imports`; "?" is a name that is not written out, and so may be any."""
    written_out: set[ast.Name] = set()
    for node in _walk(tree(path), for_types):
        match node:
            case ast.Import(aliases):
                for alias in aliases:
                    yield node.lineno, "?" if alias.name in _IMPORTERS else alias.name
            case ast.ImportFrom(module, aliases):
                for alias in aliases:
                    package = _package(path, module or "", node.level)
                    yield node.lineno, "?" if package in _IMPORTERS else f"{package}.{alias.name}".strip(".")
            case ast.Call(ast.Name("__import__") as function, [ast.Constant(str(named)), *_]):
                written_out.add(function)
                yield node.lineno, named
            case ast.Name() if node.id in _RUN_TEXT and node not in written_out:
                yield node.lineno, "?"
            case ast.Constant(str(text)) if text in _RUN_TEXT | {"modules"}:  # for getattr, or globals()
                yield node.lineno, "?"


def _package(path: Path, named: str, level: int) -> str:
    """The full name of a package that a file names, `level` folders up."""
    if not level:
        return named
    parents = path.relative_to(FIRMWARE).parent.parts
    return ".".join([*parents[: len(parents) - level + 1], named]).strip(".")


def _walk(node: ast.AST, for_types: bool) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING" and not for_types:
            for other in child.orelse:
                yield from _walk(other, for_types)
        else:
            yield from _walk(child, for_types)
