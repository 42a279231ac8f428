"""Writes public constants out where they are used: a name that others import lies in RAM, and in two tables.

Those are numbers, bytes, and words so short that they take less than a name. The compiler does the same by
itself for `_NAME = const(...)`, which nobody else sees. It needs no `const` for that: nobody imports it then.
"""

import ast
import re
from collections.abc import Collection, Iterable, Mapping

from .edits import Edit, edited, span
from .syntax import parsed, walk

_Value = int | str | bytes
_Values = dict[str, _Value]
_DECLARED = re.compile(r"^(\w+) = const\(", re.MULTILINE)
_SHORT = 12  # characters. Beyond 10 MicroPython keeps one for each place: still less than a name takes


def written_out(programs: Mapping[str, str], keep: Collection[str]) -> dict[str, str]:
    """The programs with the value of each public `NAME = constant` in its place, but for names in `keep`."""
    trees = {module: parsed(program) for module, program in programs.items()}
    values = _values(trees)
    stay = set(keep) | _taken_otherwise(trees, values)
    for known in values.values():
        for name in set(known) & stay:
            del known[name]
    return {
        module: _rewritten(program, trees[module], module, values) for module, program in programs.items()
    }


def declared(programs: Mapping[str, str]) -> set[str]:
    """The names of all `NAME = const(...)`: the compiler writes them out within their file, whatever else
    has that name there.
    """
    return {name for program in programs.values() for name in _DECLARED.findall(program)}


def _values(trees: Mapping[str, ast.Module]) -> dict[str, _Values]:
    """What the constants of each module are; one may come of those of other modules, and of private ones."""
    values: dict[str, _Values] = {module: {} for module in trees}
    found = -1
    while found != (found := sum(map(len, values.values()))):
        for module, tree in trees.items():
            imported = {bound: values[source][name] for bound, source, name in _imports(tree, values)}
            for node in tree.body:
                name, expression = _definition(node)
                if expression:
                    try:
                        text = compile(ast.Expression(expression), module, "eval")
                        value = eval(text, {"__builtins__": {}}, imported | values[module])  # noqa: S307
                    except (NameError, TypeError, AttributeError):
                        continue
                    if isinstance(value, int | bytes) or (isinstance(value, str) and len(value) <= _SHORT):
                        values[module][name] = value
    for known in values.values():
        for name in [name for name in known if name.startswith("_")]:
            del known[name]
    return values


def _definition(node: ast.stmt) -> tuple[str, ast.expr | None]:
    """Name and expression of `NAME = const(expression)`, or without const."""
    match node:
        case ast.Assign([ast.Name(name)], value) if name.isupper():
            match value:
                case ast.Call(ast.Name("const"), [inner]):
                    return name, inner
            return name, value
    return "", None


def _imports(tree: ast.Module, values: Mapping[str, _Values]) -> Iterable[tuple[str, str, str]]:
    """(name here, module, name there) of the constants that a program imports, wherever it does."""
    for node in walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name in values.get(node.module or "", ()):
                    yield alias.asname or alias.name, node.module or "", alias.name


def _spaces(tree: ast.Module, values: Mapping[str, _Values]) -> dict[str, str]:
    """The modules that a program imports whole, by their name there."""
    spaces = {}
    for node in walk(tree):
        if isinstance(node, ast.Import):
            spaces |= {a.asname: a.name for a in node.names if a.asname and a.name in values}
        elif isinstance(node, ast.ImportFrom):
            wholes = {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
            spaces |= {bound: whole for bound, whole in wholes.items() if whole in values}
    return spaces


def _taken_otherwise(trees: Mapping[str, ast.Module], values: Mapping[str, _Values]) -> set[str]:
    """Names that are used in a way that this module does not follow, or that mean something else too."""
    taken = set()
    for tree in trees.values():
        spaces = _spaces(tree, values)
        here = {name for name, _ in map(_definition, tree.body)}
        for node in walk(tree):
            match node:
                case ast.Attribute(ast.Name(space), name) if name in values.get(spaces.get(space, ""), ()):
                    pass
                case ast.Attribute(_, name) | ast.arg(name):
                    taken.add(name)
                case ast.Name(name, ast.Store()) if name not in here:
                    taken.add(name)
    return taken


def _is_const_called(tree: ast.Module) -> bool:
    """Whether const() is more than a word to the compiler, which takes it away from `NAME = const(...)`."""
    taken = sum(isinstance(node, ast.Name) and node.id == "const" for node in walk(tree))
    return taken != sum(
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "const"
        for node in tree.body
    )


def _rewritten(program: str, tree: ast.Module, module: str, values: Mapping[str, _Values]) -> str:
    here = dict(values[module])
    edits: list[Edit] = []
    for bound, source, name in _imports(tree, values):
        here[bound] = values[source][name]
    spaces = _spaces(tree, values)
    words = {} if _is_const_called(tree) else {"micropython": ("const",)}
    for node in walk(tree):
        if isinstance(node, ast.ImportFrom):
            known = words.get(node.module or "") or values.get(node.module or "", ())
            gone = [alias for alias in node.names if alias.name in known]
            if gone:
                left = [ast.unparse(alias) for alias in node.names if alias not in gone]
                text = f"from {node.module} import {', '.join(left)}" if left else "pass"
                edits.append((*span(node), text))
        elif isinstance(node, ast.Assign) and _definition(node)[0] in values[module]:
            edits.append((*span(node), "pass"))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in here:
            edits.append((*span(node), _literal(here[node.id])))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            space = values.get(spaces.get(node.value.id, ""), {})
            if node.attr in space:
                edits.append((*span(node), _literal(space[node.attr])))
    return edited(program, _outermost(edits))


def _outermost(edits: Iterable[Edit]) -> Iterable[Edit]:
    """The edits that lie in no other: of two that overlap one lies in the other, as their nodes do."""
    end = (0, 0)
    for edit in sorted(set(edits), key=lambda edit: (*edit[:2], -edit[2], -edit[3])):
        if edit[2:4] > end:
            end = edit[2:4]
            yield edit


def _literal(value: _Value) -> str:
    return f"({value})" if isinstance(value, int) and value < 0 else repr(value)
