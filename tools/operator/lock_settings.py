"""What a lock's own settings say, as provisioning took them: they lie beside its key."""

from pathlib import Path

from menshen import json_text
from menshen.errors import InputError

from . import zones
from .store import Store


def read_settings(path: Path) -> dict:
    """The settings in this file. Raises InputError."""
    try:
        settings = json_text.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path} must hold the lock's settings, a JSON object: {error}") from error
    if not isinstance(settings, dict):
        raise InputError(f"{path} must hold the lock's settings, a JSON object")
    return settings


def beside(name: str, key_file: Path, settings: Path | None) -> Path:
    """Where they are, if nobody has named another place."""
    return settings or key_file.with_name(f"{name}.json")


def rule_of(name: str, key_file: Path, settings: Path | None) -> str | None:
    """What the lock's settings say of its zone; None where there are none to look at. Raises InputError."""
    path = beside(name, key_file, settings)
    if settings is None and not path.is_file():
        return None
    try:
        said = json_text.loads(path.read_text())
        found = (said.get("time") or {}).get("zone", zones.LOCKS_DEFAULT)
    except (ValueError, AttributeError) as error:
        raise InputError(f"--settings {path}: no settings of a lock, which are one JSON object") from error
    if said.get("lock") not in (None, name):
        raise InputError(f"--settings {path}: of the lock {said['lock']}, and not of {name}")
    return str(found)


def other_zone(store: Store, name: str) -> list[str]:
    """What to do where a lock reads the hours of staff by another zone than the house's."""
    row = store.lock(name)
    right = zones.rule(row["zone"])
    if row["rule"] is None or zones.agree(row["rule"], right):
        return []
    said = f"{name} reads the hours of staff by {row['rule']}, and not by {row['zone']}"
    return [f'{said}: put "zone": "{right}" under "time" in its settings, and provision it again']
