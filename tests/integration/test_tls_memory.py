"""TLS in the memory that ESP-IDF has on the chip: start.py sees to it, and a lack of it is told as that."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from menshen.operator.certificates import Authority
from menshen.simulator.memory import Memory
from menshen.simulator.provision import BROKER_NAME
from tests.chip_heap import OURS, PORT, heap_for
from tests.integration.helpers.house import House, broker_of
from tests.simulated_lock import Lock

_SETTINGS = {"broker": {"tls": True, "backoff_cap_s": 1}, "relay": {"seconds": 1}}
_SHAPES = "parts = shape_heap()"
_SHORT = "offline: no memory for TLS: "


def _unshaped(app: Path, folder: Path) -> Path:
    """The application without what start.py does about the heap."""
    copy = folder / "unshaped"
    shutil.copytree(app, copy / "app")
    shutil.copytree(app.parent / "fakes", copy / "fakes")
    start = copy / "app/lib/start.py"
    text = start.read_text()
    assert text.count(_SHAPES) == 1
    start.write_text(text.replace(_SHAPES, "parts = None"))
    (copy / "app/start.mpy").unlink()  # the text is taken then
    return copy / "app"


@contextlib.asynccontextmanager
async def _lock(make_lock: Callable, folder: Path, **options: object) -> AsyncIterator[Lock]:
    """A lock with its certificate, at a broker of the same authority; no network yet."""
    house = House(authority := Authority.in_memory(), authority.issue_lock("demo"))
    server = authority.issue("broker", hosts=[BROKER_NAME], server=True)
    async with broker_of(folder, authority, server) as broker:
        addresses = {"broker_address": broker.address, "tls_address": broker.tls_address}
        lock = await make_lock(power=False, settings=_SETTINGS, files=house.files(), **addresses, **options)
        await lock.network(False)
        await lock.power(True)
        await lock.wait_armed()
        yield lock


async def _said(lock: Lock, text: str) -> str:
    event = await lock.wait_event(lambda e: e["type"] == "console" and text in e["line"])
    return event["line"]


async def _state(lock: Lock) -> str:
    """The state that the operator hears next from a lock that is online."""
    topic = lock.world.provision.topic("state")
    event = await lock.wait_event(
        lambda e: e["type"] == "operator" and e["topic"] == topic and '"online": true' in e["payload"]
    )
    return event["payload"]


@pytest.mark.parametrize("version", ["1.24", "1.27"])
async def test_the_lock_comes_online_by_tls(
    make_lock: Callable, tmp_path: Path, app_dir: Path, version: str
) -> None:
    async with _lock(make_lock, tmp_path, app=app_dir, memory=Memory(version)) as lock:
        await lock.network(True)
        assert '"faults": []' in await _state(lock)
        assert not [line for line in await lock.console() if _SHORT in line]


async def test_a_start_finds_memory_for_tls_though_somebody_is_at_the_keypad(
    make_lock: Callable, tmp_path: Path, app_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In our own 92 KB: what a start loads comes to lie together all the same."""
    monkeypatch.setattr("tests.simulated_lock.micropython", lambda: PORT)
    heapsize = await heap_for(OURS, tmp_path / "nothing", app_dir.parent / "fakes")
    chip = {"memory": Memory("1.24"), "heapsize": heapsize, "probe": False}
    async with _lock(make_lock, tmp_path, app=app_dir, **chip) as lock:
        await lock.keys("12*")
        await lock.network(True)
        assert '"faults": []' in await _state(lock)
        assert not [line for line in await lock.console() if "MemoryError" in line]


@pytest.mark.parametrize("tls_fails", ["certificate", "memory", "silence"])
async def test_a_heap_that_is_not_shaped_leaves_tls_too_little_on_todays_micropython(
    make_lock: Callable, tmp_path: Path, app_dir: Path, tls_fails: str
) -> None:
    """It is told as that, however mbedTLS fails, and the door opens all the same."""
    app = _unshaped(app_dir, tmp_path)
    async with _lock(make_lock, tmp_path, app=app, memory=Memory("1.27", tls_fails)) as lock:
        await lock.network(True)
        assert "32768 bytes free, 38000 needed" in await _said(lock, _SHORT)
        await lock.wait_light("trouble")
        await _said(lock, _SHORT)
        await lock.tap_to_relay("tenant")
        said = await lock.console()
        assert not [line for line in said if "link: online" in line or "certificate" in line], said


async def test_a_heap_that_is_not_shaped_is_enough_on_124(
    make_lock: Callable, tmp_path: Path, app_dir: Path
) -> None:
    app = _unshaped(app_dir, tmp_path)
    async with _lock(make_lock, tmp_path, app=app, memory=Memory("1.24")) as lock:
        await lock.network(True)
        assert '"faults": []' in await _state(lock)


async def test_a_lock_that_had_no_memory_for_tls_tells_its_operator_once_it_has(
    make_lock: Callable, tmp_path: Path, app_dir: Path
) -> None:
    async with _lock(make_lock, tmp_path, app=app_dir) as lock:
        lock.world.board.take_ram(10_000)
        await lock.network(True)
        await _said(lock, _SHORT)
        lock.world.board.take_ram(-10_000)
        assert '"faults": ["memory"]' in await _state(lock)
