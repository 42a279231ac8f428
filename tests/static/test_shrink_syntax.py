"""How the build takes programs apart: as Python itself does, and faster."""

import ast
import gc
from pathlib import Path

import pytest

from menshen.shrink import syntax
from tests.static.helpers.sources import FIRMWARE

_TEXTS = (
    "def f(x):\n    ...\ndef g():\n    return x.a.b, 0x1F.real, 1e5, .5j\n",
    "a = b'c # \\' d' + rb\"e\\\\\" + '''f \" '' \n g''' # h 'i'\nj = \"\"\"k\"\"\" 'l' \"m\"\n",
    "über = U'x' if R'\\' y' else bR''\nclass Ü: pass\n",
    "a = f'{b!r} {\"c\"}' + d\n",
)


def _sources() -> list[Path]:
    return sorted(FIRMWARE.rglob("*.py"))


def _seen(tokens: list) -> list:
    """What somebody asks of the token before."""
    return [(*token[:2], token[2] if token[2] in (".", "def", "class") else "") for token in tokens]


@pytest.mark.parametrize("text", [*_TEXTS, *[path.read_text() for path in _sources()[::6]]])
def test_words_stand_where_pythons_tokenizer_finds_them(text: str) -> None:
    assert _seen(list(syntax.tokens(text))) == _seen(list(syntax._by_tokenizer(text)))


def test_a_walk_meets_all_but_operators_and_contexts_in_asts_order() -> None:
    for path in _sources()[::6]:
        tree = ast.parse(path.read_text())
        left_out = ast.expr_context | ast.operator | ast.unaryop | ast.boolop | ast.cmpop
        wanted = [node for node in ast.walk(tree) if not isinstance(node, left_out)]
        assert syntax.walk(tree) == wanted, path
        assert syntax.walk(tree) is syntax.walk(tree)


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_is_as_it_was_afterwards(is_on: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if is_on else gc.disable)()
        with syntax.growing():
            assert not gc.isenabled()
        assert gc.isenabled() is is_on
    finally:
        (gc.enable if was_on else gc.disable)()
