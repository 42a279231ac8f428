"""What a lock's own settings say, as provisioning took them: they lie beside its key."""

from dataclasses import dataclass
from pathlib import Path

import click

from menshen import json_text
from menshen.cli import files
from menshen.cli.completing import LOCK
from menshen.errors import InputError, MenshenError

from . import asking, zones
from .answer import Answer
from .lists import CARD
from .opened import changing
from .store import Store

of_the_lock = click.option(
    "--settings", "path", type=files.Input(), required=True, help="Those it was provisioned with."
)

_READERS = ("pn532", "wiegand", "none")


@dataclass(frozen=True)
class Known:
    """What the file keeps of them; None where nobody knows.

    `rule` is time.zone; `reader` reader.type; `plain` whether a card's number alone opens (cards.plain_uid).
    """

    rule: str | None = None
    reader: str | None = None
    plain: bool | None = None


def read_settings(path: Path) -> dict:
    """The settings in this file. Raises InputError."""
    try:
        settings = json_text.typed(files.contents(path))
        if not isinstance(settings, dict):
            raise ValueError(f"it has a {type(settings).__name__}")
    except ValueError as error:
        raise InputError(f"{path}: no settings of a lock, which are one JSON object: {error}") from error
    return settings


def beside(name: str, key_file: Path, settings: Path | None) -> Path:
    """Where they are, unless another place was named."""
    return settings or key_file.with_name(f"{name}.json")


def known_of(name: str, key_file: Path, settings: Path | None) -> Known:
    """What the lock's settings say; nothing where there are none to look at. Raises InputError."""
    path = beside(name, key_file, settings)
    if settings is None and not path.is_file():
        return Known()
    return known_in(name, path)


def known_in(name: str, path: Path) -> Known:
    """What these settings say, which have to be the lock's. Raises InputError."""
    said = read_settings(path)
    try:
        rule = str(_group(said, "time").get("zone", zones.LOCKS_DEFAULT))
        reader = _group(said, "reader").get("type", _READERS[0])
        plain = _group(said, "cards").get("plain_uid", False)
    except AttributeError as error:
        raise InputError(f"{path}: no settings of a lock: time, reader and cards are objects") from error
    if said.get("lock") not in (None, name):
        raise InputError(f"--settings {path}: of the lock {said['lock']}, and not of {name}")
    if reader not in _READERS:
        raise InputError(f"--settings {path}: reader.type must be one of {', '.join(_READERS)}")
    if not isinstance(plain, bool):
        raise InputError(f"--settings {path}: cards.plain_uid must be true or false")
    return Known(rule, reader, plain)


def _group(settings: dict, name: str) -> dict:
    return settings.get(name) or {}


def set_known(store: Store, name: str, known: Known) -> None:
    """Keep it."""
    plain = None if known.plain is None else int(known.plain)
    store.run(
        "update lock set rule = ?, reader = ?, plain_uid = ? where name = ?",
        known.rule,
        known.reader,
        plain,
        name,
    )


def odd(store: Store, name: str) -> list[str]:
    """What to do where a lock reads the hours of staff by another zone than the house's, or opens to no card
    that staff have.
    """
    row = store.lock(name)
    right = zones.rule(row["zone"])
    found = []
    if row["rule"] is not None and not zones.agree(row["rule"], right):
        said = f"{name} reads the hours of staff by {row['rule']}, and not by {row['zone']}"
        found.append(f'{said}: put "zone": "{right}" under "time" in its settings, and provision it again')
    for staff, who in store.entries(name, "staff").items():
        proves = "reference" in who
        if who["kind"] == CARD and (why := _shut(row, proves)):
            found.append(f"the card of {staff} does not open there: {why}")
    return found


def refuse_card(store: Store, name: str, option: str, proves: bool) -> None:
    """Raise MenshenError if such a card could not open at this lock; ask if nobody knows.

    `proves`: it is one that proves itself, and no number alone.
    """
    row = store.lock(name)
    if why := _shut(row, proves):
        raise MenshenError(f"{option}: {why}. {_OTHERWISE.format(name=name)}")
    if not proves and row["plain_uid"] is None:
        asking.sure(
            f"{name} opens by a card's number alone only where its settings say cards.plain_uid. Do they?"
        )
        store.run("update lock set plain_uid = 1 where name = ?", name)


def proves_itself(store: Store, name: str) -> bool:
    """Whether a card can prove itself to this lock, as far as the file knows."""
    return not _shut(store.lock(name), proves=True)


_OTHERWISE = "If that is otherwise by now: `menshen lock settings {name} --settings FILE`"


def _shut(row: dict, proves: bool) -> str:
    """Why no such card opens at this lock; "" if one does, or if nobody knows."""
    name, reader = row["name"], row["reader"]
    if reader == "none":
        return f"{name} has no reader for cards (reader.type)"
    if proves:
        said = f"{name} has a Wiegand reader, to which no card can prove itself (reader.type)"
        return said if reader == "wiegand" else ""
    if row["plain_uid"] is None or row["plain_uid"]:
        return ""
    said = f"{name} opens by no card's number alone (cards.plain_uid is off)"
    return said if reader == "wiegand" else f"{said}; --make-card makes one that opens"


@click.command("settings")
@click.argument("name", metavar="LOCK", shell_complete=LOCK)
@of_the_lock
@changing
def tell(store: Store, name: str, path: Path) -> Answer:
    """Tell your file that a lock was provisioned with other settings.

    It looks at `time.zone`, by which the lock reads the hours of staff, at `reader.type` and at
    `cards.plain_uid`, which say what cards can open there. The lock itself gets its settings from the
    installer alone.

    \b
        menshen lock settings flat-3 --settings flat-3.json
    """
    ident = store.lock(name)["name"]
    known = known_in(ident, path)
    set_known(store, ident, known)
    return Answer(
        {"lock": ident, "rule": known.rule, "reader": known.reader, "plain_uid": known.plain},
        [f"{ident}: its settings are those of {path.name}"],
        then=odd(store, ident),
        record=f"lock {ident}: other settings",
    )
