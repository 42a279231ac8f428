"""Joins the modules that stay loaded into a few files: each costs 250 B of RAM, and three names for good.

What app.py imports at its top becomes one file, and what each block of loader.Late imports another, together
with the modules that these import in their turn. A file has the name of the room from which most of its
modules are, or of the next one if another file has that name. A module that is lent for a time (loader.Loan)
keeps its own file, and takes in those that nobody gets without it and that come with it. A module in no room
that others know by its name, or that is imported whole, keeps its own file, too. Nothing but names changes: a
name that two modules of a file have is numbered in the second, and imports say where a name now is.
"""

import ast
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from .edits import Edit, edited, span
from .syntax import parsed, walk

_FIRST = "app"
_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_WORDS = {ast.FunctionDef: "def ", ast.AsyncFunctionDef: "async def ", ast.ClassDef: "class "}


class RoomError(Exception):
    """The modules of a room cannot be joined; the message names them and says why."""


@dataclass
class _Module:
    name: str
    source: str
    tree: ast.Module
    names: dict[str, str] = field(default_factory=dict)  # what it defines, and its name in the file
    file: str = ""  # which it is joined into

    @property
    def room(self) -> str:
        return self.name.rpartition(".")[0]


def join(sources: Mapping[str, str], known: Collection[str] = ()) -> dict[str, str]:
    """The programs by module name, those that stay loaded joined into files with the names of rooms.

    `known` are names by which others may import a module. Raises RoomError. A module that is no program is
    left as it is, for the compiler to explain.
    """
    modules = {}
    for name, source in sources.items():
        try:
            modules[name] = _Module(name, source, parsed(source))
        except SyntaxError:
            return dict(sources)
    files = _files(modules, {*known, *_whole(modules)})
    joined = {module.name: module for members in files.values() for module in members}
    for file, members in files.items():
        others = {name.rpartition(".")[2] for name in modules if name.startswith(file + ".")}
        _name(members, others - {module.name.rpartition(".")[2] for module in members})
    programs = {name: _rewritten(module, joined) for name, module in modules.items() if name not in joined}
    for file, members in files.items():
        programs[file] = "\n".join(_rewritten(module, joined) for module in members)
    return programs


def placed(sources: Mapping[str, str], known: Collection[str] = ()) -> dict[str, str]:
    """By the name of each module the name of the file that it is in, once joined."""
    modules = {name: _Module(name, source, parsed(source)) for name, source in sources.items()}
    _files(modules, {*known, *_whole(modules)})
    return {name: module.file or name for name, module in modules.items()}


def resident(sources: Mapping[str, str]) -> set[str]:
    """The names of the modules that stay loaded, of those that are in a room."""
    modules = {name: _Module(name, source, parsed(source)) for name, source in sources.items()}
    return {module.name for stage in _stages(modules) for module in stage if module.room}


def staying(trees: Mapping[str, ast.Module]) -> set[str]:
    """The names of all modules that stay loaded, in a room or not."""
    modules = {name: _Module(name, "", tree) for name, tree in trees.items()}
    return {module.name for stage in _stages(modules) for module in stage}


def _files(modules: Mapping[str, _Module], known: Collection[str]) -> dict[str, list[_Module]]:
    """The modules of each file that there is to be, each after those that it needs."""
    files: dict[str, list[_Module]] = {}
    for every in _stages(modules):
        stage = [module for module in every if module.room or module.name not in {_FIRST, *known}]
        of_rooms = [module.room for module in stage if module.room]
        if of_rooms:
            names = sorted(set(of_rooms), key=lambda room: (-of_rooms.count(room), of_rooms.index(room)))
            names += [f"{names[0]}_{number}" for number in range(2, 9)]
            files[next(name for name in names if name not in files)] = stage
    files |= _taken_in(modules, {module.name for stage in files.values() for module in stage}, known)
    for file, members in files.items():
        for module in members:
            module.file = file
    return files


def _taken_in(
    modules: Mapping[str, _Module], stay: Collection[str], known: Collection[str]
) -> dict[str, list[_Module]]:
    """By each lent module's name, what its file takes in: modules that come only with this one."""
    at_top = {name: _wanted(module.tree.body, modules) for name, module in modules.items()}
    anywhere = {name: _wanted(walk(module.tree), modules) for name, module in modules.items()}
    roots = (set(modules) - set().union(*anywhere.values())) | {_FIRST, *stay, *known}

    def reached(without: str) -> set[str]:
        found, todo = set(), [name for name in roots if name in modules and name != without]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += [target for target in anywhere[name] if target != without]
        return found

    def visit(name: str, others: Collection[str], found: list[str]) -> list[str]:
        for target in at_top[name]:
            if target not in others and target not in found:
                visit(target, others, found)
        found.append(name)
        return found

    groups = {name: visit(name, reached(name) | {name}, []) for name in modules if name not in stay}
    inner = {name for head, group in groups.items() for name in group if name != head}
    return {
        head: [modules[name] for name in group]
        for head, group in groups.items()
        if len(group) > 1 and head not in inner
    }


def _wanted(nodes: Iterable[ast.AST], modules: Mapping[str, _Module]) -> list[str]:
    """The modules that these statements import, in order."""
    found = [target for node in nodes for target in _targets(node, modules)]
    return [name for name in dict.fromkeys(found) if name in modules]


