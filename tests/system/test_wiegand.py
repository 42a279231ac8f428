"""A lock with a Wiegand keypad and reader in place of the matrix: the same door, by two lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from menshen.operator.commands import Command
from menshen.simulator import provision
from menshen.simulator.provision import CARD, DEMO_PIN, PIN, TENANT, Credential, Provision
from menshen.simulator.wiegand import WiegandReader
from menshen.simulator.world import now_us
from tests.simulated_lock import Lock

_CARDS = {"26 bits": b"\x7b\x30\x39", "34 bits": b"\x04\xa1\xb2\xc3"}
_STRANGER = b"\x7b\x30\x3a"


@pytest.fixture
async def lock(make_lock: Callable, tmp_path: Path) -> Lock:
    give = Provision(provision.lock_key(tmp_path / "lock"))
    cards = [Credential(CARD, number, TENANT, lease=1) for number in _CARDS.values()]
    tenant = [Credential(PIN, DEMO_PIN.encode(), TENANT, lease=1), *cards]
    lock = await make_lock(
        power=False, settings={"keypad": {"type": "wiegand"}}, files=give.list_files(1, tenant)
    )
    lock.wiegand = WiegandReader(lock.world.board)
    await lock.power(True)
    await lock.world.board.wait_line("card reader answers")  # by then every task has had its first turn
    return lock


async def _type(lock: Lock, keys: str, size: int) -> None:
    """Press keys, each when the light for the one before has gone out: a burst ends with a silence."""
    for key in keys:
        lock.since_us = now_us()
        lock.wiegand.key(key, size)
        if key != "#":
            lock.since_us = (await lock.wait_light("key"))["us"] + 1
            await lock.wait_light("idle")


@pytest.mark.parametrize("size", [4, 8])
async def test_tenant_opens_with_the_pin(lock: Lock, size: int) -> None:
    await _type(lock, DEMO_PIN + "#", size)
    await lock.wait_unlocked()


async def test_a_wrong_pin_does_not_open(lock: Lock) -> None:
    await _type(lock, "135791#", 4)
    await lock.wait_light("denied")
    assert (await lock.state())["relay"] == 0


@pytest.mark.parametrize("number", _CARDS.values(), ids=_CARDS)
async def test_tenant_opens_with_a_card(lock: Lock, number: bytes) -> None:
    lock.wiegand.card(number)
    await lock.wait_unlocked()


async def test_a_strangers_card_and_noise_do_not_open(lock: Lock) -> None:
    lock.wiegand.send("10" * 17)  # a parity that is wrong
    lock.wiegand.send("1" * 99)  # as long as a card, and of no length that is known
    await lock.wait_light("unread")
    await lock.wait_event(lambda e: e["type"] == "console" and "online" in e["line"])
    lock.wiegand.card(_STRANGER)
    await lock.wait_light("denied")
    assert not [e for e in lock.events if e["type"] == "pin" and e["name"] == "relay" and e["level"] == 1]


@pytest.mark.parametrize("kind", ["wiegand", "none"])
async def test_a_lock_without_a_pn532_is_well_if_its_settings_say_so(
    make_lock: Callable, tmp_path: Path, kind: str
) -> None:
    give = Provision(provision.lock_key(tmp_path / "lock"))
    people = [Credential(PIN, DEMO_PIN.encode(), TENANT, lease=1)]
    people += [Credential(CARD, number, TENANT, lease=1) for number in _CARDS.values()]
    settings = {"keypad": {"type": "wiegand"}, "reader": {"type": kind}, "relay": {"seconds": 1}}
    lock = await make_lock(power=False, settings=settings, files=give.list_files(1, people))
    lock.wiegand = WiegandReader(lock.world.board)
    await lock.faults(reader="absent")
    await lock.power(True)
    assert (await lock.wait_online())["json"]["faults"] == []
    lock.since_us = now_us()
    lock.wiegand.card(_CARDS["26 bits"])
    if kind == "wiegand":
        await lock.wait_unlocked()
        await lock.wait_locked()
        await lock.wait_light("idle")
    else:
        await lock.publish("command", Command("demo", "identify").message(give.key))
        # the lock acknowledges what it has done a second later: by then the card has been passed over
        await lock.wait_event(lambda e: (e.get("packet"), e.get("direction")) == ("PUBACK", "out"))
    await _type(lock, DEMO_PIN + "#", 4)
    await lock.wait_unlocked()
    await lock.wait_light("granted")
    assert not [e for e in lock.events if e["type"] == "led" and e["name"] in ("trouble", "denied")]
    granted = [e for e in lock.events if e["type"] == "led" and e["name"] == "granted"]
    assert len(granted) == 1 + (kind == "wiegand")


async def test_a_torn_line_is_told(lock: Lock) -> None:
    lock.since_us = now_us()
    lock.wiegand.cut()
    await lock.wait_event(lambda e: e["type"] == "console" and "stuck" in e["line"])
    await lock.wait_light("trouble")
