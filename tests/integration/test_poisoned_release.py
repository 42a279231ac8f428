"""A release that breaks the boards of one kind goes to whole locks: the roll-out stops itself, all come back.

By night to sixty, by day to four. A lock takes a fifth of a processor, so only those run that are told; all
others are started afterwards, some at a time, to see that they were left alone and open.
"""

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from menshen.operator.certificates import OPERATOR, Authority
from menshen.release.roll_out import split
from tests import releases
from tests.integration.helpers.first_hour import release, typed
from tests.integration.helpers.house import broker_of, broker_pair
from tests.simulated_lock import Lock

_COUNT, _SHARES = (60, "1,10%,50%,100%") if os.environ.get("MENSHEN_NIGHTLY") else (4, "1,75%,100%")
_AT_ONCE = 6
_OLD, _NEW, _PIN = "0.1.0", "7.1.0", "246810"
_PATIENCE_S = 600
_LINE = "        self.line, self._reset = Line(uart, irq), reset\n"
_POISON = {"readers/pn532.py": (_LINE, _LINE + "        raise ValueError\n")}
"""With a PN532 it does not start at all; without one it is as good as the one before."""

pytestmark = pytest.mark.slow


async def _opens(lock: Lock) -> None:
    """Its tenant comes in."""
    await lock.keys(_PIN + "#")
    await lock.wait_unlocked()


async def test_it_stops_within_its_second_group_and_every_lock_opens(
    make_lock: Callable, tmp_path: Path
) -> None:
    began = time.monotonic()
    names = [f"flat-{n}" for n in range(1, _COUNT + 1)]
    groups = split(names, _SHARES, _NEW)
    told = [name for group in groups[:2] for name in group]
    authority = Authority.create(tmp_path / "certificates")
    authority.issue(OPERATOR, client=True).write(tmp_path / "certificates", "operator")
    path = release(tmp_path, _NEW, _POISON)

    async def menshen(*arguments: str, status: int = 0) -> str:
        line = ("-m", "menshen", "--file", str(tmp_path / "house.db"), *arguments)
        return await typed(*line, status=status, patience_s=_PATIENCE_S)

    async with broker_of(tmp_path, authority, broker_pair(authority, "127.0.0.1")) as broker:
        await menshen("init", "--zone", "UTC", "--broker", "none", "--seal", "key")
        host, port = broker.tls_address
        await menshen("broker", f"{host}:{port}", "--certificates", str(tmp_path / "certificates"))

        async def make(name: str) -> Lock:
            """A lock; of those that are told, the first one has no reader, and does not notice."""
            settings = {
                "lock": name,
                "relay": {"seconds": 1},
                "reader": {"type": "none" if name == told[0] else "pn532"},
                "update": {"trial_s": 6, "spread_s": 0},
            }
            lock: Lock = await make_lock(
                tmp_path / name, power=False, broker_address=broker.address, settings=settings
            )
            lock.world.provision = dataclasses.replace(lock.world.provision, lock=name)
            releases.Operator(lock).trust()
            return lock

        locks = {name: await make(name) for name in names}
        for name in names:
            await menshen("lock", "add", name, "--key-file", str(tmp_path / name / "lock.key"))
        for name in told:
            await locks[name].power(True)
            await locks[name].wait_online()
        said = await menshen(
            *("release", "roll-out", "--release", str(path), "--wait", "0", "--groups", _SHARES), status=1
        )
        print(f"\n{said}")
        assert f"group 1 is well: 1 locks run {_NEW}" in said
        assert "paused, group 2: " in said
        assert "group 3 of" not in said
        assert f"{told[0]}: confirmed" in said
        for name in told[1:]:
            operator = releases.Operator(locks[name])
            await operator.withdraw()  # a release that went back is tried once more as long as it is ordered
            await locks[name].power(False)
            await locks[name].power(True)
            runs = (await locks[name].wait_online())["json"]["firmware"]
            if runs == _NEW:  # on trial yet
                await operator.wait_update("went back")  # what it said before that, the broker has
                runs = (await locks[name].state())["lock"]["firmware"]
            assert runs == _OLD
            await _opens(locks[name])
            await locks[name].power(False)
        await locks[told[0]].keys(_PIN + "#")  # it runs the new one, which it can
        await locks[told[0]].wait_unlocked()
        await locks[told[0]].power(False)
        rest = [name for name in names if name not in told]
        for at in range(0, len(rest), _AT_ONCE):
            some = [locks[name] for name in rest[at : at + _AT_ONCE]]
            for lock in some:
                await lock.power(True)
            for lock in some:
                assert (await lock.wait_online())["json"]["firmware"] == _OLD
                await _opens(lock)
                await lock.power(False)
    print(f"{_COUNT} locks, {len(told)} told, all open: {time.monotonic() - began:.0f} s")
