"""The command that shows how the locks are: never who comes or goes, which no lock tells."""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import click

from menshen.cli import files
from menshen.errors import InputError, MenshenError

from . import link, mailbox
from .answer import Answer, Table
from .opened import reading
from .picture import picture
from .publishing import held, is_ours
from .store import Store

WRONG = 3
"""The exit status where something is wrong."""

OLDEST = (0, 1)
"""Of the firmware's releases that these tools serve: 0.1.0 and all that came after it."""

_QUIET_S, _MAIL_S = 2, 0.3
_CERTIFICATE_DAYS = 60
_COLUMNS = ("lock", "health", "firmware", "list", "clock", "signal", "faults", "since")


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


def healths(
    store: Store, found: dict[str, dict], since: dict[str, int], alarms: Mapping[str, int] | None = None
) -> list[Health]:
    """The health of all locks in the file, by name; `alarms` has how many of each nobody has looked at."""
    return [
        _health(
            row, store.hash(row["name"]), found.get(row["name"]), since, (alarms or {}).get(row["name"], 0)
        )
        for row in store.locks()
    ]


def _health(row: Any, hash_: str, state: dict | None, since: dict[str, int], alarms: int) -> Health:
    name, wanted = row["name"], row["version"]
    alarmed = (f"{alarms} new alarm{'' if alarms == 1 else 's'}",) if alarms else ()
    if state is None:
        return Health(name, "never heard", "", "", wanted, "", "", alarmed, 0)
    texts = {key: link.plain(state.get(key, "")) for key in ("firmware", "clock", "signal")}
    version, ours = held(row, state), is_ours(row, hash_, state)
    faults = (*_faults(state, texts["firmware"]), *alarmed)
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


def _faults(state: dict, firmware: str) -> tuple[str, ...]:
    """What the lock says is broken, with its certificate's days, and whether these tools still serve it."""
    listed = state.get("faults")
    faults = [link.plain(fault) for fault in listed[:16]] if isinstance(listed, list) else []
    days = state.get("days")
    if type(days) is int and (days < _CERTIFICATE_DAYS or "certificate" in faults):
        faults = [fault for fault in faults if fault != "certificate"]
        faults.append(f"certificate ends in {days} days" if days >= 0 else "certificate has ended")
    version = re.fullmatch(r"([0-9]+)\.([0-9]+)\.([0-9]+)", firmware)
    if firmware and (version is None or tuple(map(int, version.groups()))[:2] < OLDEST):
        faults.append(f"firmware {firmware} is not supported")
    return tuple(faults)


def certificates(store: Store, now: float) -> list[str]:
    """Which of the operator's own certificates end before long, in sentences; `now` in seconds since 1970."""
    from cryptography import x509

    said = []
    folders = [Path(store.setting(name) or "/nowhere") for name in ("certificates", "mosquitto")]
    for path in sorted(path for folder in folders for path in folder.glob("*.crt.pem")):
        with suppress(ValueError):
            last = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
            days = int((last.timestamp() - now) // 86_400)
            if days < _CERTIFICATE_DAYS:
                ends = f"ends in {days} days" if days >= 0 else "has ended"
                said.append(f"{path}: this certificate {ends}; make another with `menshen pki`")
    return said


@click.command("health")
@click.option("--watch", "go_on", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "--picture",
    "file",
    type=files.Output(b"<svg"),
    metavar="FILE.svg",
    help="Draw the fleet, a tile for each lock.",
)
@reading
def health(store: Store, go_on: bool, file: Path | None) -> Answer:
    """Show how all locks are: exit status 3 unless all is well.

    It is what they last said of themselves, never who comes or goes:

    \b
    well        online, with its newest list
    list waits  another list than yours: `menshen publish`
    fault       the part is named, or a certificate, alarms, firmware
    offline     since then

    \b
        menshen health --picture fleet.svg
    """
    if file is not None and file.suffix != ".svg":
        raise InputError(f"--picture {file}: the name must end in .svg")
    if go_on:
        with suppress(KeyboardInterrupt):
            asyncio.run(watch(store, file))
        return Answer({})
    known = asyncio.run(_once(store, file))
    own = certificates(store, time.time())
    well = not own and all(one.health == "well" for one in known)
    return Answer(
        {"well": well, "locks": [asdict(one) for one in known], "certificates": own},
        table=_table(known),
        then=own,
        status=0 if well else WRONG,
    )


async def _once(store: Store, file: Path | None) -> list[Health]:
    await mailbox.collect(store, _MAIL_S)
    async with link.client(store) as connected:
        found = await link.states(connected, _names(store), _QUIET_S)
    return _drawn(store, found, file)


async def watch(store: Store, file: Path | None) -> None:
    """Show the table, and draw it again at whatever a lock says; without end."""
    from rich.console import Console
    from rich.live import Live

    from .answer import drawn

    async with link.client(store) as connected:
        found = await link.states(connected, _names(store), _QUIET_S)
        with Live(drawn(_table(_drawn(store, found, file))), console=Console(), auto_refresh=False) as live:
            async for message in connected.messages:
                _on_message(found, message)
                live.update(drawn(_table(_drawn(store, found, file))), refresh=True)


def _on_message(found: dict[str, dict], message: aiomqtt.Message) -> None:
    name, leaf, fields = link.said(message)
    if leaf == "state":
        found[name] = fields


def _names(store: Store) -> list[str]:
    names = [row["name"] for row in store.locks()]
    if not names:
        raise MenshenError("there is no lock in the file; `menshen lock add` puts one there")
    return names


def _drawn(store: Store, found: dict[str, dict], file: Path | None) -> list[Health]:
    alarms = {row["name"]: len(mailbox.alarms(store, row["name"], False)) for row in store.locks()}
    known = healths(store, found, link.note_seen(store, found), alarms)
    if file is not None:
        file.write_text(picture(known, time.time()), "utf-8")
    return known


def _table(known: list[Health]) -> Table:
    rows = []
    for one in known:
        listed = f"{one.held or '?'} of {one.wanted}" if one.wanted else one.held
        words = one.firmware, listed, one.clock, one.signal, ", ".join(one.faults), _since(one.since)
        rows.append((one.lock, one.health, *words))
    return Table(_COLUMNS, rows)


def _since(seconds: int) -> str:
    """The time of today, or the day."""
    if not seconds:
        return ""
    then, today = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%d %b", then)
