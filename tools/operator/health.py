"""The command that shows how the locks are: never who comes or goes, which no lock tells."""

import asyncio
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from menshen.errors import InputError, MenshenError

from . import link
from .locks import show
from .opened import with_store
from .picture import picture
from .publishing import held, is_ours
from .store import Store

_QUIET_S = 2
_STYLES = {"well": "green", "list waits": "blue", "fault": "yellow", "offline": "red", "never heard": "dim"}


@dataclass(frozen=True)
class Health:
    """One lock as it last said of itself; "" is what it did not say. `since` is in seconds since 1970."""

    lock: str
    health: str
    firmware: str
    held: str
    wanted: int
    clock: str
    signal: str
    faults: tuple[str, ...]
    since: int


def healths(store: Store, found: dict[str, dict], since: dict[str, int]) -> list[Health]:
    """Of all locks in the file, by name."""
    return [_health(row, store.hash(row["name"]), found.get(row["name"]), since) for row in store.locks()]


def _health(row: sqlite3.Row, hash_: str, state: dict | None, since: dict[str, int]) -> Health:
    name, wanted = row["name"], row["version"]
    if state is None:
        return Health(name, "never heard", "", "", wanted, "", "", (), 0)
    texts = {key: link.plain(state.get(key, "")) for key in ("firmware", "clock", "signal")}
    version, ours = held(row, state), is_ours(row, hash_, state)
    listed = state.get("faults")
    faults = tuple(link.plain(fault) for fault in listed[:16]) if isinstance(listed, list) else ()
    days = state.get("days")
    if type(days) is int and "certificate" in faults:
        said = f"certificate ends in {days} days" if days >= 0 else "certificate has ended"
        faults = tuple(said if fault == "certificate" else fault for fault in faults)
    health = "well"
    if state.get("online") is not True:
        health = "offline"
    elif faults:
        health = "fault"
    elif version < wanted or not ours:
        health = "list waits"
    return Health(
        name,
        health,
        texts["firmware"],
        str(version or "none") if ours else f"another {version}",
        wanted,
        texts["clock"],
        texts["signal"],
        faults,
        since.get(name, 0),
    )


@click.command("health")
@click.option("--watch", "go_on", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "--picture",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.svg",
    help="Draw the fleet, a tile for each lock.",
)
@with_store
def health(store: Store, go_on: bool, file: Path | None) -> None:
    """Show how all locks are.

    That is what they last said of themselves, never who comes or goes:

    \b
    well        online, with its newest list
    list waits  another list than yours: `menshen publish`
    fault       the part is named
    offline     since then
    """
    if file is not None and file.suffix != ".svg":
        raise InputError(f"--picture {file}: the name must end in .svg")
    with suppress(KeyboardInterrupt):
        asyncio.run(watch(store, file) if go_on else _once(store, file))


async def _once(store: Store, file: Path | None) -> None:
    async with link.client(store) as connected:
        found = await link.states(connected, _names(store), _QUIET_S)
    show(_table(_drawn(store, found, file)))


async def watch(store: Store, file: Path | None) -> None:
    """Show the table, and draw it again at whatever a lock says; without end."""
    async with link.client(store) as connected:
        found = await link.states(connected, _names(store), _QUIET_S)
        with Live(_table(_drawn(store, found, file)), console=Console(), auto_refresh=False) as live:
            async for message in connected.messages:
                _hear(found, message)
                live.update(_table(_drawn(store, found, file)), refresh=True)


def _hear(found: dict[str, dict], message: aiomqtt.Message) -> None:
    name, leaf, fields = link.said(message)
    if leaf == "state":
        found[name] = fields


def _names(store: Store) -> list[str]:
    names = [row["name"] for row in store.locks()]
    if not names:
        raise MenshenError("there is no lock in the file; `menshen lock add` puts one there")
    return names


def _drawn(store: Store, found: dict[str, dict], file: Path | None) -> list[Health]:
    known = healths(store, found, link.note_seen(store, found))
    if file is not None:
        file.write_text(picture(known, time.time()))
    return known


def _table(known: list[Health]) -> Table:
    """On a narrow terminal the names and the faults go on in the next line."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("lock", "health", "firmware", "list", "clock", "signal", "faults", "since"):
        table.add_column(
            name,
            no_wrap=name not in {"lock", "faults"},
            overflow="fold",
            min_width=8 if name == "faults" else None,
        )
    for one in known:
        listed = f"{one.held or '?'} of {one.wanted}" if one.wanted else one.held
        words = one.firmware, listed, one.clock, one.signal, ", ".join(one.faults), _since(one.since)
        table.add_row(one.lock, Text(one.health, _STYLES[one.health]), *map(Text, words))
    return table


def _since(seconds: int) -> str:
    """The time of today, or the day."""
    if not seconds:
        return ""
    then, today = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%d %b", then)
