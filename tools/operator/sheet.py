"""The command that makes a tenant's leaflet from a lock's own settings."""

import json
from pathlib import Path

import click

from menshen.errors import InputError
from menshen.phone.leaflet import LANGUAGES
from menshen.phone.pdf import write_pdf
from menshen.phone.sheet import sheet as made


@click.command("sheet")
@click.option(
    "--settings",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The lock's settings, as provisioning takes them.",
)
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the tenant."
)
@click.option(
    "--pdf",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Make this PDF of it, by a Chromium on the PATH.",
)
def sheet(path: Path, language: str, pdf: Path | None) -> None:
    """Print a tenant's leaflet as one page of HTML, or make a PDF of it.

    How to move in, what stands behind PIN *, the colours of the light, what the lock records and who sees it,
    and what to do when locked out. What this lock cannot do is left out.

    \b
        menshen lease sheet --settings front.json --language de > leaflet.html
        menshen lease sheet --settings front.json --language de --pdf leaflet.pdf
    """
    try:
        settings = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path} must hold the lock's settings, a JSON object: {error}") from error
    if not isinstance(settings, dict):
        raise InputError(f"{path} must hold the lock's settings, a JSON object")
    page = made(language, settings)
    if pdf is None:
        click.echo(page, nl=False)
    else:
        write_pdf(page, pdf)
