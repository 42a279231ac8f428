"""To the broker over TLS, and what the locks say there: their states, acknowledgements and staff reports."""

import asyncio
import json
import secrets
import time
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import aiomqtt

from menshen import mqtt

from .locks import FILES
from .store import Store, StoreError

QOS = 1
_KEPT_S = 90 * 86_400  # of staff reports
_ROOT = "menshen/v1/"


def client(store: Store, identifier: str | None = None) -> AbstractAsyncContextManager[aiomqtt.Client]:
    """A client with the operator's certificate; by an identifier, one whose messages the broker keeps."""
    address, folder = store.setting("broker"), store.setting("certificates")
    if address is None or folder is None:
        raise StoreError(
            "there is no broker yet: `menshen broker HOST:PORT --certificates FOLDER` says where it is"
        )
    authority, certificate, key = (Path(folder) / name for name in FILES)
    for path in (authority, certificate, key):
        if not path.is_file():
            raise StoreError(
                f"{path} is missing: `menshen broker HOST:PORT --certificates FOLDER` says where it is"
            )
    return mqtt.connected(address, mqtt.Tls(authority, certificate, key), identifier)


def plain(value: object) -> str:
    """As text for a terminal and a picture: nothing that a lock or a broker says can steer either."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value)[:80])


def number(value: object, highest: int = 2**32 - 1) -> int | None:
    """A whole number from 0 to `highest`, else None."""
    return value if type(value) is int and 0 <= value <= highest else None


def said(message: aiomqtt.Message) -> tuple[str, str, dict]:
    """Lock, leaf of the topic, and the fields; none where what came is no JSON object."""
    name, _, leaf = str(message.topic).removeprefix(_ROOT).partition("/")
    payload = message.payload
    with suppress(ValueError, UnicodeDecodeError):
        fields = json.loads(payload if isinstance(payload, bytes | bytearray | str) else b"")
        if isinstance(fields, dict):
            return name, leaf, fields
    return name, leaf, {}


async def hear(connected: aiomqtt.Client, names: Collection[str], leaf: str) -> None:
    """Subscribe to one topic of each lock, all in one packet: one by one, a hundred take two seconds."""
    if names:
        await connected.subscribe([(f"{_ROOT}{name}/{leaf}", QOS) for name in names])


async def states(connected: aiomqtt.Client, names: Collection[str], quiet_s: float) -> dict[str, dict]:
    """What each lock last said of itself; ends after so many seconds in which none was heard."""
    await hear(connected, names, "state")
    found: dict[str, dict] = {}
    with suppress(TimeoutError):
        while found.keys() < set(names):
            async with asyncio.timeout(quiet_s):
                name, leaf, fields = said(await anext(connected.messages))
            if leaf == "state" and name in names:
                found[name] = fields
    return found


def note_seen(store: Store, found: dict[str, dict]) -> dict[str, int]:
    """Since when each has been as it is, online or not: the messages carry no time, so since it was seen."""
    now = int(time.time())
    with store.change():
        for name, fields in found.items():
            online = int(fields.get("online") is True)
            before = store.run("select online from seen where lock = ?", name)
            if not before or before[0]["online"] != online:
                store.run("insert or replace into seen values (?, ?, ?)", name, online, now)
    return {row["lock"]: row["since"] for row in store.run("select lock, since from seen")}


async def collect_staff(store: Store, quiet_s: float) -> None:
    """Take over the staff reports that have come since the last call; those of 90 days are kept."""
    identifier = store.setting("client") or f"menshen-operator-{secrets.token_hex(8)}"
    with store.change():
        store.set("client", identifier)
        store.run("delete from staff_entry where heard < ?", int(time.time()) - _KEPT_S)
    names = {row["name"] for row in store.locks()}
    async with client(store, identifier) as connected:
        await hear(connected, names, "staff")
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(quiet_s):
                    name, leaf, fields = said(await anext(connected.messages))
                if leaf == "staff" and name in names:
                    _note_staff(store, name, fields)


def _note_staff(store: Store, lock: str, fields: dict) -> None:
    """A report that came twice counts once. Time 0 is none: numbers begin anew in a lock that was wiped."""
    count, when = number(fields.get("n")), number(fields.get("time")) or 0
    digest, kind = fields.get("credential"), fields.get("kind")
    if count is None or not isinstance(digest, str) or not isinstance(kind, str):
        return
    with store.change():
        store.run(
            "insert or ignore into staff_entry values (?, ?, ?, ?, ?, ?, ?)",
            lock,
            count,
            when,
            plain(digest),
            plain(kind),
            number(fields.get("missed")) or 0,
            int(time.time()),
        )
