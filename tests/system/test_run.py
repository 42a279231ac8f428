"""`make run`: it says where the page is, answers there, and leaves nothing behind when it ends."""

import asyncio
import contextlib
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from menshen.simulator.outfit import Chip, Installed, Outfit, Services
from menshen.simulator.world import Refused, World
from tests import programs
from tests.conftest import TOP

_PATIENCE_S = 60


def _processes() -> dict[int, tuple[int, str]]:
    """Parent and time of start of each process, by id; with its start an id is never another's (proc(5))."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            found[int(stat.parent.name)] = int(fields[1]), fields[19]
    return found


def _descendants(pid: int) -> set[tuple[int, str]]:
    """Id and time of start of all processes below this one."""
    everybody = _processes()
    family, before = {pid}, set()
    while family != before:
        before = family
        family = family | {child for child, (parent, _) in everybody.items() if parent in family}
    return {(child, everybody[child][1]) for child in family - {pid}}


def _left(family: set[tuple[int, str]]) -> set[tuple[int, str]]:
    return family & {(pid, start) for pid, (_, start) in _processes().items()}


def _run(*arguments: str) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """`menshen run` with these arguments."""
    return programs.program(
        sys.executable,
        "-m",
        "menshen",
        "run",
        *arguments,
        cwd=TOP,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _address(process: asyncio.subprocess.Process) -> str:
    """Where the page is, from what it prints."""
    assert process.stdout
    async with asyncio.timeout(_PATIENCE_S):
        async for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line.decode()):
                return found[0]
    raise AssertionError("it ended without an address")


async def _ended(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    """Its exit status, and the rest of what it said, good and bad."""
    async with asyncio.timeout(_PATIENCE_S):
        out, bad = await process.communicate()
    return process.returncode, out.decode(), bad.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
async def test_it_runs_until_a_signal_and_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with _run("--port", "0", "--workdir", str(tmp_path)) as process:
        address = await _address(process)
        async with aiohttp.ClientSession() as session:
            async with session.get(address + "/api/state") as response:
                assert (await response.json())["power"] is True
            async with session.get(address + "/") as response:
                assert "Menshen" in await response.text()
        family = _descendants(process.pid)
        assert family  # the chip at least
        process.send_signal(number)
        status, _, complaints = await _ended(process)
    assert (status, complaints) == (0, "")
    assert not _left(family)
    with socket.socket() as probe:  # and its port is free
        assert probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) != 0


async def test_the_tenant_s_card_of_the_demo_proves_itself_and_the_old_one_is_refused(tmp_path: Path) -> None:
    """As shipped, no number alone opens: who can open by a card there has a secure one."""
    async with _run("--port", "0", "--workdir", str(tmp_path)) as process:
        address = await _address(process)
        async with aiohttp.ClientSession() as session:
            for card, light in (("old", "denied"), ("tenant", "granted")):
                async with session.put(address + "/api/card", json={"card": card}) as response:
                    assert response.ok
                await _until(session, address, lambda state, light=light: state["indicator"]["name"] == light)
                async with session.get(address + "/api/state") as response:
                    assert (await response.json())["relay"] == (card == "tenant")
                async with session.delete(address + "/api/card") as response:
                    assert response.ok
        process.send_signal(signal.SIGINT)
        await _ended(process)


async def _until(session: aiohttp.ClientSession, address: str, condition: Callable[[dict], bool]) -> None:
    """Ask the page's interface until this is so."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            async with session.get(address + "/api/state") as response:
                if condition(await response.json()):
                    return


async def test_an_open_stream_of_events_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    async with _run("--port", "0", "--workdir", str(tmp_path)) as process:
        address = await _address(process)
        async with aiohttp.ClientSession() as session, session.get(address + "/api/events") as response:
            await response.content.readline()
            process.send_signal(signal.SIGINT)
            status, _, complaints = await _ended(process)
    assert (status, complaints) == (0, "")


async def test_a_signal_while_it_still_starts_ends_it_too(tmp_path: Path) -> None:
    async with _run("--port", "0", "--workdir", str(tmp_path)) as process:
        assert process.stdout
        async with asyncio.timeout(_PATIENCE_S):
            await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        status, _, complaints = await _ended(process)
    assert (status, complaints) == (0, "")


async def test_a_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with _run("--port", str(port), "--workdir", str(tmp_path)) as process:
            status, _, complaints = await _ended(process)
    assert status == 1
    assert complaints == f"Error: Port {port} is in use: choose another, as in `make run PORT=8100`.\n"


async def test_a_lock_that_an_installer_has_provisioned_does_not_start_over(tmp_path: Path) -> None:
    """Its settings and certificates came over its cable: without them it would be nobody's."""
    installed = Installed("front", lambda heard: None)
    world = World(tmp_path, tmp_path, Chip(tmp_path, tmp_path), Outfit(installed=installed), Services())
    with pytest.raises(Refused, match="make house"):
        await world.start_over()
