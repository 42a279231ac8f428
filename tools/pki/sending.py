"""Sends a certificate to a lock that is online, signed with its key from the operator's file."""

import asyncio
import base64

from menshen.errors import MenshenError
from menshen.operator import link
from menshen.operator.commands import Command
from menshen.operator.opened import open_house
from menshen.operator.store import Store

_PATIENCE_S = 30
_QUIET_S = 2


def send(name: str, file: str, der: bytes) -> None:
    """Have a lock put it in the place of its file "lock" or "ca". Raises MenshenError where it does not."""
    asyncio.run(_send(open_house(), name, file, base64.urlsafe_b64encode(der).rstrip(b"=").decode()))


async def _send(store: Store, name: str, file: str, text: str) -> None:
    ident = store.lock(name)["name"]
    async with link.client(store) as connected:
        state = (await link.states(connected, [ident], _QUIET_S)).get(ident, {})
        if state.get("online") is not True:
            raise MenshenError(f"{ident} is offline: a certificate is given to a lock that is online")
        made = Command(ident, "certificate", number=_next(store, ident, state))
        await link.subscribe(connected, [ident], "ack")
        said = made.message(store.key(ident), file=file, certificate=text)
        await connected.publish(f"menshen/v1/{ident}/command", said, qos=link.QOS)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await _answer(connected, made.nonce)
        except TimeoutError:
            raise MenshenError(
                f"{ident} does not answer: look at its certificate again before you go on"
            ) from None
    if answer.get("result") != "done":
        raise MenshenError(f"{ident} refuses it: {link.plain(answer.get('reason', ''))}")


def _next(store: Store, ident: str, state: dict) -> int | None:
    """The number of the next command; None for a lock of 0.1.0. The state is as old as its last message."""
    told = link.number(state.get("command"), 2**30 - 2)
    if told is None:
        return None
    sent = int(store.setting(f"command {ident}") or 0)
    number = max(told, sent if sent < told + 1000 else 0) + 1
    with store.change():
        store.set(f"command {ident}", str(number))
    return number


async def _answer(connected, nonce: str) -> dict:
    while True:
        _, leaf, fields = link.said(await anext(connected.messages))
        if leaf == "ack" and fields.get("nonce") == nonce:
            return fields
