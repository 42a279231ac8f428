"""What belongs together has a name: no constructor, no function of firmware or tools has over 6 parameters.

A dataclass that holds values and no more (frozen, or without a method) is such a name, as is a NamedTuple:
it has as many fields as there are values. Any other dataclass is counted by the fields that have to be given.
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
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _too_many(source: str, functions: bool) -> list[str]:
    """What has too many parameters, and how many; `functions` are looked at, too."""
    return [f"{what}: {count}" for what, count in _counted(source, functions) if count > MOST]


def _counted(source: str, functions: bool) -> Iterator[tuple[str, int]]:
    methods: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            own = [each for each in node.body if isinstance(each, _Function)]
            methods.update(own)
            yield from ((node.name, _parameters(each) - 1) for each in own if each.name in _MAKERS)
            if _is_to_count(node, own):
                given = (
                    each for each in node.body if isinstance(each, ast.AnnAssign) and _is_given(each.value)
                )
                yield node.name, len(list(given))
            if functions:
                others = (each for each in own if each.name not in _MAKERS)
                yield from ((each.name, _parameters(each) - (not _is_static(each))) for each in others)
        elif functions and isinstance(node, _Function) and node not in methods and not _is_command(node):
            yield node.name, _parameters(node)
        elif isinstance(node, ast.Lambda):
            yield "lambda", _parameters(node)


def _parameters(function: _Function | ast.Lambda) -> int:
    of = function.args
    bundles = sum(each is not None for each in (of.vararg, of.kwarg))
    return len(of.posonlyargs) + len(of.args) + len(of.kwonlyargs) + bundles


def _is_to_count(node: ast.ClassDef, methods: list) -> bool:
    marks = [ast.unparse(each) for each in node.decorator_list if "dataclass" in ast.unparse(each)]
    return bool(marks and methods) and not any("frozen=True" in mark for mark in marks)


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
