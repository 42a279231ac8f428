"""Staff are reported once each and in order, whatever becomes of the network and the power."""

import json

from tests.simulated_lock import Lock

_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}


def _reports(lock: Lock) -> list[dict]:
    """What the operator has heard of staff, in order."""
    topic = lock.world.provision.topic("staff")
    return [json.loads(e["payload"]) for e in lock.events if e["type"] == "operator" and e["topic"] == topic]


async def _go_in(lock: Lock, cut: bool) -> None:
    """A cleaner opens; the power goes as the bolt does."""
    async with lock.tap("cleaner"):
        await lock.wait_unlocked()
        if cut:
            await lock.power(False)
    if cut:
        await lock.power(True)
        await lock.wait_armed()
    else:
        await lock.wait_locked()


async def test_staff_are_reported_once_each_and_in_order_over_outages_and_power_cuts(make_lock) -> None:
    lock: Lock = await make_lock(settings=_SETTINGS)
    await lock.wait_armed()
    await lock.wait_online()
    await _go_in(lock, cut=False)
    await lock.wait_message("staff")
    await lock.faults(broker="dead")
    await lock.wait_event(lambda e: e["type"] == "console" and "link: offline" in e["line"])
    for cut in (False, True, True, False, True):
        await _go_in(lock, cut)
    await lock.faults(broker="ok")
    await lock.wait_event(lambda e: e["type"] == "operator" and '"n":6,' in e["payload"])
    await lock.tamper(True)  # said after that: by then the lock knows that the broker has the entries
    await lock.wait_message("alarm")
    await lock.power(False)
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()
    await _go_in(lock, cut=False)
    await lock.wait_event(lambda e: e["type"] == "operator" and '"n":7,' in e["payload"])
    assert [report["n"] for report in _reports(lock)] == [1, 2, 3, 4, 5, 6, 7]
    assert {report["missed"] for report in _reports(lock)} == {0}
    assert {report["kind"] for report in _reports(lock)} == {"card"}
