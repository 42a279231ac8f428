"""What belongs together has a name: no constructor, no function of firmware or tools has over 6 parameters.

A dataclass that holds values and no more (it has no method, not even a property) is such a name, as is a
NamedTuple: it has as many fields as there are values. Any other dataclass is counted by the fields that have
to be given, with those of its base in the same file. A constructor names what it takes: `*things` hides how
many they are, unless they go on to the base as they are, or the class stands in for one of MicroPython's.
A function that is a command is not counted: its parameters are the options that a person types.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.static.helpers.sources import ENTRY, TOP, name

MOST = 6
_SEVEN = "\n    ".join(f"{field}: int" for field in "abcdefg")
_SEVEN_KNOWN = "\n    ".join(f"{field}: int = 0" for field in "abcdefg")
FILES = [
    *ENTRY,
    *(path for folder in ("firmware", "tools", "tests") for path in sorted((TOP / folder).rglob("*.py"))),
]
_MAKERS = {"__init__", "__new__"}
_AS_MICROPYTHON = ("tools/simulator/fakes/", "tools/bench/tap_", "tests/unit/")
"""What has the signatures of the chip's own classes, or stands in for them."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _too_many(source: str, functions: bool) -> list[str]:
    """What has too many parameters, and how many; `functions` are looked at, too."""
    return [f"{what}: {count}" for what, count in _counted(source, functions) if count > MOST]


def _counted(source: str, functions: bool) -> Iterator[tuple[str, int]]:
    methods: set[ast.AST] = set()
    tree = ast.parse(source)
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            own = list(_methods(node))
            methods.update(own)
            yield from ((node.name, _parameters(each) - 1) for each in own if each.name in _MAKERS)
            family = list(_family(node, classes))
            if _is_dataclass(node) and any(True for each in family for _ in _methods(each)):
                yield node.name, sum(map(_given, family))
            if functions:
                others = (each for each in own if each.name not in _MAKERS)
                yield from ((each.name, _parameters(each) - (not _is_static(each))) for each in others)
        elif functions and isinstance(node, _Function) and node not in methods and not _is_command(node):
            yield node.name, _parameters(node)
        elif isinstance(node, ast.Lambda):
            yield "lambda", _parameters(node)


def _methods(node: ast.AST) -> Iterator[_Function]:
    """Those of a class, under an `if` too; not those of a class or a function within it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            yield child
        elif not isinstance(child, ast.ClassDef | ast.expr):
            yield from _methods(child)


def _family(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[ast.ClassDef]:
    """A class and its bases, as far as they are in the file."""
    yield node
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in classes and classes[base.id] is not node:
            yield from _family(classes[base.id], classes)


def _given(node: ast.ClassDef) -> int:
    """The fields of a class that have to be given."""
    return sum(isinstance(each, ast.AnnAssign) and _is_given(each.value) for each in node.body)


def _bundled(source: str) -> list[str]:
    """The classes whose constructor takes `*things`, and does more than hand them on."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            for each in _methods(node):
                bundles = {f"*{each.args.vararg.arg}"} if each.args.vararg else set()
                bundles |= {f"**{each.args.kwarg.arg}"} if each.args.kwarg else set()
                if each.name in _MAKERS and not bundles <= _handed_on(each):
                    found.append(node.name)
    return found


def _handed_on(maker: _Function) -> set[str]:
    """The bundles that go to the base whole, and are named nowhere else."""
    named = [each.id for each in ast.walk(maker) if isinstance(each, ast.Name)]
    found = set()
    for call in ast.walk(maker):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {f"super().{name}" for name in _MAKERS}:
            found |= {ast.unparse(each) for each in call.args if isinstance(each, ast.Starred)}
            found |= {f"**{ast.unparse(each.value)}" for each in call.keywords if each.arg is None}
    return {bundle for bundle in found if named.count(bundle.lstrip("*")) == 1}


def _parameters(function: _Function | ast.Lambda) -> int:
    of = function.args
    bundles = sum(each is not None for each in (of.vararg, of.kwarg))
    return len(of.posonlyargs) + len(of.args) + len(of.kwonlyargs) + bundles


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(each) for each in node.decorator_list)


