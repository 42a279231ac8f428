"""The command that shows the locks' alarms: of a door, a case, a keypad, and never of who was there."""

import asyncio

import click

from menshen.cli import numbers
from menshen.cli.completing import LOCK

from . import mailbox
from .answer import Answer, Table
from .opened import reading
from .store import Store, called

_MEANING = {
    "forced": "the door was opened without a key, or its contact is loose",
    "held open": "the door stood open for too long",
    "tamper": "the lock's case was opened",
    "throttled": "many wrong codes were typed",
}


@click.command("alarms")
@click.argument("lock", required=False, shell_complete=LOCK)
@click.option(
    "--all", "every", is_flag=True, help="Those that were looked at, too; they are kept for 90 days."
)
@click.option(
    "--wait", "wait_s", type=numbers.Number(0.5, 60), default=2, help="Seconds without news until it ends."
)
@reading
def alarms(store: Store, lock: str | None, every: bool, wait_s: float) -> Answer:
    """Show alarms: a door forced, a case opened, and the like.

    They say what happened to the device, and never who was there. What was shown once is shown again with
    --all only; `menshen health` counts those that nobody has looked at.

    \b
        menshen alarms flat-3
    """
    shown = [store.lock(lock)] if lock else store.locks()
    asyncio.run(mailbox.collect(store, wait_s))
    rows, data = [], []
    for row in shown:
        for one in mailbox.alarms(store, row["name"], every):
            meaning = _MEANING.get(one["kind"], "")
            rows.append((mailbox.when(one["time"], row["zone"]), called(row), one["kind"], meaning))
            data.append({"time": one["time"] or None, "lock": row["name"], "alarm": one["kind"]})
    with store.change():
        for row in shown:
            store.run("update alarm set seen = 1 where lock = ? and seen = 0", row["name"])
    said = [] if rows else ["no alarms" if every else "no new alarms"]
    table = Table(("when", "lock", "alarm", ""), rows) if rows else None
    return Answer(data, said, table=table)
