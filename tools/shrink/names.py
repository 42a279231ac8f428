"""Gives the names of the program short ones, and one to several that cannot be confused.

Every name that a module brings lies in the chip's RAM for good: a pool entry of 7 bytes and its letters. So
what counts is how many different ones there are. A name may serve twice if it never means two things in one
place: a class with those it inherits from, a module's own names, or the words of one function.

A name's short one depends on its own spelling, and names that several modules know come first, so that a
change in one module hardly ever changes another: a release then fetches that module and no more.
"""

import ast
import builtins
import itertools
import keyword
import re
import string
import zlib
from collections.abc import Collection, Iterator, Mapping

from . import rom
from .syntax import parsed, tokens, walk

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SPREAD = len(rom.FREE)  # so many short names are shared by all
_BY_TEXT = {"getattr", "hasattr", "setattr", "delattr"}
_CONSTANT = re.compile(r"^(_[A-Z][A-Z0-9_]*) = const\(", re.MULTILINE)
_SHOWN = re.compile(r"[A-Z]\w*(Error|Exception)")  # the console names them
_IMPORTS = re.compile(r"^\s*(import|from) \w", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")


def kept(
    programs: Mapping[str, str], given: Collection[str], called: Collection[str], files: Collection[str] = ()
) -> set[str]:
    """Names that must stay: of modules, `called` by others, or `given` and asked of an object or a function.

    Those in texts, too, where the program has one of Python's functions that take a name as a text.

    `files` are the names of modules that no program says but in its imports.
    """
    trees = [parsed(program) for program in programs.values()]
    keep = set(dir(builtins)) | set(keyword.kwlist) | {"const", "self", "cls"}
    keep |= {word for module in {*programs}.difference(files) for word in module.split(".")}
    for program, tree in zip(programs.values(), trees, strict=True):
        keep |= set(_CONSTANT.findall(program))  # the compiler has them vanish
        keep |= {word for module in imported(program).difference(files) for word in module.split(".")}
        outside = {id(note) for note in _annotations(tree)}
        by_text = any(name in program for name in _BY_TEXT) and not _BY_TEXT.isdisjoint(words(program))
        for node in walk(tree):
            match node:
                case ast.Constant(str(text)) if by_text and id(node) not in outside:
                    keep.add(text)
                case ast.ClassDef(name) if _SHOWN.fullmatch(name):
                    keep.add(name)
    others = set(given).intersection(itertools.chain(*map(asked, trees)))
    return keep | set(called) | {name.rstrip("=") for name in others} | _set_on_others(trees)


def chosen(programs: Mapping[str, str], keep: Collection[str], files: Collection[str] = ()) -> dict[str, str]:
    """The short name for each name that the programs define and may change, which may be that of a file."""
    trees = [parsed(program) for program in programs.values()]
    places = [*itertools.chain(*map(_scopes, trees)), *_families(trees)]
    spoken = [words(program).difference(files) for program in programs.values()]
    own = set().union(*map(_defined, trees))
    own = {name for name in own.difference(rom.WORDS) if name not in keep and not name.startswith("__")}
    meets: dict[str, set[str]] = {name: set() for name in own}
    for place in places:
        for name in place & own:
            meets[name] |= place
    free = [*rom.FREE]
    free += [name for name in short_names() if name not in keep and not any(name in w for w in spoken)]
    times = {name: sum(name in w for w in spoken) for name in own}
    short: dict[str, str] = {}
    for name in sorted(own, key=lambda name: (times[name] < 2, zlib.crc32(name.encode()), name)):
        start = zlib.crc32(name.encode()) % _SPREAD
        order = itertools.chain(free[start:_SPREAD], free[:start], free[_SPREAD:])
        near = {short.get(other, other) for other in meets[name]}
        short[name] = next(new for new in order if new not in near)
    return short


def applied(program: str, short: Mapping[str, str]) -> str:
    """The program with its names changed; lines stay where they were. Texts and comments are left alone."""
    lines = program.splitlines(keepends=True)
    for word, (row, column), _ in reversed(tokens(program)):
        if word in short:
            line = lines[row - 1]
            lines[row - 1] = line[:column] + short[word] + line[column + len(word) :]
    return "".join(lines)


def given_by(text: str) -> set[str]:
    """The names that a module, or its stub, gives to others; behind one of a parameter is a "="."""
    found = set()
    for node in walk(parsed(text)):
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                found.add(name)
            case ast.Attribute(_, name) | ast.Name(name, ast.Store()):
                found.add(name)
            case ast.arg(name):
                found.add(name + "=")
            case ast.alias(name, other):
                found |= set((other or name).split("."))
    return found


def in_texts(program: str) -> set[str]:
    """The names in those texts of a program that are programs themselves: it has another machine run them."""
    return {word for text in programs_in(program) for word in _WORD.findall(text)}


def programs_in(program: str) -> Iterator[str]:
    """Those texts; `_` stands in a gap that is to be filled in."""
    for node in walk(parsed(program)):
        match node:
            case ast.JoinedStr(parts):
                text = "".join(part.value if isinstance(part, ast.Constant) else "_" for part in parts)
            case ast.Constant(str(text)):
                pass
            case _:
                continue
        if _runs(text):
            yield text


def _runs(text: str) -> bool:
    if _IMPORTS.search(text):
        return True  # though it may have gaps to be filled in
    try:
        nodes = list(walk(parsed(text)))
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.Call) for node in nodes)


