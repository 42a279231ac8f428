"""The installer's commands: image, flash, provision, selftest. README.md tells how to use them."""

import sys
from pathlib import Path

import click

from tools import build_app

from . import factory, flash
from .partitions import LayoutError

_OUT = build_app.TOP / "build" / "factory"
_File = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(help=__doc__)
def main() -> None:
    """What all commands have in common: nothing."""


@main.command()
@click.option("--base", type=_File, required=True, help="MicroPython's binary for the ESP32.")
@click.option("--out", type=click.Path(path_type=Path), default=_OUT, show_default=True, help="A folder.")
@click.option("--ota", is_flag=True, help="Refuse a base that cannot be updated over the air.")
def image(base: Path, out: Path, ota: bool) -> None:
    """Build one image of the whole flash: MicroPython and the application."""
    try:
        built = factory.build(base.read_bytes(), factory.application(build_app.build()), ota)
    except (factory.BaseError, LayoutError) as error:
        raise click.ClickException(f"{base}: {error}") from error
    except build_app.BuildError as error:
        raise click.ClickException(str(error)) from error
    path, text = factory.write(built, out, base.name)
    click.echo(text)
    click.echo(f"{path}: read back, and whole. Now: make flash PORT=...")


@main.command("flash")
@click.option("--port", required=True, help="The board's serial port, such as /dev/ttyUSB0.")
@click.option("--image", "path", type=_File, help="A factory image; the newest of build/factory without it.")
def flash_(port: str, path: Path | None) -> None:
    """Write a factory image to a board. All that was on it is lost, its keys too."""
    path = path or max(_OUT.glob("*.bin"), key=lambda p: p.stat().st_mtime, default=None)
    if path is None:
        raise click.ClickException(f"{_OUT} holds no image: run make image BASE=... first")
    try:
        flash.flash(port, factory.read(path.read_bytes()), click.echo)
    except (flash.FlashError, factory.BaseError, LayoutError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
