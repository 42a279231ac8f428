"""The door: who gets in, who does not, and what the lock says about it."""

import json

import pytest

from menshen.simulator.frames import ACK
from menshen.simulator.provision import PINS
from menshen.simulator.world import now_us
from tests.simulated_lock import Lock


def _relay_edges(lock: Lock) -> list[int]:
    return [e["level"] for e in lock.events if e["type"] == "pin" and e["name"] == "relay"]


async def _assert_never_opened(lock: Lock) -> None:
    """With the next key all has been told that followed the light, the bolt too."""
    await lock.keys("1")
    await lock.wait_light("key")
    assert 1 not in _relay_edges(lock)


async def test_tenant_opens_with_the_pin(lock: Lock) -> None:
    await lock.keys("246810#")
    await lock.wait_unlocked()
    await lock.wait_light("granted")


async def test_tenant_opens_with_the_card(lock: Lock) -> None:
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
        await lock.wait_light("granted")


async def test_a_card_that_stays_on_the_reader_opens_once(make_lock) -> None:
    lock = await make_lock(settings={"relay": {"unlock_level": 1, "seconds": 1}})
    await lock.wait_armed()
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
        await lock.wait_locked()
        await lock.keys("1")  # by now the reader has looked at the card many times
        await lock.wait_light("key")
    assert _relay_edges(lock).count(1) == 1


@pytest.mark.parametrize("heard", ["", "e050"], ids=["selected", "activated"])
async def test_a_card_whose_answer_met_the_end_of_a_search_opens_all_the_same(lock: Lock, heard: str) -> None:
    """The card has heard all that it waits for, and the lock knows nothing of it: it must not be lost."""
    await lock.wait_armed()
    line, card = lock.world.reader._line, lock.world.cards["tenant"]
    tell = line._heard

    def meanwhile(frame: bytes) -> None:
        if frame == ACK:
            line._heard = tell
            lock.world.card("tenant")
            card.select()
            card.frame(bytes.fromhex(heard))
        tell(frame)

    lock.since_us = now_us()
    line._heard = meanwhile
    await lock.wait_unlocked()


async def test_the_strangers_card_does_not_open(lock: Lock) -> None:
    async with lock.tap("stranger"):
        await lock.wait_light("denied")
    await _assert_never_opened(lock)


async def test_a_wrong_pin_does_not_open(lock: Lock) -> None:
    for keys in ("246811#", "0000#", "2468102468102468#", "2*46810#", "24681#"):
        await lock.keys(keys)
        await lock.wait_event(lambda e: e["type"] == "led" and e["name"] in ("denied", "throttled"))
    await _assert_never_opened(lock)


async def test_silence_does_not_open(lock: Lock) -> None:
    await lock.keys("246810")
    await lock.wait_event(lambda e: e["type"] == "buzzer" and e["hz"] == 800)  # forgotten
    await lock.keys("#")
    await lock.keys("1#")
    await lock.wait_light("denied")
    await _assert_never_opened(lock)


async def test_wrong_codes_slow_the_keypad_and_never_the_card(lock: Lock) -> None:
    for _ in range(4):
        await lock.keys("0000#")
        await lock.wait_light("denied")
    assert (await lock.wait_message("alarm"))["json"]["alarm"] == "throttled"
    await _remember_wrong_codes(lock, 10)
    await lock.keys("246810#")
    await lock.wait_light("throttled")
    async with lock.tap("tenant"):
        await lock.wait_unlocked()


async def test_a_power_cut_does_not_clear_the_throttle(lock: Lock) -> None:
    await lock.keys("0000#")
    await lock.wait_light("denied")
    await lock.power(False)
    assert json.loads(lock.world.board.nvs_path.read_text())["menshen"]["wrong_codes"] == 1


async def _remember_wrong_codes(lock: Lock, count: int) -> None:
    """Restart the lock as one at whose keypad so many wrong codes were entered."""
    await lock.power(False)
    numbers = json.loads(lock.world.board.nvs_path.read_text())
    numbers["menshen"]["wrong_codes"] = count
    lock.world.board.nvs_path.write_text(json.dumps(numbers))
    await lock.power(True)
    await lock.wait_armed()


async def test_the_door_relocks_after_its_time(make_lock) -> None:
    lock = await make_lock(settings={"relay": {"unlock_level": 1, "seconds": 2}})
    await lock.wait_armed()
    await lock.keys("246810#")
    released = await lock.wait_unlocked()
    held = await lock.wait_locked()
    assert held["us"] - released["us"] >= 1_998_000  # the lock counts in whole milliseconds


