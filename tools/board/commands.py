"""The installer's commands: image, flash, provision, selftest. README.md tells how to use them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from menshen import build_app, checkout
from menshen.cli import files, numbers
from menshen.cli.options import packed
from menshen.console_lines import ARMED
from menshen.errors import MenshenError
from menshen.operator.certificates import Authority
from menshen.release import keys
from menshen.wiring import BOARDS

from . import drawing, factory, interpreter, provision, selftest
from .console import Console
from .flash import flash
from .partitions import LayoutError
from .profiles import PROFILES

_OUT = checkout.TOP / "build" / "factory"
_File = files.Input()
_Folder = click.Path(file_okay=False, path_type=Path)
_port = click.option("--port", required=True, help="The board's serial port, such as /dev/ttyUSB0.")


@dataclass(frozen=True)
class Trial:
    """How the self-test goes: without questions nobody judges bolt, light and buzzer."""

    no_questions: bool
    seconds: int
    leave_open: bool

    @property
    def ask(self) -> Callable[[str], bool] | None:
        """Whoever is there to judge."""
        if self.no_questions:
            return None
        return lambda question: click.confirm(f"  {question}", default=None)


_trial = packed(
    "trial",
    Trial,
    click.option("--no-questions", is_flag=True, help="Nobody is there to judge bolt, light and buzzer."),
    click.option(
        "--seconds", type=numbers.Whole(1, 300), default=45, show_default=True, help="Time for each part."
    ),
    click.option("--leave-open", is_flag=True, help="Leave the console open: for a board on the bench."),
)


@dataclass(frozen=True)
class Updates:
    """Whose releases the locks will take."""

    trust: tuple[Path, ...]
    no_updates: bool

    def trusted(self) -> bytes:
        """The file of trusted keys; b"" where there are to be none, and only if that was asked for."""
        if self.trust and self.no_updates:
            raise click.UsageError("--no-updates goes without --trust (TRUST=)")
        if self.trust:
            return keys.trusted([keys.load_public(path) for path in self.trust])
        if self.no_updates:
            return b""
        raise click.UsageError(
            "--trust (TRUST=) names the public half of the release key, such as release.pub.pem of `menshen "
            "release key`: without it these locks could never take a release; --no-updates makes such locks"
        )


_updates = packed(
    "updates",
    Updates,
    click.option("--trust", type=_File, multiple=True, help="A public release key: .pub.pem; two at most."),
    click.option("--no-updates", is_flag=True, help="These locks can never take a release."),
)


@click.group()
def board() -> None:
    """Make an ESP32 a lock: image, flash, provision.

    \b
    In this order, with the board's USB cable in this computer:
        menshen board image --base ESP32_GENERIC-OTA-...bin --trust x.pub.pem
        menshen board flash --port /dev/ttyUSB0
        menshen board provision --port /dev/ttyUSB0 --settings front.json
    """


@board.command()
@click.option("--base", type=_File, required=True, help="MicroPython's binary for the ESP32.")
@click.option(
    "--board",
    "name",
    type=click.Choice([*PROFILES]),
    default="devkit",
    show_default=True,
    help="Which board.",
)
@click.option("--out", type=_Folder, default=_OUT, show_default="build/factory", help="Where the image goes.")
@click.option("--ota", is_flag=True, help="Refuse a base that cannot be updated over the air.")
@click.option("--frozen", is_flag=True, help="The base has the application in it.")
@_updates
def image(base: Path, name: str, out: Path, ota: bool, frozen: bool, updates: Updates) -> None:
    """Build one image of MicroPython and the application.

    It is an image of the whole flash. The base is what micropython.org offers: for a devkit ESP32_GENERIC,
    best of the variant OTA; for a wrover ESP32_GENERIC-SPIRAM; for an s3 ESP32_GENERIC_S3. Locks flashed with
    this image take only releases that are signed with a key given by --trust, for good: what is trusted is in
    the image. Needs a checkout.

    \b
        menshen board image --base ESP32_GENERIC-OTA.bin --trust release.pub.pem
    """
    checkout.needed("board image")
    trusted = updates.trusted()
    try:
        files = factory.application(build_app.build(), frozen, trusted)
        built = factory.build(base.read_bytes(), files, ota, PROFILES[name])
    except (factory.BaseError, LayoutError) as error:
        raise MenshenError(f"{base}: {error}") from error
    path, text = factory.write(built, out, base.name, name)
    click.echo(text)
    if warning := interpreter.warning(interpreter.version(built.program, base.name)):
        click.echo(f"Warning: {warning}\n", err=True)
    click.echo(f"{path}: read back, and whole. Now: make flash PORT=...")


@board.command("drawing")
@click.argument("name", metavar="BOARD", type=click.Choice(BOARDS))
def drawing_(name: str) -> None:
    """Draw the wiring of a board, as an SVG.

    It goes to standard output. BOARD is devkit, wrover or s3. Needs a checkout.

    \b
        menshen board drawing devkit > wiring.svg
    """
    checkout.needed("board drawing")
    click.echo(drawing.drawing(name), nl=False)


@board.command("flash")
@_port
@click.option("--image", "path", type=_File, help="A factory image; the newest of build/factory without it.")
def flash_(port: str, path: Path | None) -> None:
    """Write a factory image to a board, whose old contents are lost.

    The board's keys are lost, too. If no chip answers: hold BOOT, press EN, let go of BOOT, and try again.

    \b
        menshen board flash --port /dev/ttyUSB0
    """
    path = path or max(_OUT.glob("*.bin"), key=lambda p: p.stat().st_mtime, default=None)
    if path is None:
        raise MenshenError(
            "there is no image in build/factory: name one with --image; in a checkout, `make image` makes one"
        )
    flash(port, factory.read(path.read_bytes()), click.echo)


@board.command("provision")
@_port
@click.option("--settings", "path", type=_File, required=True, help="The lock's settings, without its key.")
@click.option("--authority", "folder", type=_Folder, help="Of `menshen pki`, for broker.tls.")
@click.option("--home-certificate", "home", type=_File, help="The one that home.certificate names.")
@click.option("--force", is_flag=True, help="Make a new lock of one that is provisioned already.")
@_trial
def provision_(
    port: str, path: Path, folder: Path | None, home: Path | None, force: bool, trial: Trial
) -> None:
    """Make a flashed board a certain lock, test and start it.

    Its console is shut if all is well. The lock's key is made here; the operator's copy goes into a file
    beside the settings.

    \b
        menshen board provision --port /dev/ttyUSB0 --settings front.json
    """
    settings = provision.read_settings(path)
    wifi = settings.get("wifi")
    if isinstance(wifi, dict) and wifi.get("ssid") and "password" not in wifi:
        wifi["password"] = click.prompt(
            f"Password of {wifi['ssid']} (none: an open network)", "", hide_input=True, show_default=False
        )
    lock = provision.prepare(settings, Authority.load(folder) if folder else None, home=home)
    with Console.open(port) as console:
        provision.check_board(console, lock, force)
        provision.stash(lock, path.parent)
        size = sum(map(len, lock.files.values()))
        with click.progressbar(length=size, label=f"Writing {lock.name}", show_eta=False) as bar:
            provision.install(console, lock, lambda _path, count: bar.update(count))
        for copy in provision.put_in_place(lock, path.parent):
            click.echo(f"{copy}: the operator's copy; keep it safe")
        click.echo("Everything was read back. Now the self-test.")
        _test(console, trial)


@board.command("selftest")
@_port
@_trial
def selftest_(port: str, trial: Trial) -> None:
    """Try every part of a lock, and say which wire to look at.

    The board must be provisioned. This asks what the chip cannot know: whether the bolt holds, which colours
    and which tones there were. If all is well, the console is shut from the next start on.

    \b
        menshen board selftest --port /dev/ttyUSB0
    """
    with Console.open(port) as console:
        _test(console, trial)


def _test(console: Console, trial: Trial) -> None:
    results = selftest.run(console, trial.ask, click.echo, trial.seconds)
    faults = [result for result in results if result.ok is False]
    click.echo(f"\n{selftest.report(results)}")
    if not faults:
        selftest.seal(console, trial.leave_open)
    armed = console.restart(ARMED)
    click.echo(
        "The lock is armed." if armed else "The lock does not say that it is armed: look at its console."
    )
    if faults:
        again = checkout.task("selftest PORT=...", "board selftest --port ...")
        raise MenshenError(f"Not all is well, so the console stays open. Mend it, and: {again}")
    click.echo(
        "Its console is open." if trial.leave_open else "Its console is shut: take out the service jumper."
    )
    if not armed:
        raise click.exceptions.Exit(1)
