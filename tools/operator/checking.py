"""Asks the locks which lists they hold, before anything is sent to them: after a restore, above all."""

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import click

from menshen.cli.completing import LOCK

from . import adopting, asking, link
from .answer import Answer, Table
from .lists import CHUNK, Known, list_hash, read_head
from .locks import chosen
from .opened import changing
from .publishing import held, is_ours
from .store import Store

_QUIET_S = 2
_SIZE_MAX = 16 + 20_000 * 32  # of a snapshot: firmware/roll/README.md


@dataclass
class Heard:
    """What the broker has of one lock: its state, the head that waits for it, and that head's snapshot."""

    state: dict
    head: Known | None = None
    base: bytes | None = None


@dataclass
class Found:
    """What came of one lock: "same", "waits", "taken over", "above" or "not heard"."""

    lock: str
    outcome: str
    said: str
    lines: list[str] = field(default_factory=list)


@click.command("check")
@click.argument("names", metavar="[LOCK]...", nargs=-1, shell_complete=LOCK)
@click.option(
    "--anyway", is_flag=True, help="Publish to these locks again, though nothing was heard of them."
)
@changing
def check(store: Store, names: tuple[str, ...], anyway: bool) -> Answer:
    """Ask which lists the locks hold; nothing is sent.

    What they have is compared with your file:

    \b
    same        the lock has the newest list of this file
    waits       it has an older one: `menshen publish`
    taken over  it has a list of a newer copy of the file, which takes it over
    above       it has a list that nobody knows: the next gets a higher number
    not heard   nothing was heard of it

    \b
        menshen check
    """
    idents = chosen(store, names) or [row["name"] for row in store.locks()]
    if anyway and not names:
        raise click.UsageError("--anyway is for locks that are named.")
    heard = asking.typed("heard", lambda: asyncio.run(ask(store, idents)))
    found = [_compare(store, ident, heard[ident], anyway) for ident in idents]
    table = Table(("lock", "", ""), [(one.lock, one.outcome, one.said) for one in found])
    return Answer(
        [{"lock": one.lock, "outcome": one.outcome, "said": one.said, "changes": one.lines} for one in found],
        [f"{one.lock}: {line}" for one in found for line in one.lines],
        table,
        record="; ".join(
            f"{one.lock}: {one.outcome}" for one in found if one.outcome in ("taken over", "above")
        ),
    )


async def ask(store: Store, idents: list[str]) -> dict[str, Heard]:
    """What the broker has of these locks; the snapshots only of lists that are not this file's."""
    async with link.client(store) as connected:
        kept = await link.retained(connected, idents, ["list", "state"], _QUIET_S)
        found = {}
        for ident in idents:
            head = read_head(ident, store.key(ident), kept["list"].get(ident, b""))
            found[ident] = Heard(kept["state"].get(ident, {}), head)
            if head is not None and not _is_made_here(store, ident, head):
                found[ident].base = await _blob(connected, head)
    return found


def _is_made_here(store: Store, ident: str, head: Known) -> bool:
    """Whether the head at the broker is this file's newest, or older than that."""
    row = store.lock(ident)
    if head.version != row["version"]:
        return head.version < row["version"]
    base = bytes(row["base_data"])
    return (head.sha256, list_hash(base, head.delta)) == (hashlib.sha256(base).hexdigest(), store.hash(ident))


async def _blob(connected: aiomqtt.Client, head: Known) -> bytes | None:
    """The snapshot of a head by its chunks, which the broker keeps; None where it does not have them all."""
    if not 0 < head.size <= _SIZE_MAX:
        return None
    count = -(-head.size // CHUNK)
    root = f"menshen/v1/blob/{head.sha256}/"
    await connected.subscribe([(f"{root}{place}", link.QOS) for place in range(count)])
    chunks: dict[str, bytes] = {}
    with contextlib.suppress(TimeoutError):
        while len(chunks) < count:
            async with asyncio.timeout(_QUIET_S):
                message = await anext(connected.messages)
            if str(message.topic).startswith(root) and isinstance(message.payload, bytes):
                chunks[str(message.topic).removeprefix(root)] = message.payload
    data = b"".join(chunks.get(str(place), b"") for place in range(count))
    return data if hashlib.sha256(data).hexdigest() == head.sha256 else None


def _compare(store: Store, ident: str, heard: Heard, anyway: bool) -> Found:
    row, state, head = store.lock(ident), heard.state, heard.head
    if head is not None and not _is_made_here(store, ident, head):
        if heard.base is not None:
            return _take_over(store, row, heard, head, heard.base)
        return _above(store, row, max(head.version, held(row, state)))
    told = held(row, state)
    ours = is_ours(row, store.hash(ident), state)
    if told > row["version"] or not ours:
        return _above(store, row, told)
    if "list" not in state and head is None and row["version"] and not anyway:
        return Found(
            ident, "not heard", "the broker has nothing of it; `menshen check LOCK --anyway` goes on"
        )
    store.run("update lock set checked = 1 where name = ?", ident)
    if state.get("list") == row["version"] and row["version"]:
        store.taken(ident, row["version"])
        return Found(ident, "same", f"it holds list {row['version']}")
    return Found(
        ident,
        "waits",
        f"list {row['version']} is the newest; its last word was of {state.get('list', 'none')}",
    )


def _take_over(store: Store, row: Any, heard: Heard, head: Known, base: bytes) -> Found:
    ident = row["name"]
    asking.sure(
        f"{ident} has list {head.version} of a newer copy of this file, which has {row['version']}. "
        "Take over into this file what that list says?"
    )
    try:
        lines = adopting.adopt(store, ident, head, base)
    except adopting.AdoptError as error:
        return Found(ident, "not heard", error.message)
    adopting.held(store, ident, head, base, heard.state)
    return Found(ident, "taken over", f"list {head.version}", lines)


def _above(store: Store, row: Any, version: int) -> Found:
    """The lock's guard refuses a list that would take something from those who live there."""
    store.forget_base(row["name"])
    store.run(
        "update lock set version = ?, checked = 1 where name = ?", max(row["version"], version), row["name"]
    )
    said = (
        f"it holds another list {version}, which the broker does not have; the next one goes above it. "
        "Leases that your file has lost: enter them again, in their order and before any new one"
    )
    return Found(row["name"], "above", said)
