"""From the first releases to the newest: what a resident set at the keypad outlives every one of them.

The older releases are built from this repository's own history. The first of them knew no updates over
the air: they are brought on by cable, as an installer does it.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from menshen import build_app
from menshen.simulator.provision import lock_key, renew
from tests import history
from tests.releases import Operator
from tests.simulated_lock import Lock

FIRST = "ae73b7b"  # a lock that opens, and knows no residents
RESIDENTS = "2977ad0"  # residents choose their PIN; slots are folders
OVER_THE_AIR = "cdf0886"  # the first that finds releases at every broker
CHOSEN = "902817"
_LIST = """
import sys
from pathlib import Path
from tools.simulator.cards import demo_cards
from tools.simulator.provision import Provision
give = Provision(Path(sys.argv[1]).read_bytes())
sys.stdout.buffer.write(give.list_file(1, give.demo_credentials(demo_cards())))
"""


def _folder_files(app: Path) -> dict[str, bytes]:
    """A build as it lay in the flash when slots were folders."""
    paths = [path for path in app.rglob("[!.]*") if path.is_file()]
    return {f"/{path.relative_to(app).as_posix()}": path.read_bytes() for path in paths}


async def _opens(lock: Lock, pin: str) -> None:
    await lock.keys(pin + "#")
    await lock.wait_unlocked()
    await lock.wait_locked()


async def _choose(lock: Lock) -> None:
    """The tenant changes the PIN at the keypad."""
    steps = ("246810#", "granted"), ("*1", "enrolling"), (CHOSEN + "#", "enrolling"), (CHOSEN + "#", "kept")
    for keys, light in steps:
        await lock.keys(keys)
        await lock.wait_light(light)


def _bring(lock: Lock, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        lock.world.board.write_file(path, data)


@pytest.mark.slow
async def test_from_the_first_release_to_the_newest(make_lock: Callable, tmp_path: Path) -> None:
    first, residents = (history.tree(commit, tmp_path / commit) for commit in (FIRST, RESIDENTS))
    lock_key(tmp_path / "lock")
    old_list = history.run(first, "-c", _LIST, tmp_path / "lock/lock.key")
    files = _folder_files(first / "build/app") | {"/access/list": old_list}
    settings = {"relay": {"unlock_level": 1, "seconds": 1}, "update": {"trial_s": 1, "spread_s": 0}}
    lock: Lock = await make_lock(power=False, files=files, settings=settings)
    await lock.power(True)
    await lock.wait_armed()
    await _opens(lock, "246810")
    await lock.power(False)

    _bring(lock, _folder_files(residents / "build/app"))
    await lock.power(True)
    await lock.wait_armed()
    await _choose(lock)
    await lock.power(False)

    newest = build_app.build()
    board = lock.world.board
    renew(board, newest, json.loads(board.read_file("/config.json")), {})
    operator = Operator(lock)
    operator.trust()
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()
    await _opens(lock, CHOSEN)
    await _update(operator, "0.9.0")
    await _opens(lock, CHOSEN)


@pytest.mark.slow
async def test_from_the_first_release_with_updates(make_lock: Callable, tmp_path: Path) -> None:
    tree = history.tree(OVER_THE_AIR, tmp_path / OVER_THE_AIR)
    settings = {"relay": {"unlock_level": 1, "seconds": 1}, "update": {"trial_s": 1, "spread_s": 0}}
    lock: Lock = await make_lock(
        power=False, files=build_app.flash_files(tree / "build/app"), settings=settings
    )
    operator = Operator(lock)
    operator.trust()
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()
    await _choose(lock)
    await _update(operator, "0.9.0")
    await _opens(lock, CHOSEN)


async def _update(operator: Operator, version: str) -> None:
    await operator.publish(operator.release(version))
    await operator.order(version)
    await operator.wait_update("confirmed", version)
