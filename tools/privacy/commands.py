"""The command that writes a lock's privacy sheet."""

from pathlib import Path

import click

from menshen.board.provision import read_settings
from menshen.cli.completing import LOCK
from menshen.errors import InputError
from menshen.operator.answer import Answer
from menshen.operator.lock_settings import of_the_lock
from menshen.operator.opened import reading
from menshen.operator.store import Store, called

from .sheet import LAWS, Facts, sheet
from .texts import LANGUAGES


@click.group()
def privacy() -> None:
    """What a tenant is told of the lock.

    \b
        menshen privacy sheet front --settings front.json --landlord "A. Li"
    """


@privacy.command("sheet")
@click.argument("name", metavar="LOCK", shell_complete=LOCK)
@of_the_lock
@click.option("--landlord", required=True, help="Who is responsible, and how to reach them.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the house."
)
@click.option("--law", "laws", type=click.Choice(LAWS), multiple=True, help="Which law [all].")
@reading
def sheet_(
    store: Store, name: str, path: Path, landlord: str, language: str, laws: tuple[str, ...]
) -> Answer:
    """Write what a lock records, where, how long, and who sees it.

    It is made from the lock's settings and your file: who of the staff may open, and where the broker is. It
    goes to standard output, as text to print.

    \b
        menshen privacy sheet front --settings front.json --landlord "A. Li"
    """
    if not landlord.strip():
        raise InputError("--landlord: a name, and an address or a number, is right")
    row, settings = store.lock(name), read_settings(path)
    if settings["lock"] != row["name"]:
        raise InputError(f"--settings {path}: of the lock {settings['lock']}, and not of {row['name']}")
    staff = {who: data.get("hours") or "" for who, data in store.entries(row["name"], "staff").items()}
    facts = Facts(called(row), landlord, settings, store.setting("broker") or "", staff, laws or LAWS)
    text = sheet(facts, language)
    return Answer({"lock": row["name"], "language": language, "sheet": text}, text.rstrip("\n").split("\n"))
