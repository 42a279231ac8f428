"""To the broker over TLS, and what the locks say there of themselves."""

import asyncio
import os
import re
import time
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import aiomqtt

from menshen import json_text, mqtt

from .database import StoreError
from .locks import FILES
from .store import Store

QOS = 1
_ROOT = "menshen/v1/"


def client(store: Store, identifier: str | None = None) -> AbstractAsyncContextManager[aiomqtt.Client]:
    """A client with the operator's certificate; by an identifier, one whose messages the broker keeps."""
    address = store.setting("broker")
    folder = os.environ.get("MENSHEN_CERTIFICATES") or store.setting("certificates")
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
    """As text for a terminal and a picture: nothing that a lock or a broker says can control either."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value)[:80])


def number(value: object, highest: int = 2**32 - 1) -> int | None:
    """A whole number from 0 to `highest`, else None."""
    return value if type(value) is int and 0 <= value <= highest else None


def challenge(state: dict) -> str | None:
    """What a message must echo to set a lock's clock: the challenge of its last state, while connected."""
    told = state.get("challenge")
    return told if isinstance(told, str) and re.fullmatch("[0-9a-f]{16}", told) else None


def said(message: aiomqtt.Message) -> tuple[str, str, dict]:
    """Lock, leaf of the topic, and the fields; none where what came is no JSON object."""
    name, _, leaf = str(message.topic).removeprefix(_ROOT).partition("/")
    payload = message.payload
    with suppress(ValueError, UnicodeDecodeError):
        fields = json_text.loads(payload if isinstance(payload, bytes | bytearray | str) else b"")
        if isinstance(fields, dict):
            return name, leaf, fields
    return name, leaf, {}


async def subscribe(connected: aiomqtt.Client, names: Collection[str], leaf: str) -> None:
    """Subscribe to one topic of each lock, all in one packet: one by one, a hundred take two seconds."""
    if names:
        await connected.subscribe([(f"{_ROOT}{name}/{leaf}", QOS) for name in names])


async def states(connected: aiomqtt.Client, names: Collection[str], quiet_s: float) -> dict[str, dict]:
    """What each lock last said of itself; ends after so many seconds in which none was heard."""
    return (await retained(connected, names, ["state"], quiet_s))["state"]


async def retained(
    connected: aiomqtt.Client, names: Collection[str], leaves: Collection[str], quiet_s: float
) -> dict[str, dict]:
    """What the broker keeps of these topics of the locks, by leaf and lock: fields, of a list the message.

    Ends after so many seconds in which nothing came, or once all is there.
    """
    for leaf in leaves:
        await subscribe(connected, names, leaf)
    found: dict[str, dict] = {leaf: {} for leaf in leaves}
    with suppress(TimeoutError):
        while any(found[leaf].keys() < set(names) for leaf in leaves):
            async with asyncio.timeout(quiet_s):
                message = await anext(connected.messages)
            name, leaf, fields = said(message)
            if leaf in found and name in names:
                found[leaf][name] = fields if leaf == "state" else message.payload
    return found


def note_seen(store: Store, found: dict[str, dict]) -> dict[str, int]:
    """Since when each has been online or not: messages have no time, so since that was first seen."""
    now = int(time.time())
    with store.change():
        for name, fields in found.items():
            online = int(fields.get("online") is True)
            before = store.run("select online from seen where lock = ?", name)
            if not before or before[0]["online"] != online:
                store.run("delete from seen where lock = ?", name)
                store.run("insert into seen (lock, online, since) values (?, ?, ?)", name, online, now)
    return {row["lock"]: row["since"] for row in store.run("select lock, since from seen")}
