"""Nothing unknown stands at the project's top, and its files are of a size that can be read."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests import conftest
from tests.static.helpers.sources import ON_CHIP, TOP, name, tree

AT_THE_TOP = {
    "boot.py",
    "main.py",
    "firmware",
    "lib",
    "tests",
    "tools",
    "Makefile",
    "README.md",
    "pyproject.toml",
    "LICENSE",
    "CHANGELOG.md",
    "SECURITY.md",
}
NOT_OURS = {"build", "__pycache__"}
LONGEST = 400
"""Lines. A file is split because it has two ideas; this only finds what has grown unseen."""

MOST_PARAMETERS = 6

WRITTEN = [
    path
    for folder in ("firmware", "tests", "tools")
    for path in sorted((TOP / folder).rglob("*"))
    if path.suffix in {".py", ".js", ".css", ".html"}
]


def test_nothing_else_stands_at_the_top() -> None:
    there = {path.name for path in TOP.iterdir() if not path.name.startswith(".")}
    assert there - AT_THE_TOP - NOT_OURS == set()


def test_what_is_dealt_out_in_its_own_way_is_there() -> None:
    """A file that is renamed would lose its place, and make all tests take longer."""
    named = {*conftest._LONG, *conftest._SHARING}
    assert {path for path in named if not (TOP / "tests" / path).exists()} == set()


def test_no_file_is_too_long() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in [*ON_CHIP, *WRITTEN]}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


@pytest.mark.parametrize("path", ON_CHIP, ids=name)
def test_every_except_names_what_it_catches(path: Path) -> None:
    bare = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not bare, f"{name(path)} has a bare except in line {bare}"


@pytest.mark.parametrize("path", ON_CHIP, ids=name)
def test_nothing_rests_on_assert(path: Path) -> None:
    """An optimised build drops asserts, and with them whatever they guarded."""
    found = [node.lineno for node in ast.walk(tree(path)) if isinstance(node, ast.Assert)]
    assert not found, f"{name(path)} asserts in line {found}"


@pytest.mark.parametrize("path", ON_CHIP, ids=name)
def test_no_function_has_more_than_six_parameters(path: Path) -> None:
    """More of them are a thing that wants a name: link.mqtt.Broker is one."""
    assert _too_many_parameters(tree(path)) == {}


def test_a_function_with_seven_parameters_is_found() -> None:
    fine = (
        "def function(a, b, c, d, e, f): ...\n"
        "class Part:\n"
        "    def __init__(self, a, b, c, d, e, *, f): ...\n"
        "    async def method(self, a, b, c, d, e, *f): ...\n"
    )
    assert _too_many_parameters(ast.parse(fine)) == {}
    wrong = (
        "def function(a, b, c, d, e, f, g): ...\n"
        "def own(self, b, c, d, e, f, g): ...\n"  # no method: self is a parameter like any other
        "class Part:\n"
        "    def __init__(self, a, b, c, d, e, f, g): ...\n"
        "    async def method(self, a, /, b, c, d, *e, f, **g):\n"
        "        def inner(a, b, c, d, e, f, g): ...\n"
        "    @staticmethod\n"
        "    def static(a, b, c, d, e, f, g): ...\n"
    )
    found = {"function": 7, "own": 7, "__init__": 7, "method": 7, "inner": 7, "static": 7}
    assert _too_many_parameters(ast.parse(wrong)) == found


def _too_many_parameters(program: ast.AST, in_class: bool = False) -> dict[str, int]:
    """The functions with more than six parameters besides self, and how many they have."""
    found = {}
    for node in ast.iter_child_nodes(program):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [each.arg for each in ast.iter_child_nodes(node.args) if isinstance(each, ast.arg)]
            count = len(names) - (in_class and names[:1] in (["self"], ["cls"]))
            if count > MOST_PARAMETERS:
                found[node.name] = count
        found |= _too_many_parameters(node, isinstance(node, ast.ClassDef))
    return found


@pytest.mark.parametrize("path", ON_CHIP, ids=name)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path)), f"{name(path)} begins without saying what it is for"


def test_the_version_is_in_one_place() -> None:
    version = TOP / "firmware" / "version.py"
    assert re.search(r'^VERSION = "\d+\.\d+\.\d+"$', version.read_text(), re.MULTILINE)
    pyproject = tomllib.loads((TOP / "pyproject.toml").read_text())
    assert "version" not in pyproject["project"]
    assert pyproject["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "firmware.version.VERSION"}