def _is_static(function: _Function) -> bool:
    return any(ast.unparse(each) == "staticmethod" for each in function.decorator_list)


def _is_given(value: ast.expr | None) -> bool:
    """Whether a dataclass's field has to be given: it has no default, by field() neither."""
    match value:
        case ast.Call(ast.Name("field") | ast.Attribute(_, "field"), _, options):
            return not any((option.arg or "").startswith("default") for option in options)
    return value is None


def _is_command(function: _Function) -> bool:
    return any(".command(" in ast.unparse(each) for each in function.decorator_list)


def test_what_belongs_together_has_a_name() -> None:
    known = {name(path): path.read_text() for path in FILES}
    found = {path: _too_many(source, not path.startswith("tests/")) for path, source in known.items()}
    assert not {path: what for path, what in found.items() if what}


def test_a_constructor_names_what_it_takes() -> None:
    known = {name(path): path.read_text() for path in FILES if not name(path).startswith(_AS_MICROPYTHON)}
    found = {path: _bundled(source) for path, source in known.items()}
    assert not {path: what for path, what in found.items() if what}


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def __init__(self, *things): self.things = things",
        "class A:\n    def __init__(self, a, **things): self.__dict__.update(things)",
        "class A:\n    def __new__(cls, *things): return things[0]",
        "class A(B):\n    def __init__(self, *things): super().__init__(*things[1:])",
        "class A(B):\n    def __init__(self, *things):\n        super().__init__(*things)\n        B(things)",
        "class A(B):\n    def __init__(self, *things): B(*things)",
        "class A:\n    if True:\n        def __init__(self, *things): ...",
    ],
)
def test_a_bundle_is_noticed(source: str) -> None:
    assert _bundled(source) == ["A"]


@pytest.mark.parametrize(
    "source",
    [
        "class A(B):\n    def __init__(self, a, *things, **more): super().__init__(*things, **more)",
        "class A:\n    def __init__(self, a, b): ...\n    def do(self, *things): ...",
    ],
)
def test_a_bundle_that_goes_on_is_none(source: str) -> None:
    assert not _bundled(source)


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def __init__(self, a, b, c, d, e, f, g): ...",
        "class A:\n    def __init__(self, a, b, c, *, d=1, e=2, f=3, g=4): ...",
        "class A:\n    def __init__(self, a, b, c, d, e, f, **more): ...",
        "class A:\n    def __new__(cls, a, b, c, d, e, f, g): ...",
        "class A:\n    def do(self, a, b, c, d, e, f, g): ...",
        "async def do(a, b, c, d, e, f, g): ...",
        f"@dataclass\nclass A:\n    {_SEVEN}\n    def do(self): ...",
        f"@dataclass\nclass A:\n    {_SEVEN.replace('int', 'int = field()')}\n    def do(self): ...",
        f"@dataclass(frozen=True)\nclass A:\n    {_SEVEN}\n    @property\n    def x(self): ...",
        f"@dataclass(frozen=True)\nclass A:\n    {_SEVEN}\n    def __post_init__(self): ...",
        f"@dataclass\nclass A:\n    {_SEVEN}\n    if True:\n        def do(self): ...",
        f"@dataclass\nclass B:\n    {_SEVEN}\n@dataclass\nclass A(B):\n    def do(self): ...",
        f"class B:\n    def do(self): ...\n@dataclass\nclass A(B):\n    {_SEVEN}",
        "class A:\n    @staticmethod\n    def do(a, b, c, d, e, f, g): ...",
        "class A:\n    do = lambda self, a, b, c, d, e, f: 1",
    ],
)
def test_seven_are_noticed(source: str) -> None:
    assert _too_many(source, True)


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def __init__(self, a, b, c, d, e, f): ...",
        f"@dataclass(frozen=True)\nclass A:\n    {_SEVEN}",
        f"@dataclass\nclass A:\n    {_SEVEN_KNOWN}\n    def do(self): ...",
        "class A:\n    @staticmethod\n    def do(a, b, c, d, e, f): ...",
        "@click.command()\ndef do(a, b, c, d, e, f, g): ...",
    ],
)
def test_six_and_records_and_commands_are_not(source: str) -> None:
    assert not _too_many(source, True)
