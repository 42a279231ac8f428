"""`menshen`: every command there is, and what the help says of it."""

from pathlib import Path

import click

from .lazy import Later
from .program import Program

_HOUSE = "menshen.operator."
_COMMANDS = {
    "init": Later(_HOUSE + "beginning:init", "Begin a house: its file, its certificates, its broker."),
    "lock": Later(_HOUSE + "locks:lock", "Locks: those whose keys you hold."),
    "lease": Later(_HOUSE + "leases:lease", "Leases: who lives behind which doors and until when."),
    "card": Later(_HOUSE + "cards:card", "Cards that you hand out, one for all doors of a lease."),
    "staff": Later(_HOUSE + "staff:staff", "Staff: who else may come in, when and how often."),
    "holiday": Later(_HOUSE + "holidays:holiday", "Holidays: for staff whose hours name them."),
    "publish": Later(_HOUSE + "publishing:publish", "Give locks their newest lists: those named, or all."),
    "health": Later(_HOUSE + "health:health", "Show how all locks are: exit status 3 unless all is well."),
    "alarms": Later(_HOUSE + "alarms:alarms", "Show alarms: a door forced, a case opened, and the like."),
    "undo": Later(_HOUSE + "undoing:undo", "Take back the last change that was not published yet."),
    "record": Later(_HOUSE + "undoing:record", "Show who changed what in your file, the newest last."),
    "import": Later(
        _HOUSE + "house_csv:import_", "Read locks, leases, staff and holidays from a table (CSV)."
    ),
    "export": Later(_HOUSE + "house_csv:export", "Write locks, leases, staff and holidays as a table (CSV)."),
    "backup": Later(_HOUSE + "backup:backup", "Write the whole house into one encrypted file."),
    "restore": Later(_HOUSE + "backup:restore", "Make a house again from its backup."),
    "check": Later(_HOUSE + "checking:check", "Ask which lists the locks hold; nothing is sent."),
    "broker": Later(_HOUSE + "locks:broker", "Say where the broker is, and who you are there."),
    "seal": Later(
        _HOUSE + "beginning:reseal", "Have another passphrase, or a key file, open the locks' keys."
    ),
    "identify": Later(_HOUSE + "identify:identify", "Have a lock show itself by its violet light."),
    "guest": Later(_HOUSE + "guest:guest", "Make a code for a guest, from a resident's key."),
    "phone": Later("menshen.phone.build:phone", "Build the page that makes guest codes on a phone."),
    "command": Later(_HOUSE + "commands:command", "Sign a command to a lock."),
    "privacy": Later("menshen.privacy.commands:privacy", "What a tenant is told of the lock."),
    "board": Later("menshen.board.commands:board", "Make an ESP32 a lock: image, flash, provision."),
    "pki": Later("menshen.pki.commands:pki", "Make certificates for brokers, locks and people."),
    "brokers": Later("menshen.brokers.commands:brokers", "Make what a broker needs to know your locks."),
    "release": Later("menshen.release.commands:release_", "Sign releases, and send them to locks."),
    "run": Later("menshen.simulator.run:run", "Run a simulated lock with its page.", True),
    "house": Later("menshen.simulator.run_house:house", "Run a house to try, with three doors.", True),
    "build": Later("menshen.cli.build:build", "Compile the firmware into build/app.", True),
    "bench": Later("menshen.cli.bench:bench", "Measure the lock against its budgets.", True),
}

_ROWS = {
    "init": "Begin a house: its file, certificates and broker.",
    "lock, lease, card": "Doors, who lives behind them, cards for them.",
    "staff, holiday": "Who else may come in, and when.",
    "publish, check": "Give locks their lists; ask which they hold.",
    "health, alarms": "How all locks are; doors forced, cases opened.",
    "identify, command": "Find a lock by its light; sign it a command.",
    "guest, phone, privacy": "Codes for guests; what a tenant is told.",
    "undo, record": "Take back the last change; see who changed what.",
    "import, export": "Read and write the house as a table (CSV).",
    "backup, restore, seal": "The house in one file; what opens its keys.",
    "pki, broker, brokers": "Certificates; where the broker is, what it needs.",
    "board, release": "Make an ESP32 a lock; send locks a release.",
    "run, house, build, bench": "With the sources: simulate, compile, measure.",
}
"""What the help says of all commands: on a screen of 24 lines."""


@click.group(cls=Program, later=_COMMANDS, rows=_ROWS, context_settings={"max_content_width": 80})
@click.option(
    "--file",
    "address",
    metavar="FILE",
    envvar="MENSHEN_FILE",
    default="~/.menshen/operator.db",
    help="Your house: a file, or postgresql://HOST/NAME [$MENSHEN_FILE].",
)
@click.version_option(None, "--version", package_name="menshen", message="menshen %(version)s")
@click.pass_context
def main(context: click.Context, address: str) -> None:
    """A lock for those who live there. Begin with `menshen init`; each has --help."""
    context.obj = address if "://" in address else str(Path(address).expanduser())
