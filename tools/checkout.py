"""Where the firmware's sources are: beside this package in a checkout, and nowhere if pip has copied it."""

import re
from pathlib import Path

from .errors import MenshenError

TOP = Path(__file__).resolve().parents[1]
"""The top of the checkout, where this is one (`exists`)."""


class SourcesError(MenshenError):
    """What was asked for is made from the firmware's sources, and there are none here."""


def exists() -> bool:
    """Whether this is a checkout."""
    return (TOP / "firmware/version.py").is_file() and (TOP / "boot.py").is_file()


def needed(what: str) -> None:
    """Raise SourcesError, which says what to do, unless this is a checkout."""
    if not exists():
        raise SourcesError(
            f"{what} needs the firmware's sources, which this installed menshen does not have: "
            f"in a checkout of Menshen, `make setup`, then `.venv/bin/menshen {what}`"
        )


def task(make: str, command: str) -> str:
    """What to type next: `make` in a checkout, the installed command elsewhere."""
    return f"make {make}" if exists() else f"menshen {command}"


def version() -> str:
    """The version of the sources."""
    text = (TOP / "firmware/version.py").read_text("utf-8")
    found = re.search(r'^VERSION = "([0-9.]+)"$', text, re.MULTILINE)
    if found is None:
        raise SourcesError("firmware/version.py does not say VERSION")
    return found[1]
