"""The command that gives locks their lists, and says what each made of it."""

import asyncio
import hashlib
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import click

from menshen.cli import numbers
from menshen.cli.completing import LOCK

from . import link, mailbox, records
from .answer import Answer
from .lists import Head, changes, chunks, read_head, snapshot
from .locks import chosen
from .opened import reading
from .ordered import naturally
from .store import HELD, SENT, WANTED, Store

_QUIET_S, _MAIL_S = 2, 0.3
_DOUBT_S = 10
"""So long a refusal that names no list waits for a better answer: an old board may have the same name."""

_JUMP_MAX = 1000
_CONTENT = {"bad records", "lease locked out", "lease shortened", "too large", "too many leases"}
"""The refusals that are for what the list says: it is taken back. After the others it can be sent again."""

_MEANING = {
    "lease locked out": "somebody who lives there would have no way in any more",
    "lease shortened": "a lease would end early, and not all residents agreed two days ago (PIN * 5 #), "
    "or by the lock's clock it still runs",
    "too many leases": "a lock takes 32 at most",
    "bad signature": "the key in the file is not this lock's",
    "wrong lock": "the ID in the file is not this lock's",
    "old version": "it holds a newer list, or another of this number: `menshen check`, then publish again",
    "flash full": "publish again later",
}

_UNKNOWN = "the lock's own list is not known here, and may have leases or cards that your file has not"

_TWO = "another board under this name could not read it: where a board was replaced, is the old one still on?"


@dataclass
class Result:
    """What came of one lock's list: "accepted", "refused", "held" (it had it), "waiting" or "kept back"."""

    lock: str
    version: int
    outcome: str
    note: str = ""
    named: bool = True
    """Whether the answer named the version. One that does not may be to what somebody else sent."""

    doubt: tuple[str, float] | None = None
    """The reason of a refusal that named no version, and until when another answer counts more."""

    lines: list[str] = field(default_factory=list)
    """In sentences what a refusal means, and what was done about it."""


@click.command("publish")
@click.argument("names", metavar="[LOCK]...", nargs=-1, shell_complete=LOCK)
@click.option("--all", "everyone", is_flag=True, help="Every lock in the file, as if none was named.")
@click.option(
    "--wait",
    "wait_s",
    type=numbers.Number(1, 600),
    default=30,
    show_default=True,
    help="Seconds to wait for the locks' answers.",
)
@reading
def publish(store: Store, names: tuple[str, ...], everyone: bool, wait_s: float) -> Answer:
    """Give locks their newest lists: those named, or all.

    Then it says what each made of its list:

    \b
    accepted, held  the lock has this list; it had it already
    waiting         it is offline, and takes the list when it is back
    refused         with the reason, and what became of what you had entered
    kept back       your file is older than the lock's list: `menshen check`

    \b
        menshen publish
    """
    if names and everyone:
        raise click.UsageError("Say which locks: their names, or --all.")
    wanted = chosen(store, names) or sorted((row["name"] for row in store.locks()), key=naturally)
    results = asyncio.run(deliver(store, wanted, wait_s))
    for result in results:
        if result.outcome == "refused":
            result.lines = _taken_back(store, result)
    bad = any(result.outcome in ("refused", "kept back") for result in results)
    said = [
        line for result in results for line in (_sentence(result), *(f"  {line}" for line in result.lines))
    ]
    data = [
        {"lock": one.lock, "list": one.version, "outcome": one.outcome, "note": one.note, "said": one.lines}
        for one in results
    ]
    return Answer(data, said or ["there is no lock in the file"], status=int(bad))


def _sentence(result: Result) -> str:
    return f"{result.lock}: list {result.version} {result.outcome}{result.note and ': '}{result.note}"


async def deliver(store: Store, names: Collection[str], wait_s: float) -> list[Result]:
    """Publish the lists of these locks, and wait for what those that are online make of them."""
    await mailbox.collect(store, _MAIL_S)
    results: dict[str, Result] = {}
    async with link.client(store) as connected:
        kept = await link.retained(connected, names, ["list", "state"], _QUIET_S)
        await link.subscribe(connected, names, "ack")
        for name in names:
            result, messages = _next(store, name, kept["state"].get(name, {}), kept["list"].get(name, b""))
            results[name] = result
            for topic, payload in messages:
                await connected.publish(topic, payload, qos=link.QOS, retain=True)
        await _answers(connected, store, results, wait_s)
    return list(results.values())


def _next(store: Store, name: str, state: dict, waiting: bytes) -> tuple[Result, list[tuple[str, bytes]]]:
    """What to send to a lock, by what it last said and by the list that waits for it at the broker."""
    with store.change():
        row = store.lock(name)
        if reason := outdated(store, row, waiting):
            return Result(name, row["version"], "kept back", reason), []
        holds, ours = held(row, state), is_ours(row, store.hash(name), state)
        if 0 < holds == row["version"] and ours:
            store.taken(name, holds)  # an answer that came while nobody waited for it
        if not ours:
            store.forget_base(name)
        messages = prepare(store, name, holds, link.challenge(state))
        version = store.lock(name)["version"]
    if not messages:
        return Result(name, version, "held"), []
    return Result(name, version, "waiting", _absent(state)), messages


def outdated(store: Store, row: Any, waiting: bytes) -> str:
    """Why nothing may be sent to a lock: this file was restored, or is an old copy; otherwise ""."""
    if not row["checked"]:
        return "this file was restored from a backup: `menshen check` asks the locks first"
    head = read_head(row["name"], store.key(row["name"]), waiting)
    if head is not None and head.version > row["version"]:
        return f"list {head.version} was made from a newer copy of this file: `menshen check` looks at it"
    return ""


