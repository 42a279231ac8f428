"""The words of the page and of the leaflet, in five languages; the leaflet is the page's help."""

import json
from functools import cache
from pathlib import Path

WORDS = Path(__file__).parent / "words"
LANGUAGES = ("en", "zh-Hans", "zh-Hant", "de", "es")

ORDERS = ("1", "2", "3", "30", "4", "40", "5", "50", "6", "60", "7", "8", "80", "9")
"""What stands behind `PIN *` at the keypad of this release, as in access/gate.py; a test compares."""

OF_THE_SHEET = ("pinLength", "readHome")
"""Words that the printed leaflet alone has, for what the lock's settings say."""


@cache
def words(language: str) -> dict:
    """All that the page says in one of LANGUAGES, the leaflet's orders as rows."""
    found = json.loads((WORDS / f"{language}.json").read_text("utf-8"))
    for section in found["leaflet"]:
        orders = section.pop("orders", None)
        if orders is not None:
            section["rows"] = [[f"PIN\u00a0*\u00a0{order}\u00a0#", orders[order]] for order in ORDERS]
    return found


def leaflet(language: str) -> list[dict]:
    """Its sections: title, then text (paragraphs), or rows of what one presses or sees and what it means."""
    return words(language)["leaflet"]
