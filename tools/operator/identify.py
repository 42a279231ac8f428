"""The command that has a lock show itself."""

import asyncio
import time

import aiomqtt
import click

from menshen.cli.completing import LOCK
from menshen.errors import MenshenError

from . import link
from .answer import Answer
from .commands import Command
from .opened import reading
from .store import Store, called

_QUIET_S, _WAIT_S = 2, 15


@click.command("identify")
@click.argument("lock", shell_complete=LOCK)
@reading
def identify(store: Store, lock: str) -> Answer:
    """Have a lock show itself by its violet light.

    For whoever stands before several doors and looks for the one that your file means.

    \b
        menshen identify flat-3
    """
    row = store.lock(lock)
    said = asyncio.run(_identify(store, row["name"]))
    if said.get("result") == "refused":
        raise MenshenError(f"{called(row)}: refused, {link.plain(said.get('reason'))}")
    return Answer({"lock": row["name"], "answer": said}, [f"{called(row)} shows its violet light"])


async def _identify(store: Store, name: str) -> dict:
    """The lock's answer. Raises MenshenError where there is none."""
    async with link.client(store) as connected:
        state = (await link.states(connected, [name], _QUIET_S)).get(name, {})
        if state.get("online") is not True:
            raise MenshenError(f"LOCK {name}: is offline")
        told = link.number(state.get("command"), 2**30 - 2)
        order = Command(name, "identify", number=None if told is None else told + 1)
        await link.subscribe(connected, [name], "ack")
        message = order.message(store.key(name))
        await connected.publish(f"menshen/v1/{name}/command", message, qos=link.QOS)
        return await _answer(connected, name, order.nonce)


async def _answer(connected: aiomqtt.Client, name: str, nonce: str) -> dict:
    until = time.monotonic() + _WAIT_S
    try:
        while True:
            async with asyncio.timeout(until - time.monotonic()):
                _, leaf, fields = link.said(await anext(connected.messages))
            if leaf == "ack" and fields.get("nonce") == nonce:
                return fields
    except TimeoutError as error:
        raise MenshenError(f"LOCK {name}: no answer within {_WAIT_S} s") from error