def imported(program: str) -> set[str]:
    """The modules that a program imports, at its top or anywhere."""
    found = set()
    for node in walk(parsed(program)):
        match node:
            case ast.Import(aliases):
                found |= {alias.name for alias in aliases}
            case ast.ImportFrom(str(source)):
                found.add(source)
    return found


def words(program: str) -> set[str]:
    """All that could be a name in a program."""
    return {word for word, _, _ in tokens(program)}


def _annotations(tree: ast.Module) -> Iterator[ast.AST]:
    """Annotations and docstrings: the compiler leaves them out."""
    for node in walk(tree):
        match node:
            case ast.arg(annotation=note) | ast.AnnAssign(annotation=note):
                yield from walk(note) if note else ()
            case ast.FunctionDef(returns=note) | ast.AsyncFunctionDef(returns=note):
                yield from walk(note) if note else ()
        match node:
            case ast.Expr(ast.Constant(str())):
                yield node.value


def _defined(tree: ast.Module) -> Iterator[str]:
    """Names that the program brings and that lie in RAM: of its top, classes, parameters, attributes."""
    for node in walk(tree):
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name) | ast.arg(name):
                yield name
            case ast.Attribute(_, name, ast.Store()):
                yield name
    for holder in [tree, *(node for node in walk(tree) if isinstance(node, ast.ClassDef))]:
        for node in holder.body:
            yield from _bound(node)


def asked(tree: ast.Module) -> Iterator[str]:
    """Names by which objects are asked for what they have, functions called (then with a "=", too), and
    modules imported from."""
    for node in walk(tree):
        match node:
            case ast.Attribute(_, name):
                yield name
            case ast.keyword(str(name)):
                yield from (name, name + "=")
            case ast.ImportFrom(_, aliases):
                yield from (alias.name for alias in aliases)
            case ast.ClassDef(_, body=body):
                yield from set().union(*map(_bound, body))


def _bound(node: ast.stmt) -> set[str]:
    """What a statement of a module or class binds, but not inside functions."""
    if isinstance(node, _FUNCTIONS | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _scopes(tree: ast.Module) -> Iterator[set[str]]:
    """The words that mean something together: at the module's top, and in each outermost function."""
    top = set().union(*map(_bound, tree.body))
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, _FUNCTIONS):
                yield _spoken(node)
            else:
                waiting.append(node)
                top |= {node.id} if isinstance(node, ast.Name) else set()
    yield top


def _spoken(function: ast.AST) -> set[str]:
    """Words of a function that stand by themselves, not after a dot."""
    found = set()
    for node in walk(function):
        match node:
            case ast.Name(name) | ast.arg(name):
                found.add(name)
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                found.add(name)
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.Import() | ast.ImportFrom():
                found |= _bound(node)
    return found


def _families(trees: Collection[ast.Module]) -> Iterator[set[str]]:
    """What objects of a class, and of those it inherits from or hands down to, are asked for."""
    classes = [node for tree in trees for node in walk(tree) if isinstance(node, ast.ClassDef)]
    own = {node.name for node in classes}
    families: list[tuple[set[str], set[str]]] = []  # names of classes, and of what they have
    for node in classes:
        bases = {b.id if isinstance(b, ast.Name) else getattr(b, "attr", "") for b in node.bases}
        kin = {node.name} | bases - {"Protocol"}
        members = _members(node)
        if not bases <= (own - {node.name}) | {"Protocol"}:
            members |= {*rom.FREE}  # what it inherits is not seen here
        for family in [family for family in families if family[0] & kin]:
            families.remove(family)
            kin |= family[0]
            members |= family[1]
        families.append((kin, members))
    yield from (members for _, members in families)


def _set_on_others(trees: Collection[ast.Module]) -> set[str]:
    """What the program sets on objects and none of its own classes has: those objects are somebody else's."""
    found = set()
    for node in itertools.chain(*map(walk, trees)):
        match node:
            case ast.Attribute(holder, name, ast.Store()) if not _is_self(holder):
                found.add(name)
    return found.difference(*_families(trees))


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _members(node: ast.ClassDef) -> set[str]:
    """Names of a class' body, and those that its methods ask of themselves."""
    found = set().union(*map(_bound, node.body))
    for inner in walk(node):
        if isinstance(inner, ast.Attribute) and _is_self(inner.value):
            found.add(inner.attr)
    for statement in node.body:
        if not isinstance(statement, _FUNCTIONS):
            found |= {n.id for n in walk(statement) if isinstance(n, ast.Name)}
        else:  # decorators and defaults are worked out in the class
            outside = [*statement.decorator_list, *statement.args.defaults, *statement.args.kw_defaults]
            found |= {n.id for part in outside if part for n in walk(part) if isinstance(n, ast.Name)}
    return found


def short_names() -> Iterator[str]:
    """One letter, then two; what begins with a capital meets no local variable. None differ only by case."""
    yield from string.ascii_uppercase
    yield from (a + b for a in string.ascii_uppercase for b in string.ascii_lowercase + string.digits)
