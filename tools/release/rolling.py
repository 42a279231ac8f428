"""The commands of a roll-out: begin it or go on, pause it, and see how it stands."""

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path

import click

from menshen.cli import numbers
from menshen.cli.completing import LOCK
from menshen.cli.options import packed
from menshen.errors import MenshenError
from menshen.operator import link
from menshen.operator.answer import Answer, Table
from menshen.operator.locks import chosen
from menshen.operator.opened import changing, json_, open_house, reading
from menshen.operator.store import Store

from . import fleet, output, publish, roll_out
from .output import Folder
from .roll_out import DONE, PAUSED, RUNNING, RollOut

_KINDS = tuple(roll_out.SHARES)
_kind = click.option(
    "--kind", type=click.Choice(_KINDS), default="feature", show_default=True, help="Of which releases."
)


@dataclass(frozen=True)
class Pace:
    """How fast it goes, and when it stops."""

    groups: str | None
    threshold: int
    wait_h: float | None
    patience_h: float


_pace = packed(
    "pace",
    Pace,
    click.option("--groups", metavar="SHARES", help="Such as 1,10%,50%,100% [by the kind]."),
    click.option("--threshold", type=numbers.Whole(0, 99), default=10, help="Percent that may fail [10]."),
    click.option("--wait", "wait_h", type=numbers.Number(0, 720), help="Hours between groups [by the kind]."),
    click.option(
        "--patience",
        "patience_h",
        type=numbers.Number(0.001, 720),
        default=2,
        help="Hours to wait for an answer [2].",
    ),
)


@click.command("roll-out")
@click.argument("names", metavar="[LOCK]...", nargs=-1, shell_complete=LOCK)
@click.option("--release", "path", type=click.Path(path_type=Path), required=True, help="Its folder.")
@_kind
@_pace
@json_
def roll_out_(names: tuple[str, ...], path: Path, kind: str, pace: Pace, as_json: bool) -> None:
    """Have all locks run a release, group by group.

    The first group is a canary. If more of a group fail than --threshold, the roll-out stops by itself; what
    counts is what the locks report. Ctrl-C ends the command and loses nothing: the same line continues it,
    also after a pause.

    \b
    security   1, then a quarter, then all; an hour between them
    feature    1, then a tenth, half, all; a day between them

    \b
        menshen release roll-out --release build/release/0.2.0 --kind security
    """
    release, store = output.read(path), open_house()
    try:
        roll = asyncio.run(
            _run(store, release, kind, names, pace, lambda said: click.echo(said, err=as_json))
        )
    except KeyboardInterrupt:
        raise MenshenError(
            "stopped; the locks go on with what they were told. The same line goes on"
        ) from None
    Answer(_data(roll), _lines(roll)).show(as_json)
    if roll.state == PAUSED:
        raise click.exceptions.Exit(1)


@click.command("pause")
@_kind
@changing
def pause(store: Store, kind: str) -> Answer:
    """Stop a roll-out before its next group.

    Locks that have begun go on, and orders that no lock has answered are taken back.

    \b
        menshen release pause
    """
    roll = _known(store, kind)
    roll.pause("paused by hand")
    store.set(f"roll-out {kind}", roll.dumped())
    said = f"{kind} {roll.version}: {roll.state}"
    return Answer({"kind": kind, "version": roll.version, "state": roll.state}, [said], record=said)


@click.command("status")
@_kind
@reading
def status(store: Store, kind: str) -> Answer:
    """Show how a roll-out stands.

    \b
        menshen release status
    """
    roll = _known(store, kind)
    columns = ("group", "locks", "confirmed", "failed", "waiting")
    rows = [tuple(map(str, row)) for row in roll.rows()]
    return Answer(_data(roll), _lines(roll), Table(columns, rows))


def _data(roll: RollOut) -> dict:
    return {name: getattr(roll, name) for name in ("kind", "version", "state", "why", "results")}


def _known(store: Store, kind: str) -> RollOut:
    roll = fleet.saved(store, kind)
    if roll is None:
        raise MenshenError(f"--kind {kind}: nothing of this kind was rolled out yet")
    return roll


def _lines(roll: RollOut) -> list[str]:
    failed = roll.failed(roll.results)
    said = [f"{roll.kind} {roll.version}: {roll.state}{roll.why and ', '}{roll.why}"]
    return said + [f"  {name}: {roll.results[name]}" for name in failed]


async def _run(
    store: Store, release: Folder, kind: str, names: tuple[str, ...], pace: Pace, say: fleet.Say
) -> RollOut:
    identifier = store.setting(f"roll-out client {kind}") or f"menshen-roll-out-{secrets.token_hex(8)}"
    with store.change():
        store.set(f"roll-out client {kind}", identifier)
    async with link.client(store, identifier) as connected:
        roll = fleet.saved(store, kind)
        if roll is not None and roll.version == release.version and roll.state != DONE:
            roll.go_on()
        else:
            wanted = chosen(store, names) if names else [row["name"] for row in store.locks()]
            roll = await _begun(store, release, kind, wanted, pace)
            await publish.publish(connected, release)
        _stop_the_other(store, kind, release)
        fleet.save(store, roll)
        return await fleet.Fleet(store, roll, connected, say).run()


async def _begun(store: Store, release: Folder, kind: str, names: list[str], pace: Pace) -> RollOut:
    if not names:
        raise MenshenError("there is no lock in the file; `menshen lock add` puts one there")
    async with link.client(store) as onlooker:
        states = await fleet.states(store, onlooker, names)
    roll_out.check(release, {name: states.get(name, {}) for name in names})
    online = [name for name in names if states.get(name, {}).get("online") is True]
    groups = roll_out.split(names, pace.groups or roll_out.SHARES[kind], release.version)
    if online and groups[0] and not set(groups[0]) & set(online):
        one = online[0]  # a canary that is offline tells nothing
        groups = [[one], *([name for name in group if name != one] for group in groups)]
        groups = [group for group in groups if group]
    wait_h = roll_out.WAIT_H[kind] if pace.wait_h is None else pace.wait_h
    return RollOut(
        release.version,
        kind,
        groups,
        pace.threshold,
        wait_h * 3600,
        pace.patience_h * 3600,
        str(release.path),
    )


def _stop_the_other(store: Store, kind: str, release: Folder) -> None:
    """Security goes first: a roll-out of features waits meanwhile. Raises MenshenError."""
    other = fleet.saved(store, "security" if kind == "feature" else "feature")
    if other is None or other.state != RUNNING:
        return
    if kind == "feature":
        raise MenshenError(
            f"the security release {other.version} is being rolled out: {release.version} waits for its end"
        )
    other.pause(f"security release {release.version} goes first")
    fleet.save(store, other)