def _stages(modules: Mapping[str, _Module]) -> Iterable[list[_Module]]:
    """What app.py has at its top, then what each block of Late brings; each after what it needs.

    Of the blocks those come first whose modules app.py loads first.
    """
    seen: set[str] = set()

    def visit(name: str, found: list[_Module]) -> None:
        if name in seen or name not in modules:
            return
        seen.add(name)
        for node in modules[name].tree.body:
            for target in _targets(node, modules):
                visit(target, found)
        found.append(modules[name])

    stage: list[_Module] = []
    visit(_FIRST, stage)
    yield stage
    in_time = _wanted(walk(modules[_FIRST].tree), modules) if _FIRST in modules else []
    for name in dict.fromkeys([*in_time, *modules]):
        for block in late(modules[name].tree):
            stage = []
            for node in block.body:
                for target in _targets(node, modules):
                    visit(target, stage)
            yield stage


def _whole(modules: Mapping[str, _Module]) -> set[str]:
    """The names that are imported whole, by a plain `import`."""
    nodes = [node for module in modules.values() for node in walk(module.tree)]
    return {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def late(tree: ast.Module) -> Iterable[ast.With | ast.AsyncWith]:
    """The blocks of loader.Late."""
    for node in walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith) and ast.unparse(node.items[0].context_expr) == "Late()":
            yield node


def _targets(node: ast.AST, modules: Mapping[str, _Module]) -> Iterable[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from [name for name in names if name in modules] or [node.module or ""]


def _name(room: list[_Module], others: set[str]) -> None:
    """Find, for all that the modules of a room define, names that are free in the room.

    `others` are the modules that keep their own file: one that is loaded puts its name into the room.
    """
    taken = dict.fromkeys(others, "")
    near = {module.name for module in room}
    for module in room:
        for node in module.tree.body:
            for name, origin in _imported(node):
                if origin in near or origin.rpartition(".")[0] in near:
                    continue
                if taken.setdefault(name, origin) != origin:
                    raise RoomError(f"{module.name} imports {origin}, and its room has another {name}")
    for module in room:
        for name in sorted(_defined(module.tree.body)):
            new, number = name, 1
            while new in taken:
                number += 1
                new = f"{name}_{number}"
            taken[new] = module.name
            module.names[name] = new


def _imported(node: ast.stmt) -> Iterable[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0], alias.name
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _defined(body: list[ast.stmt]) -> set[str]:
    found = set()
    for node in body:
        if isinstance(node, _DEFINITIONS):
            found.add(node.name)
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            found |= {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return found


def _rewritten(module: _Module, joined: Mapping[str, _Module]) -> str:
    """The program with the names it has in its room, and with imports from where things now are."""
    inside = joined.get(module.name) is module
    names = dict(module.names) if inside else {}
    spaces: dict[str, tuple[str, Mapping[str, str]]] = {}  # a joined module that was imported whole
    edits: list[Edit] = []
    nodes = list(walk(module.tree))
    unread = set(for_types(module.tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            near = module.file if inside else ""
            text = "pass" if node in unread else _import(node, near, joined, names, spaces)
            edits.append((*span(node), text))
    for node in module.tree.body:
        if isinstance(node, _DEFINITIONS) and names.get(node.name, node.name) != node.name:
            start = node.col_offset + len(_WORDS[type(node)])
            edits.append((node.lineno, start, node.lineno, start + len(node.name.encode()), names[node.name]))
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in spaces:
            before, space = spaces[node.value.id]
            if node.attr not in space:
                raise RoomError(f"{module.name} takes {node.attr} from {node.value.id}, which has none")
            edits.append((*span(node), before + space[node.attr]))
        elif isinstance(node, ast.Name) and names.get(node.id, node.id) != node.id:
            edits.append((*span(node), names[node.id]))
        elif isinstance(node, ast.arg) and names.get(node.arg, node.arg) != node.arg:
            raise RoomError(f"{module.name} has a parameter {node.arg}, a name of its room's")
    return edited(module.source, edits)


def for_types(tree: ast.Module) -> Iterable[ast.AST]:
    """What only a type checker reads."""
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from ast.walk(node)


def _import(
    node: ast.ImportFrom,
    file: str,
    joined: Mapping[str, _Module],
    names: dict[str, str],
    spaces: dict[str, tuple[str, Mapping[str, str]]],
) -> str:
    """What becomes of `from x import y`; `file` is the one that the importing module is joined into."""
    lines = []
    for alias in node.names:
        bound, whole = alias.asname or alias.name, f"{node.module}.{alias.name}"
        if whole in joined:
            near = joined[whole].file == file
            spaces[bound] = "" if near else f"{bound}.", joined[whole].names
            lines += [] if near else [f"import {joined[whole].file} as {bound}"]
        elif node.module in joined:
            source = joined[node.module]
            if alias.name not in source.names:
                raise RoomError(f"{node.module} defines no {alias.name}, which is imported from it")
            now = source.names[alias.name]
            if source.file == file:
                names[bound] = now
            else:
                lines.append(f"from {source.file} import {now}" + (f" as {bound}" if now != bound else ""))
        else:
            lines.append(f"from {node.module} import {alias.name}" + (f" as {bound}" if alias.asname else ""))
    return "; ".join(lines) or "pass"
