"""The whole firmware in the heap of a chip without PSRAM."""

from tests.conftest import TOP
from tests.simulated_lock import Lock
from tools.simulator.world import World

_BUDGET = 80 * 1024  # DESIGN: live at most, with everything running


async def test_the_whole_firmware_runs_in_110_kb_of_a_32_bit_heap(
    tmp_path, app_dir, make_lock, monkeypatch
) -> None:
    monkeypatch.setattr("tests.simulated_lock.micropython", lambda: TOP / "build/toolchain/bin/micropython32")
    lock: Lock = await make_lock(heapsize="110k")
    await lock.wait_armed()
    boot = next(e for e in lock.events if e["type"] == "boot")
    await lock.wait_online()
    world: World = lock.world
    await lock.keys("246810#")
    await lock.wait_unlocked()
    await lock.publish("list", world.provision.list_message(2, world.provision.demo_credentials(world.cards)))
    assert (await lock.wait_message("ack"))["json"]["result"] == "accepted"
    await lock.faults(broker="dead")
    await lock.wait_event(lambda e: e["type"] == "console" and "link: offline" in e["line"])
    await lock.faults(broker="ok")
    await lock.wait_online(60)
    async with lock.tap("cleaner"):
        assert (await lock.wait_message("staff"))["json"]["kind"] == "card"
    live = (await world.board.live_memory())["alloc"] - boot["heap"]  # less what the simulated chip takes
    print(f"live heap: {live} bytes of {_BUDGET}")
    assert live <= _BUDGET
    assert not [line for line in await lock.console() if "MemoryError" in line]
