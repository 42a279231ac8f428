"""The sentences of the privacy sheet, a file for each language; {places} are filled in from what is set."""

import json
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "de", "zh", "es")


@cache
def texts(language: str) -> dict[str, str]:
    """All sentences in one of LANGUAGES, by what each is about."""
    return json.loads((Path(__file__).parent / f"{language}.json").read_text(encoding="utf-8"))
