"""JSON that somebody else has written: whatever is wrong with it is a ValueError."""

import json
from typing import Any


def loads(text: str | bytes | bytearray, **options: Any) -> Any:
    """As json.loads, which ends in a RecursionError where brackets lie too deep. Raises ValueError."""
    try:
        return json.loads(text, **options)
    except RecursionError as error:
        raise ValueError("brackets lie too deep in it") from error


def typed(text: bytes) -> Any:
    """What a person has typed, an editor's byte order mark before it: each field once, numbers that are some.

    Raises ValueError.
    """
    found = loads(text.decode("utf-8-sig"), object_pairs_hook=_each_once, parse_constant=_no_number)
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:  # "\ud800" is text for json.loads
        raise ValueError(f"{error.object[error.start]!r} is half a letter") from error
    return found


def _each_once(pairs: list[tuple[str, object]]) -> dict:
    """An object. Of a field that is there twice json.loads would take the last, in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = sorted({name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1})
        raise ValueError(f"{', '.join(twice)} is there twice: put all of it in one place")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")
