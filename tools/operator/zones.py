"""Time zones by the names people know, and as the POSIX TZ rule that a lock has in `time.zone`."""

import importlib.resources
import re
import zoneinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from menshen.errors import InputError

LOCKS_DEFAULT = "UTC0"
"""What a lock goes by whose settings have no `time.zone`."""

_NAME = r"(?:<[^>]+>|[A-Za-z]+)"


def check(option: str, name: str) -> ZoneInfo:
    """The zone of this name. Raises InputError, which names the option."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"{option} {name}: unknown; a name such as Europe/Berlin is right") from error


def here() -> str:
    """The name of this computer's own zone, "UTC" where it has none."""
    target = Path("/etc/localtime").resolve().as_posix()
    name = target.partition("zoneinfo/")[2]
    return name if name in zoneinfo.available_timezones() else "UTC"


def rule(name: str) -> str:
    """The rule by which the zone goes from now on: the footer of its file (RFC 9636, section 3.3)."""
    data = _file(name)
    return data.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii")


def agree(one: str, other: str) -> bool:
    """Whether two rules show the same time, whatever they call it."""
    return _shown(one) == _shown(other)


def _shown(text: str) -> tuple[str, ...]:
    found = re.fullmatch(rf"{_NAME}([-+0-9:]+)(?:{_NAME}(.*))?", text.strip())
    return (text,) if found is None else (found[1].lstrip("+"), found[2] or "")


def _file(name: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        path = Path(folder) / name
        if path.is_file():
            return path.read_bytes()
    *packages, last = name.split("/")
    return importlib.resources.files(".".join(["tzdata", "zoneinfo", *packages])).joinpath(last).read_bytes()
