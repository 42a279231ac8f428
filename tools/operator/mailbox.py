"""What the broker keeps for the operator while nobody is there: reports of staff, and alarms.

The broker does so for a client that it knows, once that has subscribed. So each command that connects asks
for its mail first, `menshen publish` above all: the mailbox is there before a lock has staff on its list.
"""

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import aiomqtt

from . import link
from .store import Store

_KEPT_S = 90 * 86_400
_LEAVES = ("staff", "alarm")
ALARMS = ("forced", "held open", "tamper", "throttled")


async def collect(store: Store, quiet_s: float) -> None:
    """Take over what has come since the last call; remove what is older than 90 days."""
    with store.change():
        identifier = store.setting("client") or f"menshen-operator-{secrets.token_hex(8)}"
        store.set("client", identifier)
        limit = int(time.time()) - _KEPT_S
        store.run("delete from staff_entry where heard < ?", limit)
        store.run("delete from alarm where heard < ?", limit)
    names = {row["name"] for row in store.locks()}
    async with link.client(store, identifier) as connected:
        # The broker keeps what is not acknowledged, and that is done once it is in the file; paho can do it
        # by hand, and aiomqtt has no word for it.
        paho = connected._client
        paho.manual_ack_set(True)
        for leaf in _LEAVES:
            await link.subscribe(connected, names, leaf)
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(quiet_s):
                    message = await anext(connected.messages)
                _take(store, names, message)
                paho.ack(message.mid, message.qos)
    with store.change():
        _forget_people(store)


def _forget_people(store: Store) -> None:
    """Forget the names of staff of whom there is neither an entry nor a report any more."""
    entered = " ".join(row["data"] for row in store.run("select data from entry where kind = 'staff'"))
    reported = {row["digest"] for row in store.run("select distinct digest from staff_entry")}
    for row in store.run("select lock, digest from person"):
        if row["digest"] not in reported and row["digest"] not in entered:
            store.run("delete from person where lock = ? and digest = ?", row["lock"], row["digest"])


def _take(store: Store, names: Collection[str], message: aiomqtt.Message) -> None:
    name, leaf, fields = link.said(message)
    if leaf in _LEAVES and name in names:
        with store.change():
            (_note_staff if leaf == "staff" else _note_alarm)(store, name, fields)


def _note_staff(store: Store, lock: str, fields: dict) -> None:
    """A report that came twice counts once. Time 0 is none: numbers begin anew in a lock that was wiped."""
    count, when_ = link.number(fields.get("n")), link.number(fields.get("time")) or 0
    digest, kind = fields.get("credential"), fields.get("kind")
    if count is None or not isinstance(digest, str) or not isinstance(kind, str):
        return
    digest = link.plain(digest)
    known = store.run(
        "select 1 from staff_entry where lock = ? and number = ? and digest = ? and time = ?",
        lock,
        count,
        digest,
        when_,
    )
    if known:
        return
    missed, now = link.number(fields.get("missed")) or 0, int(time.time())
    store.run(
        "insert into staff_entry (lock, number, time, digest, kind, missed, heard) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        lock,
        count,
        when_,
        digest,
        link.plain(kind),
        missed,
        now,
    )
    store.run("update person set used = used + 1 where lock = ? and digest = ?", lock, digest)


def _note_alarm(store: Store, lock: str, fields: dict) -> None:
    count, when_ = link.number(fields.get("n")), link.number(fields.get("time")) or 0
    kind = fields.get("alarm")
    if count is None or not isinstance(kind, str):
        return
    store.run(
        "insert into alarm (lock, number, time, kind, missed, heard) values (?, ?, ?, ?, ?, ?) "
        "on conflict do nothing",
        lock,
        count,
        when_,
        link.plain(kind),
        link.number(fields.get("missed")) or 0,
        int(time.time()),
    )


def staff_entries(store: Store, lock: str) -> list[Any]:
    """When staff came in at a lock, in order; `who` is None where the file does not know the credential."""
    return store.run(
        "select staff_entry.*, person.name as who from staff_entry left join person "
        "on person.lock = staff_entry.lock and person.digest = staff_entry.digest "
        "where staff_entry.lock = ? order by staff_entry.heard, staff_entry.number",
        lock,
    )


def alarms(store: Store, lock: str, every: bool = True) -> list[Any]:
    """The alarms of a lock in order; not `every`: those that nobody has looked at."""
    chosen = "" if every else "and seen = 0 "
    return store.run(
        f"select * from alarm where lock = ? {chosen}order by heard, number",  # noqa: S608 (of two texts)
        lock,
    )


def when(second: int, zone: str) -> str:
    """A moment as the clocks show it there; 0 is none."""
    if not second:
        return "no clock"
    return f"{dt.datetime.fromtimestamp(second, ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
