"""Carries a roll-out through: orders group by group, hears what the locks report, keeps it in the file."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import aiomqtt

from menshen.operator import link
from menshen.operator.store import Store

from . import publish
from .roll_out import CONFIRMED, PAUSED, RUNNING, RollOut

QUIET_S = 2
_TICK_S = 2.0
_FAILURES = {"went back", "refused"}
_PASSING = {"on trial", "old order"}
"""Refusals that say nothing of the release: an order that came again."""

Say = Callable[[str], None]


def saved(store: Store, kind: str) -> RollOut | None:
    """The last roll-out of a kind, as the file has it."""
    text = store.setting(f"roll-out {kind}")
    return RollOut.loaded(text) if text else None


def save(store: Store, roll: RollOut) -> None:
    """Put it there."""
    with store.change():
        store.set(f"roll-out {roll.kind}", roll.dumped())


async def states(store: Store, connected: aiomqtt.Client, names: list[str]) -> dict[str, dict]:
    """What these locks last said of themselves."""
    return await link.states(connected, names, QUIET_S)


class Fleet:
    """One roll-out at one broker. `now` gives seconds since 1970."""

    def __init__(
        self,
        store: Store,
        roll: RollOut,
        connected: aiomqtt.Client,
        say: Say,
        now: Callable[[], float] = time.time,
        tick_s: float = _TICK_S,
    ) -> None:
        self._store, self._roll, self._broker = store, roll, connected
        self._say, self._now, self._tick_s = say, now, tick_s
        self._states: dict[str, dict] = {}

    async def run(self) -> RollOut:
        """Run until it is done or paused; it can be run again and continues where it was."""
        roll = self._roll
        names = [name for group in roll.groups for name in group]
        for leaf in ("state", "update", "ack"):
            await link.subscribe(self._broker, names, leaf)
        waiting: dict[str, bytes] = {}
        with suppress(TimeoutError):
            while self._states.keys() < set(names):
                async with asyncio.timeout(QUIET_S):
                    self._on_message(await anext(self._broker.messages), waiting)
        begun = -1
        while roll.state == RUNNING:
            if begun != roll.at:
                begun = roll.at
                await self._order(waiting)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick_s):
                    self._on_message(await anext(self._broker.messages), waiting)
            for name in [name for name in roll.offline if self._is_online(name)]:
                roll.offline.remove(name)
                roll.ordered_at[name] = self._now()
            before = roll.at
            self._save(looking=True)
            if roll.at != before:
                self._say(f"group {before + 1} is well: {len(roll.groups[before])} locks run {roll.version}")
        if roll.state == PAUSED:
            await self._withdraw()
            save(self._store, roll)
        return roll

    async def _order(self, waiting: dict[str, bytes]) -> None:
        roll = self._roll
        told = f"{len(roll.group)} locks are told to run {roll.version}"
        self._say(f"group {roll.at + 1} of {len(roll.groups)}: {told}")
        for name in roll.group:
            if roll.state != RUNNING:
                return
            state = self._states.get(name)
            if state and state.get("firmware") == roll.version:
                roll.results.setdefault(name, CONFIRMED)
            if name in roll.results or name in roll.orders:
                continue
            key = self._store.key(name)
            number = publish.next_number(state, publish.number_of(name, key, waiting.get(name, b"")))
            said = publish.head(name, key, roll.version, number, echo=link.challenge(state or {}))
            roll.orders[name], roll.ordered_at[name] = number, self._now()
            if not self._is_online(name):
                roll.offline.append(name)
            self._save()
            await self._broker.publish(f"menshen/v1/{name}/update", said, qos=link.QOS, retain=True)

    def _save(self, looking: bool = False) -> None:
        """Keep it in the file, where somebody may have paused it meanwhile."""
        with self._store.change():
            other = saved(self._store, self._roll.kind)
            if other is not None and other.state == PAUSED:
                self._roll.pause(other.why)
            if looking:
                self._roll.look(self._now())
            save(self._store, self._roll)

    def _is_online(self, name: str) -> bool:
        return self._states.get(name, {}).get("online") is True

    async def _withdraw(self) -> None:
        """Take the orders back that nobody has answered: a lock that comes back is not to try it."""
        for name in list(self._roll.orders):
            if name not in self._roll.results:
                del self._roll.orders[name]
                await self._broker.publish(f"menshen/v1/{name}/update", b"", qos=link.QOS, retain=True)
                self._say(f"{name}: the order is taken back")

    def _on_message(self, message: aiomqtt.Message, waiting: dict[str, bytes]) -> None:
        name, leaf, fields = link.said(message)
        roll = self._roll
        if leaf == "update" and message.retain:
            waiting[name] = message.payload if isinstance(message.payload, bytes) else b""
        elif leaf == "state":
            self._states[name] = {**self._states.get(name, {}), **fields}
        elif leaf == "ack" and name in roll.orders and fields.get("update") == roll.version:
            result, reason = fields.get("result"), link.plain(fields.get("reason", ""))
            if result == CONFIRMED:
                roll.results[name] = CONFIRMED
            elif result in _FAILURES and reason not in _PASSING:
                roll.results[name] = f"{result}: {reason}" if reason else str(result)
            if name in roll.results:
                self._say(f"{name}: {roll.results[name]}")
