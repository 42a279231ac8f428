"""A cable that is pulled, a full flash, a worn one, a stranger's board: named, and never half a lock."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from menshen import ending
from menshen.board import provision
from menshen.board.console import BoardError, Console
from menshen.operator.certificates import Authority
from menshen.simulator.serial_port import SerialPort
from tests.tools.helpers.installer import Installer, at_a_new_board


@pytest_asyncio.fixture
async def installer(make_lock: Callable, tmp_path: Path, app_dir: Path) -> AsyncIterator[Installer]:
    lock = await make_lock(tmp_path / "lock", power=False)
    async with at_a_new_board(lock, app_dir, tmp_path) as installer:
        installer.settings["broker"]["tls"] = True
        yield installer


def _lock(installer: Installer) -> provision.Lock:
    return provision.prepare(installer.settings, Authority.in_memory())


async def _install(installer: Installer, lock: provision.Lock, force: bool = False) -> list[str]:
    """What make provision does before the self-test. Gives the files in the order in which they went."""
    went: list[str] = []

    def work() -> None:
        with Console.open(installer.port.path) as console:
            provision.check_board(console, lock, force)
            provision.install(console, lock, lambda path, _count: went.append(path))

    await asyncio.to_thread(work)
    return list(dict.fromkeys(went))


async def test_the_settings_come_last(installer: Installer) -> None:
    lock = _lock(installer)
    assert await _install(installer, lock) == [
        "/tls/ca.crt.der",
        "/tls/lock.crt.der",
        "/tls/lock.key.der",
        "/config.json",
    ]
    for path, data in lock.files.items():
        assert await installer.file(path) == data


PULLED = [
    b"/tls/ca.crt.der.new",
    b"/tls/lock.key.der.new",
    b"/config.json.new",
    b"os.rename('/config.json.new'",
]


@pytest.mark.parametrize("moment", PULLED, ids=["first file", "last secret", "settings", "last rename"])
async def test_a_pulled_cable_leaves_no_half_lock_and_a_second_try_succeeds(
    installer: Installer, moment: bytes
) -> None:
    installer.port.unplug_when(moment)
    with pytest.raises(BoardError, match=r"the board went away .*plug it in and run this again"):
        await _install(installer, _lock(installer))
    assert await installer.file("/config.json") is None
    await installer.lock.power(True)
    with plugged_in_again(installer):
        lock = _lock(installer)
        await _install(installer, lock)
    assert await installer.file("/config.json") == lock.files["/config.json"]


@contextlib.contextmanager
def plugged_in_again(installer: Installer) -> Iterator[None]:
    """The cable is back."""
    with SerialPort(installer.lock.world.board.repl) as installer.port:
        yield


async def _unplug_with_the_power(installer: Installer) -> None:
    """The board has its power from the cable, and so has the adapter on it."""
    await installer.lock.world.board.wait_off(60)
    installer.port.unplug()


@pytest.mark.parametrize("part", [0.1, 0.4, 0.7, 0.95])
async def test_the_power_goes_in_the_middle_and_the_settings_are_whole_or_none(
    installer: Installer, part: float
) -> None:
    board, loop = installer.lock.world.board, asyncio.get_running_loop()

    def operations() -> int:
        return sum(asyncio.run_coroutine_threadsafe(board.flash_stats(), loop).result(20).values())

    def install(lock: provision.Lock, cut_at: int) -> int:
        """Gives how many flash operations it took, if it comes to an end."""
        with Console.open(installer.port.path) as console:
            before = operations()
            if cut_at:
                loop.call_soon_threadsafe(board.cut_at, cut_at)
            provision.install(console, lock, lambda *_: None)
            return operations() - before

    old, new = _lock(installer), _lock(installer)
    took = await asyncio.to_thread(install, old, 0)
    assert took > 20
    async with ending.running(_unplug_with_the_power(installer)) as cut:
        with pytest.raises(BoardError):
            await asyncio.to_thread(install, new, max(1, int(took * part)))
        await cut
    assert await installer.file("/config.json") in (
        None,
        old.files["/config.json"],
        new.files["/config.json"],
    )
    await installer.lock.power(True)
    with plugged_in_again(installer):
        await asyncio.to_thread(install, new, 0)
    assert await installer.file("/config.json") == new.files["/config.json"]


async def test_a_board_left_at_its_prompt_comes_back_by_itself(installer: Installer) -> None:
    """The watchdog was stretched for the work, and not stopped."""
    board = installer.lock.world.board
    installer.port.unplug_when(b"/config.json.new")
    with pytest.raises(BoardError):
        await _install(installer, _lock(installer))
    assert board._watchdog is not None
    left = board._watchdog.when() - asyncio.get_running_loop().time()
    assert 60 < left <= 600


async def test_a_full_flash_is_named_and_leaves_no_lock(installer: Installer) -> None:
    await installer.lock.power(False)
    board = installer.lock.world.board
    filler = 920_000
    while True:  # to the last block
        try:
            board.write_file("/full", bytes(filler))
            break
        except OSError:
            filler -= 4096
    await installer.lock.power(True)
    lock = _lock(installer)
    with pytest.raises(BoardError, match=r"flash is full.*make flash"):
        await _install(installer, lock)
    assert await installer.file("/config.json") is None


async def test_a_byte_that_changes_on_its_way_is_noticed(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = installer.lock.world.board.repl.type

    def noise(data: bytes) -> None:
        take(data.replace(b'"lock": "front"', b'"lock": "frond"'))

    monkeypatch.setattr(installer.lock.world.board.repl, "type", noise)
    with pytest.raises(BoardError, match=r"config\.json reads back other than it was written"):
        await _install(installer, _lock(installer))
    assert await installer.file("/config.json") is None


async def test_an_answer_that_is_not_understood_is_named(installer: Installer) -> None:
    def work() -> None:
        with Console.open(installer.port.path) as console:
            with pytest.raises(BoardError, match="the board says: ValueError: no"):
                console.run("raise ValueError('no')")
            with pytest.raises(BoardError, match="answer is not understood"):
                console.run("print('= {')")
            assert console.ask("6 * 7") == 42, "and the board goes on"

    await asyncio.to_thread(work)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"relay": {"unlock_level": 2}}, r"relay.unlock_level must be a whole number from 0 to 1"),
        ({"broker": {"host": "b", "port": 0, "tls": False}}, r"broker.port must be"),
        ({"door": {"held_open_s": "long"}}, r"door.held_open_s must be"),
        (
            {"relay": {"unlocklevel": 0}},
            r"relay.unlocklevel is no setting: the nearest is relay.unlock_level",
        ),
        ({"time": None}, r'time must be an object with "floor" or "zone"'),
        ({"wifi": "house"}, r'wifi must be an object with "password" or "ssid"'),
        ({"wifi": {"ssid": "\U0001f600" * 9}}, r"wifi.ssid must be a text of 1 to 32 bytes"),
        ({"broker": {"host": "mqtts://b", "tls": False}}, r'broker.host must be .* without "mqtt://"'),
    ],
)
async def test_settings_that_the_lock_would_refuse_are_refused_before_anything_is_written(
    installer: Installer, change: dict, reason: str
) -> None:
    installer.settings |= change
    with pytest.raises(provision.ProvisionError, match=reason):
        await _install(installer, _lock(installer))
    assert await installer.file("/tls/ca.crt.der") is None


async def test_a_board_without_the_application_is_told_to_be_flashed(installer: Installer) -> None:
    await installer.lock.power(False)
    board = installer.lock.world.board
    board.write_file("/boot.py", b"")
    board.write_file("/main.py", b"")
    await installer.lock.power(True)
    with pytest.raises(provision.ProvisionError, match=r"application does not answer .*make flash"):
        await _install(installer, _lock(installer))


def test_a_device_that_says_something_else_is_no_board() -> None:
    """A modem, or a board of another make, on a socket: bounded in time, and in plain words."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            while connection.recv(100):
                connection.sendall(b"ERROR\r\n")

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    with pytest.raises(BoardError, match="no prompt on"), Console.open(f"socket://127.0.0.1:{port}"):
        pass
    listener.close()
    thread.join(20)
    assert not thread.is_alive()


def test_a_port_that_is_not_there_is_named() -> None:
    with (
        pytest.raises(BoardError, match="/dev/no-such-port cannot be opened"),
        Console.open("/dev/no-such-port"),
    ):
        pass


def test_two_locks_never_share_a_key() -> None:
    settings = {"lock": "front"}
    keys = {json.loads(provision.prepare(settings, None).files["/config.json"])["key"] for _ in range(20)}
    assert len(keys) == 20
