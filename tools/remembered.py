"""Results that take seconds to compute, kept in build/ by a digest of all that they depend on."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from . import checkout

FOLDER = checkout.TOP / "build" / "remembered"
_KEPT = 60  # results: more than one run of all tests makes


def remembered(inputs: Iterable[str], make: Callable[[], Any], folder: Path = FOLDER) -> Any:
    """What `make` returns, which must fit into JSON; it is not made again if all inputs are the same."""
    digest = hashlib.sha256()
    for text in inputs:
        data = text.encode()
        digest.update(b"%d:" % len(data) + data)
    path = folder / f"{digest.hexdigest()}.json"
    with contextlib.suppress(OSError, ValueError):
        result = json.loads(path.read_text("utf-8"))
        os.utime(path)
        return result
    result = make()
    with contextlib.suppress(OSError):  # a folder that cannot be written costs time, and nothing else
        _write(path, json.dumps(result))
    return result


def _write(path: Path, text: str) -> None:
    """Write whole or not at all, since others read meanwhile; remove what was unused for longest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    Path(file.name).replace(path)
    for old in sorted(path.parent.glob("*.json"), key=_used, reverse=True)[_KEPT:]:
        old.unlink(missing_ok=True)


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another has removed it
        return 0
