"""Has files take what most of them need of MicroPython's modules from the file that stays loaded.

There it has a short name. Otherwise each of them spells the names of the module and of the function, and asks
the module for it with each call.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping

from . import files
from .edits import Edit, edited, span
from .syntax import parsed, walk

_SHARED = {
    "asyncio": {"create_task", "sleep_ms"},
    "console": {"error", "info", "warning"},
    "hashlib": {"sha256"},
    "loader": {"Loan"},
    "os": {"urandom"},
    "struct": {"pack", "unpack", "unpack_from"},
    "time": {"ticks_add", "ticks_diff", "ticks_ms"},
}
"""Fixed, and not counted: a change in one module must not change others. More would lie in RAM for few."""
_STARTING = ("app", "inside")  # they load the file that stays, when the settings have been read

_Taken = set[tuple[str, str]]  # (module, name)


def shared(programs: Mapping[str, str], file: str) -> dict[str, str]:
    """The programs by their files' names; `file` is the one that stays. What comes before it is as it was."""
    if file not in programs:
        return dict(programs)
    first = _all_that_load(
        programs, {"settings", *_STARTING, *_imports(parsed(programs[file]).body)} - {file}
    )
    changed = dict(programs)
    every: _Taken = set()
    for name in programs:
        if name not in first:
            changed[name], taken = _rewritten(programs[name])
            every |= taken
            if taken and name != file:
                names = ", ".join(sorted(f"{module}_{what}" for module, what in taken))
                changed[name] = files.applied(f"from {file} import {names}\n{changed[name]}", {})
    lines = [f"from {module} import {what} as {module}_{what}\n" for module, what in sorted(every)]
    changed[file] = files.applied("".join(lines) + changed[file], {})
    return changed


def _all_that_load(programs: Mapping[str, str], names: Iterable[str]) -> set[str]:
    """These files, and what comes with them: all that they import, and that imports."""
    found, todo = set[str](), [name for name in names if name in programs]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            tree = parsed(programs[name])
            others = _imports(tree.body if name in _STARTING else walk(tree))
            todo += [other for other in others if other in programs]
    return found


def _imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _rewritten(program: str) -> tuple[str, _Taken]:
    """The program without its imports of what is shared, and with names that tell of which module it is."""
    tree = parsed(program)
    edits: list[Edit] = []
    bound: dict[str, tuple[str, str]] = {}  # by its name here
    for node in walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in _SHARED:
            shares = _SHARED[node.module]
            bound |= {a.asname or a.name: (node.module, a.name) for a in node.names if a.name in shares}
            left = [ast.unparse(alias) for alias in node.names if alias.name not in shares]
            edits.append((*span(node), f"from {node.module} import {', '.join(left)}" if left else "pass"))
    wholes = [n for n in walk(tree) if isinstance(n, ast.Import) and ast.unparse(n)[7:] in _SHARED]
    modules = {node.names[0].name for node in wholes}
    taken, asked = set(bound.values()), set[str]()
    for node in walk(tree):
        match node:
            case ast.Name(name) if name in bound:
                edits.append((*span(node), "_".join(bound[name])))
            case ast.Attribute(ast.Name(module), what) if module in modules and what in _SHARED[module]:
                taken.add((module, what))
                edits.append((*span(node), f"{module}_{what}"))
            case ast.Attribute(ast.Name(module)) if module in modules:
                asked.add(module)  # for something else
    edits += [(*span(node), "pass") for node in wholes if node.names[0].name not in asked]
    return edited(program, edits), taken