async def test_the_door_relocks_when_the_leaf_closes(make_lock) -> None:
    lock = await make_lock(settings={"relay": {"unlock_level": 1, "seconds": 60}})
    await lock.wait_armed()
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
    await lock.open_leaf()
    await lock.keys("1")  # a leaf takes its time
    await lock.close_leaf()
    await lock.wait_locked()


async def test_a_door_held_open_is_signalled(make_lock) -> None:
    lock = await make_lock(settings={"door": {"held_open_s": 5}})
    await lock.wait_armed()
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
    await lock.open_leaf()
    await lock.wait_light("held open")
    await lock.wait_event(lambda e: e["type"] == "buzzer" and e["hz"] > 0)
    alarm = await lock.wait_message("alarm")
    assert alarm["json"]["alarm"] == "held open"
    await lock.close_leaf()
    await lock.wait_light("idle")


async def test_a_forced_door_is_signalled(lock: Lock) -> None:
    await lock.open_leaf(force=True)
    await lock.wait_light("forced")
    alarm = await lock.wait_message("alarm")
    assert alarm["json"]["alarm"] == "forced"
    assert 1 not in _relay_edges(lock)


async def test_leaving_by_the_exit_button_is_not_forcing(lock: Lock) -> None:
    await lock.press_exit()
    await lock.open_leaf()
    await lock.close_leaf()
    await lock.keys("1")
    await lock.wait_light("key")
    assert not [e for e in lock.events if e["type"] == "led" and e["name"] == "forced"]
    assert 1 not in _relay_edges(lock)  # the button has a wire of its own


async def test_an_opened_case_is_signalled(lock: Lock) -> None:
    await lock.tamper(True)
    await lock.wait_light("forced")
    assert (await lock.wait_message("alarm"))["json"]["alarm"] == "tamper"


async def test_the_next_tenant_is_told_that_staff_have_been_in(lock: Lock) -> None:
    async with lock.tap("cleaner"):
        await lock.wait_unlocked()
        lock.since_us = (await lock.wait_light("granted"))["us"]
    await lock.wait_light("idle")  # the note is written in the step that gave light, and that is over
    await lock.power(False)  # the lock remembers
    await lock.power(True)
    await lock.wait_armed()
    await lock.keys("246810#")
    await lock.wait_light("staff")
    await lock.keys("246810#")
    await lock.wait_light("granted")


async def test_staff_entries_are_reported_and_tenants_are_not(lock: Lock) -> None:
    await lock.wait_online()
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
    async with lock.tap("cleaner"):
        report = await lock.wait_message("staff")
    assert report["json"]["kind"] == "card"
    said = [
        e["topic"]
        for e in lock.events
        if e["type"] == "mqtt" and e["packet"] == "PUBLISH" and e["direction"] == "out"
    ]
    assert sorted(set(said)) == sorted(
        {lock.world.provision.topic("staff"), lock.world.provision.topic("state")}
    )


async def test_a_relay_of_the_other_polarity_is_driven_the_other_way(make_lock) -> None:
    lock = await make_lock(settings={"relay": {"unlock_level": 0, "seconds": 5}})
    await lock.wait_armed()
    async with lock.tap("tenant"):
        await lock.wait_pin("relay", 0)
    assert _relay_edges(lock) == [1, 0]


async def test_a_leaf_that_stands_open_when_the_power_comes_back_was_not_forced(make_lock) -> None:
    lock = await make_lock(settings={"relay": {"seconds": 1}, "door": {"held_open_s": 5}})
    await lock.wait_armed()
    await lock.power(False)
    await lock.open_leaf(force=True)
    await lock.power(True)
    assert (await lock.wait_message("alarm"))["json"]["alarm"] == "held open"
    assert "forced" not in {e["name"] for e in lock.events if e["type"] == "led"}
    await lock.close_leaf()
    await lock.wait_light("idle")
    await lock.open_leaf(force=True)
    assert (await lock.wait_message("alarm"))["json"]["alarm"] == "forced"


async def test_a_door_without_a_contact_raises_no_alarm_and_locks_by_its_time(make_lock) -> None:
    settings = {"relay": {"seconds": 1}, "door": {"contact": False, "held_open_s": 5}}
    lock = await make_lock(power=False, settings=settings)
    lock.world.board.set_input(PINS["contact"], None)  # reads as noise
    await lock.power(True)
    await lock.wait_online()
    for _ in range(2):
        await lock.keys("246810#")
        await lock.wait_unlocked()
        await lock.wait_locked()
    lights = {e["name"] for e in lock.events if e["type"] == "led"}
    assert not lights & {"forced", "held open"}, lights
