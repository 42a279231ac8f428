"""The source files that the static checks look at, and what they import."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
FIRMWARE = TOP / "firmware"
ENTRY = [path for path in (TOP / "boot.py", TOP / "main.py") if path.exists()]
"""What the chip runs first: not part of a slot."""

MODULES = sorted(FIRMWARE.rglob("*.py"))
ON_CHIP = [*ENTRY, *MODULES]


def name(path: Path) -> str:
    """A file as people call it: its path from the top."""
    return path.relative_to(TOP).as_posix()


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
    for node in _walk(tree(path), for_types):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            package = node.module or ""
            if node.level:
                parents = path.relative_to(FIRMWARE).parent.parts
                parents = parents[: len(parents) - node.level + 1]
                package = ".".join([*parents, package]).strip(".")
            for alias in node.names:
                yield node.lineno, f"{package}.{alias.name}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__":
            # "?" is a name that is not written out, and so may be any.
            named = node.args[0] if node.args else None
            yield node.lineno, str(named.value) if isinstance(named, ast.Constant) else "?"


def _walk(node: ast.AST, for_types: bool) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING" and not for_types:
            for other in child.orelse:
                yield from _walk(other, for_types)
        else:
            yield from _walk(child, for_types)
