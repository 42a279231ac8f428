"""A tenant's leaflet from a lock's own settings: the command, and one for each lease with its code on it."""

import os
from pathlib import Path

import click

from menshen.cli import files
from menshen.errors import InputError
from menshen.phone.leaflet import LANGUAGES
from menshen.phone.pdf import write_pdf
from menshen.phone.sheet import sheet as made

from .lock_settings import of_the_lock, read_settings


@click.command("sheet")
@of_the_lock
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the tenant."
)
@click.option(
    "--pdf",
    type=files.Output(b"%PDF"),
    help="Make this PDF of it, by a Chromium on the PATH.",
)
def sheet(path: Path, language: str, pdf: Path | None) -> None:
    """Make a tenant's leaflet, one page of HTML or PDF.

    How to move in, what to type after PIN *, the colours of the light, what the lock records and who sees it,
    and what to do when locked out. What this lock cannot do is left out.

    \b
        menshen lease sheet --settings front.json --language de > leaflet.html
        menshen lease sheet --settings front.json --language de --pdf leaflet.pdf
    """
    page = made(language, read_settings(path))
    if pdf is None:
        click.echo(page, nl=False)
    else:
        write_pdf(page, pdf)


def write_sheets(folder: Path, language: str, settings: dict, given: list[dict]) -> list[Path]:
    """A leaflet for each of these leases with its new code on it, for its owner's eyes: all of them or none.

    `given` has a lease's "number", "note" and "code" each. Raises InputError where a file is there already.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written: list[Path] = []
    try:
        for one in given:
            path = folder / f"{settings['lock']}-lease-{one['number']}.html"
            page = made(language, settings, f"{one['code'][:4]} {one['code'][4:]}", one["note"])
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            written.append(path)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(page)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise InputError(
            f"--sheets {error.filename or folder}: {error.strerror}; nothing was changed"
        ) from error
    return written
