"""Text is UTF-8 on every computer: no file of the tools is read or written in the computer's own language."""

import ast
from collections.abc import Iterator

import pytest

from tests.static.helpers.sources import TOP, name

_FAKES = TOP / "tools/simulator/fakes"  # MicroPython, which knows no other
_ON_CHIP = {TOP / "tools/bench/tap_chip.py", TOP / "tools/bench/tap_line.py"}
_FILES = sorted({*(path for path in (TOP / "tools").rglob("*.py") if _FAKES not in path.parents)} - _ON_CHIP)
_OPEN = {"open": 1, "fdopen": 1, "NamedTemporaryFile": 0, "TemporaryFile": 0}
"""What opens a file, and where its mode stands; one place earlier for a path's own method."""

_OF_TEXT = {"read_text": 0, "write_text": 1}
"""Where the encoding stands."""


def _unsaid(source: str) -> Iterator[str]:
    """Calls that take the computer's encoding."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(option.arg == "encoding" for option in node.keywords):
            continue
        match node.func:
            case ast.Attribute(_, called) if called in _OF_TEXT and len(node.args) <= _OF_TEXT[called]:
                yield f"{node.lineno}: {called}"
            case ast.Attribute(of, called) if called in _OPEN:
                is_own = called == "open" and not (isinstance(of, ast.Name) and of.id in ("os", "io"))
                if not (isinstance(of, ast.Name) and (of.id, called) == ("os", "open")):
                    yield from _opened(node, called, _OPEN[called] - is_own)
            case ast.Name(called) if called in _OPEN:
                yield from _opened(node, called, _OPEN[called])


def _opened(node: ast.Call, called: str, at: int) -> Iterator[str]:
    modes = [option.value for option in node.keywords if option.arg == "mode"] or node.args[at : at + 1]
    mode = modes[0].value if modes and isinstance(modes[0], ast.Constant) else None
    if (isinstance(mode, str) and set(mode) <= set("rwxat+")) or (
        mode is None and called == "open" and not node.args[at:]
    ):
        yield f"{node.lineno}: {called}"


def test_every_text_says_its_encoding() -> None:
    found = {name(path): list(_unsaid(path.read_text(encoding="utf-8"))) for path in _FILES}
    assert {path: where for path, where in found.items() if where} == {}


@pytest.mark.parametrize(
    "line",
    ["p.read_text()", "p.write_text(x)", "open(p)", "open(p, 'w')", "p.open('w')", "os.fdopen(h, 'w')"],
)
def test_what_does_not_say_it_is_seen(line: str) -> None:
    assert list(_unsaid(line))


@pytest.mark.parametrize(
    "line",
    [
        "p.read_text('utf-8')",
        "p.read_text(encoding='utf-8')",
        "p.write_text(x, encoding='utf-8')",
        "open(p, 'rb')",
        "p.open('rb')",
        "os.fdopen(h, 'wb')",
        "os.open(p, flags, 0o600)",
        "self.seal.open(name, sealed)",
    ],
)
def test_what_says_it_passes(line: str) -> None:
    assert not list(_unsaid(line))
