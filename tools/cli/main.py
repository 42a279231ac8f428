"""`menshen`: every command there is, and what the help says of it in a line."""

from pathlib import Path

import click

from .lazy import Later
from .program import Program

_COMMANDS = {
    "A house or a fleet": {
        "broker": Later("menshen.operator.locks:broker", "Say where the broker is, and who you are there."),
        "lock": Later("menshen.operator.locks:lock", "Locks: those whose keys you hold."),
        "lease": Later("menshen.operator.leases:lease", "Leases: who lives behind a lock, and until when."),
        "staff": Later("menshen.operator.staff:staff", "Staff: who else may come in, when and how often."),
        "publish": Later("menshen.operator.publishing:publish", "Give locks their newest lists."),
        "health": Later("menshen.operator.health:health", "Show how all locks are."),
    },
    "At a door": {
        "guest": Later("menshen.operator.guest:guest", "Make a code for a guest, from a tenant's key."),
        "phone": Later("menshen.phone.build:phone", "Build the page that does it on a phone."),
        "command": Later("menshen.operator.commands:command", "Sign a command to a lock."),
    },
    "Boards, brokers and releases": {
        "board": Later("menshen.board.commands:board", "Make an ESP32 a lock: image, flash, provision."),
        "pki": Later("menshen.pki.commands:pki", "Make certificates for brokers, locks and people."),
        "brokers": Later("menshen.brokers.commands:brokers", "Make what a broker needs to know your locks."),
        "release": Later("menshen.release.commands:release_", "Sign releases, and send them to locks."),
    },
    "In a checkout": {
        "run": Later("menshen.simulator.run:run", "Run a simulated lock with its page.", True),
        "build": Later("menshen.cli.build:build", "Compile the firmware into build/app.", True),
        "bench": Later("menshen.cli.bench:bench", "Measure the lock against its budgets.", True),
    },
}


@click.group(cls=Program, sections=_COMMANDS, context_settings={"max_content_width": 80})
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="MENSHEN_FILE",
    default=Path("~/.menshen/operator.db"),
    help="Your file of locks, leases and staff [$MENSHEN_FILE, else ~/.menshen/operator.db].",
)
@click.version_option(None, "--version", package_name="menshen", message="menshen %(version)s")
@click.pass_context
def main(context: click.Context, path: Path) -> None:
    """The tools of Menshen, the lock that opens for those who live there.

    Every command has --help. A house begins with `menshen pki`, then `broker`,
    `lock add`, `lease add` and `publish`.
    """
    context.obj = path.expanduser()
