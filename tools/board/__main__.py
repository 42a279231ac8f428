"""The installer's commands: image, flash, provision, selftest. README.md tells how to use them."""

import sys
from pathlib import Path

import click

from menshen import build_app
from menshen.operator.certificates import Authority, CertificateError
from menshen.release import keys

from . import factory, provision, selftest
from .console import BoardError, Console
from .flash import FlashError, flash
from .partitions import LayoutError

_OUT = build_app.TOP / "build" / "factory"
_ARMED = "INFO app: armed"
_ERRORS = (
    BoardError, FlashError, LayoutError, CertificateError,
    factory.BaseError, keys.KeyFileError, provision.ProvisionError, build_app.BuildError,
)  # fmt: skip
_File = click.Path(exists=True, dir_okay=False, path_type=Path)
_Folder = click.Path(file_okay=False, path_type=Path)
_port = click.option("--port", required=True, help="The board's serial port, such as /dev/ttyUSB0.")
_alone = click.option("--no-questions", is_flag=True, help="Nobody is there to judge bolt, light and buzzer.")
_patience = click.option(
    "--seconds", type=click.IntRange(1, 300), default=45, show_default=True, help="Time for each part."
)
_open = click.option("--leave-open", is_flag=True, help="Leave the console open: for a board on the bench.")


@click.group(help=__doc__)
def main() -> None:
    """What all commands have in common: nothing."""


@main.command()
@click.option("--base", type=_File, required=True, help="MicroPython's binary for the ESP32.")
@click.option("--out", type=_Folder, default=_OUT, show_default=True, help="Where the image goes.")
@click.option("--ota", is_flag=True, help="Refuse a base that cannot be updated over the air.")
@click.option("--frozen", is_flag=True, help="The base has the application in it, by manifest.py.")
@click.option("--trust", type=_File, multiple=True, help="A public release key; without it, no updates.")
def image(base: Path, out: Path, ota: bool, frozen: bool, trust: tuple[Path, ...]) -> None:
    """Build one image of the whole flash: MicroPython and the application."""
    trusted = keys.trusted([keys.load_public(path) for path in trust]) if trust else b""
    try:
        files = factory.application(build_app.build(), frozen, trusted)
        built = factory.build(base.read_bytes(), files, ota)
    except (factory.BaseError, LayoutError) as error:
        raise click.ClickException(f"{base}: {error}") from error
    path, text = factory.write(built, out, base.name)
    click.echo(text)
    click.echo(f"{path}: read back, and whole. Now: make flash PORT=...")


@main.command("flash")
@_port
@click.option("--image", "path", type=_File, help="A factory image; the newest of build/factory without it.")
def flash_(port: str, path: Path | None) -> None:
    """Write a factory image to a board. All that was on it is lost, its keys too."""
    path = path or max(_OUT.glob("*.bin"), key=lambda p: p.stat().st_mtime, default=None)
    if path is None:
        raise click.ClickException(f"{_OUT} holds no image: run make image BASE=... first")
    flash(port, factory.read(path.read_bytes()), click.echo)


@main.command("provision")
@_port
@click.option("--settings", "path", type=_File, required=True, help="The lock's settings, without its key.")
@click.option("--authority", "folder", type=_Folder, help="Of tools.pki, for broker.tls.")
@click.option("--force", is_flag=True, help="Make a new lock of one that is provisioned already.")
@_alone
@_patience
@_open
def provision_(
    port: str, path: Path, folder: Path | None, force: bool,
    no_questions: bool, seconds: int, leave_open: bool,
) -> None:  # fmt: skip
    """Make a flashed board a certain lock, test it, shut its console, and start it."""
    settings = provision.read_settings(path)
    wifi = settings.get("wifi")
    if isinstance(wifi, dict) and wifi.get("ssid") and "password" not in wifi:
        wifi["password"] = click.prompt(f"Password of {wifi['ssid']}", hide_input=True)
    lock = provision.prepare(settings, Authority.load(folder) if folder else None)
    with Console.open(port) as console:
        provision.check_board(console, lock, force)
        provision.stash(lock, path.parent)
        size = sum(map(len, lock.files.values()))
        with click.progressbar(length=size, label=f"Writing {lock.name}", show_eta=False) as bar:
            provision.install(console, lock, lambda _path, count: bar.update(count))
        for copy in provision.keep(lock, path.parent):
            click.echo(f"{copy}: the operator's copy; keep it safe")
        click.echo("Everything was read back. Now the self-test.")
        _test(console, no_questions, seconds, leave_open)


@main.command("selftest")
@_port
@_alone
@_patience
@_open
def selftest_(port: str, no_questions: bool, seconds: int, leave_open: bool) -> None:
    """Try every part of a provisioned lock, and say which wire to look at."""
    with Console.open(port) as console:
        _test(console, no_questions, seconds, leave_open)


def _test(console: Console, no_questions: bool, seconds: int, leave_open: bool) -> None:
    ask = None if no_questions else lambda question: click.confirm(f"  {question}", default=None)
    results = selftest.run(console, ask, click.echo, seconds)
    faults = [result for result in results if result.ok is False]
    click.echo(f"\n{selftest.report(results)}")
    if not faults:
        selftest.seal(console, leave_open)
    armed = console.restart(_ARMED)
    click.echo(
        "The lock is armed." if armed else "The lock does not say that it is armed: look at its console."
    )
    if faults:
        raise click.ClickException(
            "Not all is well, so the console stays open. Mend it, and: make selftest PORT=..."
        )
    click.echo("Its console is open." if leave_open else "Its console is shut: take out the service jumper.")
    if not armed:
        raise click.exceptions.Exit(1)


if __name__ == "__main__":
    try:
        sys.exit(main(standalone_mode=True))
    except _ERRORS as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
