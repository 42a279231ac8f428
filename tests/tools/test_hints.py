"""Each hint of the self-test is a sentence for a person: the lock says it in a word."""

import ast
from pathlib import Path

import pytest

from menshen.board import keys
from menshen.board.hints import SENTENCES, sentence
from tests.conftest import TOP
from tests.static.helpers.sources import FIRMWARE


def _texts(path: Path) -> list[str]:
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    return [node.value for node in nodes if isinstance(node.value, str)]


def test_whatever_the_lock_says_in_a_word_has_its_sentence() -> None:
    """So has whatever the computer makes of the keys that the lock has seen."""
    places = [*(FIRMWARE / "selftest").glob("*.py"), TOP / "tools/board/keys.py"]
    texts = [text for path in places for text in _texts(path)]
    words = {text.partition("|")[0] for text in texts}
    for switch in ("contact", "exit button", "tamper switch"):
        words |= {switch + end for end in (" low", " high", " loose")}
    assert set(SENTENCES) <= words
    seen = {text.partition("|")[0] for text in texts if "|" in text and " | " not in text}
    assert seen <= {*SENTENCES, keys.SEEN, ""}


@pytest.mark.parametrize(
    ("hint", "told"),
    [
        ("row|1 2 3|0", "the row 1 2 3 is dead: look at the wire of {key_rows 0}"),
        ("stopped", "it stopped answering: look at its power and its wires"),
        (
            "no network|a|b",
            "no network a|b is in reach: is wifi.ssid right (2.4 GHz only), is the antenna free of metal?",
        ),
        ("/tls/ca.crt.der: the authority's certificate in DER would be right",) * 2,
        ("look at {relay}: a sentence of an older release",) * 2,
        ("row", "row"),
        ("", ""),
    ],
)
def test_a_hint_becomes_a_sentence(hint: str, told: str) -> None:
    assert sentence(hint) == told