def held(row: Any, state: dict) -> int:
    """The version that a lock holds: what it answered, or what its state says, a quarter of an hour later.

    States are not signed: a version far above all that were made here is not believed. Otherwise a forger
    could use the numbers up, and the lock would take no list any more.
    """
    told = link.number(state.get("list")) or 0
    return max(row["held"], told if told <= row["version"] + _JUMP_MAX else 0)


def is_ours(row: Any, name: str, state: dict) -> bool:
    """Whether the list of our newest version that a lock holds can be ours, which has the hash `name`.

    It is not where somebody else's has the number, or one that was made before the file was restored from a
    copy. A lock of 0.1.0 says no hash in its state.
    """
    told = state.get("hash")
    return state.get("list") != row["version"] or told is None or told == name


def prepare(store: Store, name: str, holds: int, echo: str | None = None) -> list[tuple[str, bytes]]:
    """What has to be on the broker, retained: nothing if the lock holds version `holds` and that is current.

    A new version is above all that were ever made here, and above the one that the lock holds. `echo` is the
    challenge in its last state.
    """
    series = store.series(name)
    wanted = records.records(store, name)
    if series.base and series.version >= holds and snapshot(wanted) == series.current:
        store.copy(name, WANTED, SENT)  # names may be others, and make no difference to the lock
        if holds == series.version:
            store.taken(name, holds)
            return []
        delta = changes(series.base_data, series.current)
        again = Head(series.version, series.base, series.base_data, delta, echo=echo)
        return [
            *chunks(series.base_data),
            (f"menshen/v1/{name}/list", again.signed(name, series.key).encode()),
        ]
    if holds > series.version:  # a list of elsewhere: what it says is not known here, so nothing builds on it
        store.forget_base(name)
        series.version, series.base = holds, 0
    messages = series.publish(wanted, echo)
    store.save(series)
    return messages


async def _answers(
    connected: aiomqtt.Client, store: Store, results: dict[str, Result], wait_s: float
) -> None:
    end = time.monotonic() + wait_s
    while True:
        now = time.monotonic()
        waiting = [each for each in results.values() if each.outcome == "waiting" and not each.note]
        for result in waiting:
            if result.doubt is not None and result.doubt[1] <= now:
                _refuse(store, result, result.doubt[0])
                result.named = False
        waiting = [each for each in waiting if each.outcome == "waiting"]
        if not waiting or now >= end:
            break
        until = min([end, *(each.doubt[1] for each in waiting if each.doubt is not None)])
        with suppress(TimeoutError):
            async with asyncio.timeout(until - now):
                name, leaf, fields = link.said(await anext(connected.messages))
            result = results.get(name)
            if leaf == "ack" and result is not None and result.outcome == "waiting":
                _take(store, result, fields, min(end, time.monotonic() + _DOUBT_S))
    for result in waiting:
        result.note = f"no answer within {wait_s:g} s; it takes the list as soon as it can"


def _take(store: Store, result: Result, fields: dict, until: float) -> None:
    """An answer. A refusal that names no version is this lock's, unless a better one comes `until` then: it
    may be of a board whose place this one has taken, and which has another key.
    """
    outcome, version = fields.get("result"), fields.get("list")
    if "list" not in fields or version not in (result.version, None):
        return
    if outcome == "accepted" and _names(store, result.lock, fields):
        with store.change():
            store.taken(result.lock, result.version)
        result.outcome, result.note = "accepted", ""
        if result.doubt is not None:
            result.lines = [_TWO]
    elif outcome == "accepted":
        _refuse(store, result, "old version")
    elif outcome == "refused" and version is None:
        result.doubt = result.doubt or (link.plain(fields.get("reason")), until)
    elif outcome == "refused":
        _refuse(store, result, link.plain(fields.get("reason")))


def _refuse(store: Store, result: Result, reason: str) -> None:
    result.outcome, result.note = "refused", reason
    if reason == "old version":
        with store.change():
            store.forget_base(result.lock)


def _names(store: Store, lock: str, fields: dict) -> bool:
    """Whether an acknowledgement names our newest list. One of 0.1.0 names its snapshot by the whole hash."""
    row, told = store.lock(lock), fields.get("hash")
    if isinstance(told, str) and len(told) == 64:
        return (fields.get("base"), told) == (
            row["base"],
            hashlib.sha256(bytes(row["base_data"])).hexdigest(),
        )
    return told == store.hash(lock)


def _absent(state: dict) -> str:
    """Why no answer can be awaited now, else ""."""
    if not state:
        return "it has never been heard of; it takes the list when it connects"
    return "" if state.get("online") is True else "it is offline; it takes the list when it is back"


def _taken_back(store: Store, result: Result) -> list[str]:
    """In sentences what a refusal means, and what is done in the file about it."""
    said = [_MEANING[result.note]] if result.note in _MEANING else []
    if result.note not in _CONTENT or not result.named:
        return [*said, "what you entered stays in the file"]
    if not store.lock(result.lock)["held"]:
        return [*said, f"what you entered stays in the file: {_UNKNOWN}"]
    with store.change():
        said += records.differences(store, result.lock)
        store.copy(result.lock, HELD, WANTED)
        store.journal.published(result.lock)
        store.note(f"list {result.version} of {result.lock} was refused ({result.note}), and is taken back")
    again = f"`menshen publish {result.lock}` takes the refused one away"
    return [*said, f"The file is as the lock's own list again; {again}"]
