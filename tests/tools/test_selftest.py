"""make selftest on a lock with faults: each is named in plain words, with its wire, and hides no other."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from menshen.board import provision
from menshen.board.console import Console
from menshen.simulator.provision import PINS
from tests.simulated_lock import Lock
from tests.tools.helpers.installer import HANDS, JUMPER, Hands, Installer, at_a_new_board


@pytest_asyncio.fixture
async def installer(make_lock: Callable, tmp_path: Path, app_dir: Path) -> AsyncIterator[Installer]:
    """At a board that has its settings, and no more."""
    lock = await make_lock(tmp_path / "lock", power=False)
    async with at_a_new_board(lock, app_dir, tmp_path) as installer:

        def settle() -> None:
            with Console.open(installer.port.path) as console:
                provision.install(console, provision.prepare(installer.settings, None), lambda *_: None)

        await asyncio.to_thread(settle)
        yield installer


def _hands(**changes: Callable) -> Hands:
    """HANDS with some replaced, by the first word of what is asked for; None: nothing is done."""
    return {cue: changes.get(cue.split("[")[0].split(" ")[-1], act) for cue, act in HANDS.items()}


async def _nothing(lock: Lock) -> None:
    pass


async def _press_but_a_row_and_a_key(lock: Lock) -> None:
    await lock.keys("12346789")


async def test_each_fault_is_named_with_its_wire(installer: Installer) -> None:
    await installer.lock.faults(broker="dead", reader="absent")
    installer.lock.world.board.set_input(JUMPER, None)
    hands = _hands(key=_press_but_a_row_and_a_key, door=_nothing, button=_nothing)
    assert await installer.run("selftest", "--seconds", "4", hands=hands, answers="yny") == 1
    found = dict(re.findall(r"^  (\S.*?)  +(ok|FAULT: .*)$", installer.said, re.MULTILINE))
    assert found["relay's level"] == "ok"
    assert "GPIO 23" in found["relay"]
    assert found["light"] == found["buzzer"] == found["tamper switch"] == found["Wi-Fi"] == "ok"
    assert "GPIO 17 to the reader's RXD, GPIO 16 to its TXD" in found["reader"]
    assert "always closed" in found["contact"]
    assert "never pressed: look at the button's wires to GPIO 4" in found["exit button"]
    assert "GPIO 39 hangs in the air: it needs 10 kOhm" in found["service jumper"]
    assert "does not let the lock in" in found["broker"]
    assert "the row * 0 # is dead: look at the wire of GPIO 33" in installer.said
    assert "not seen: 5" in installer.said
    assert "the console stays open" in installer.said


@pytest.mark.slow
async def test_a_network_that_is_not_there_is_named(installer: Installer) -> None:
    await installer.lock.network(False)
    assert await installer.run("selftest", "--no-questions", "--seconds", "3") == 1
    assert re.search(r"Wi-Fi +FAULT: no (network|connection)", installer.said)
    assert re.search(r"light +not judged", installer.said)
    assert "broker  " not in installer.said


async def test_a_name_that_is_not_found_is_told_from_a_broker_that_is_silent(installer: Installer) -> None:
    await installer.lock.faults(dns="silent")
    assert await installer.run("selftest", "--no-questions", "--seconds", "3") == 1
    assert "the name broker.menshen.test is not found" in installer.said


async def test_ctrl_c_on_the_computer_gives_the_lock_back_at_once(installer: Installer) -> None:
    async def give_up(_lock: Lock) -> None:
        assert installer.process
        installer.process.send_signal(signal.SIGINT)

    assert await installer.run("selftest", "--no-questions", hands=_hands(key=give_up)) == 1
    assert "Aborted" in installer.said
    await installer.lock.wait_armed()


async def test_the_bolt_moves_once_and_holds_when_the_cable_is_pulled(
    installer: Installer,
) -> None:
    lock = installer.lock
    installer.port.unplug_when(b"import selftest.signals")
    began = lock.since_us
    assert await installer.run("selftest", "--no-questions", "--seconds", "3") == 1
    assert "the board went away" in installer.said
    edges = [
        (event["us"], event["level"])
        for event in lock.events
        if event["type"] == "pin" and event["pin"] == PINS["relay"] and event["us"] > began
    ]
    free = [at for at, level in edges if level == 1]
    held = [at for at, level in edges if level == 0 and free and at > free[0]]
    assert len(free) == 1
    assert held
    assert held[0] - free[0] < 2_000_000


@pytest.mark.parametrize("shut", [True, False])
async def test_a_board_without_settings_is_not_driven_by_guess(
    make_lock: Callable, tmp_path: Path, app_dir: Path, shut: bool
) -> None:
    lock = await make_lock(tmp_path / "lock", power=False)
    async with at_a_new_board(lock, app_dir, tmp_path) as installer:
        if shut:
            lock.world.board.set_input(JUMPER, 1)
        assert await installer.run("selftest", "--no-questions") == 1
        assert "no settings yet" in installer.said
        assert not [
            event for event in lock.events if event["type"] == "pin" and event["pin"] == PINS["relay"]
        ]


async def test_what_the_settings_say_is_not_there_is_not_tried(
    make_lock: Callable, app_dir: Path, tmp_path: Path
) -> None:
    lock = await make_lock(tmp_path / "lock", power=False)
    async with at_a_new_board(lock, app_dir, tmp_path) as installer:
        wiegand = {"type": "wiegand"}
        settings = {**installer.settings, "keypad": wiegand, "reader": wiegand, "door": {"contact": False}}

        def settle() -> None:
            with Console.open(installer.port.path) as console:
                provision.install(console, provision.prepare(settings, None), lambda *_: None)

        await asyncio.to_thread(settle)
        await lock.faults(reader="absent")
        assert await installer.run("selftest", "--no-questions", "--seconds", "3") == 1
        assert re.search(r"reader +FAULT: no card seen: .* D0 \(GPIO 32\)", installer.said), installer.said
        assert re.search(r"contact: there is none", installer.said)
        assert not re.search(r"contact +(ok|FAULT)", installer.said)
