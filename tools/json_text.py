"""JSON that somebody else has written: whatever is wrong with it is a ValueError."""

import json
from typing import Any


def loads(text: str | bytes | bytearray, **options: Any) -> Any:
    """As json.loads, which ends in a RecursionError where brackets lie too deep. Raises ValueError."""
    try:
        return json.loads(text, **options)
    except RecursionError as error:
        raise ValueError("brackets lie too deep in it") from error
