"""The same program on each board profile: the tenant gets in, the wires are those of its table."""

import pytest

from menshen import wiring
from tests.simulated_lock import Lock

_WIEGAND = {"keypad": {"type": "wiegand"}, "reader": {"type": "wiegand"}}


@pytest.mark.parametrize("board", wiring.BOARDS)
async def test_every_part_works_on_every_board(make_lock, board: str) -> None:
    settings = {"board": board, "relay": {"unlock_level": 1, "seconds": 1}, "door": {"fire": True}}
    lock: Lock = await make_lock(settings=settings)
    await lock.wait_armed()
    await lock.wait_online()
    await lock.keys("246810#")
    await lock.wait_unlocked()
    await lock.open_leaf()
    await lock.close_leaf()
    await lock.wait_locked()
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await lock.press_exit()
    await lock.open_leaf()
    await lock.close_leaf()
    await lock.tamper(True)
    await lock.wait_event(lambda e: e["type"] == "buzzer" and e["hz"] > 3000)
    await lock.tamper(False)
    relay = [event for event in lock.events if event["type"] == "pin" and event["name"] == "relay"]
    await lock.fire(True)
    await lock.wait_event(lambda e: e["type"] == "led" and e["name"] == "denied")
    await lock.wait_event(lambda e: e["type"] == "buzzer" and e["hz"] == 2000)
    await lock.open_leaf()  # the strike is without current by the alarm's own wire
    await lock.fire(False)
    moved = [event for event in lock.events if event["type"] == "pin" and event["name"] == "relay"]
    assert moved == relay, "no pin but the alarm's own wire lets go for a fire"
    driven = {event["name"] for event in lock.events if event["type"] == "pin"}
    assert {"relay", "reader_reset"} <= driven


@pytest.mark.parametrize(("is_set", "told"), [(True, ["fire"]), (False, [])])
async def test_a_fire_is_told_with_the_state_where_it_is_set_and_so_is_its_end(
    make_lock, is_set: bool, told: list[str]
) -> None:
    """Whoever has nothing wired to that pin is told of no fire, whatever the pin does."""
    lock: Lock = await make_lock(settings={"door": {"fire": is_set}})
    await lock.wait_armed()
    assert (await lock.wait_online())["json"]["faults"] == []
    for burns, faults in ((True, told), (False, [])):
        await lock.faults(broker="dead")
        await lock.fire(burns)
        if is_set:
            light = "denied" if burns else "idle"
            await lock.wait_event(lambda e, light=light: e["type"] == "led" and e["name"] == light)
        await lock.faults(broker="ok")
        assert (await lock.wait_online())["json"]["faults"] == faults
    await lock.keys("246810#")
    await lock.wait_unlocked()


@pytest.mark.parametrize("board", wiring.BOARDS)
async def test_the_relay_is_held_from_the_second_start_on(make_lock, board: str) -> None:
    """boot.py drives the pin of this board's relay before anything else."""
    lock: Lock = await make_lock(settings={"board": board})
    await lock.wait_armed()
    await lock.power(False)
    await lock.power(True)
    first = await lock.wait_event(lambda event: event["type"] == "pin" and event["level"] is not None)
    assert (first["pin"], first["level"]) == (wiring.gpio(board, "relay"), 0)


@pytest.mark.parametrize("board", ["wrover", "s3"])
async def test_a_board_with_other_settings_than_its_own_does_not_drive_what_is_not_there(
    make_lock, board: str
) -> None:
    """Pins of PSRAM or flash: on the chip a crash. Provisioning refuses such settings before."""
    lock: Lock = await make_lock(settings={"board": board}, power=False)
    config = lock.world.board.read_file("/config.json").replace(f'"{board}"'.encode(), b'"devkit"')
    lock.world.board.write_file("/config.json", config)
    await lock.power(True)
    assert "invalid pin" in await lock.world.board.wait_line("invalid pin")
