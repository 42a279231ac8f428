"""Long lists through the whole firmware: by chunks, over cuts of network and power; small changes alone."""

import os
from pathlib import Path

from menshen import littlefs_image
from menshen.operator.lists import MOVE_IN, PIN, Series
from menshen.simulator.provision import CARD, TENANT, Credential
from tests.simulated_lock import Event, Lock

_COUNT = 10_000
_CHUNKS = 157  # of 2,048 bytes
_CUT_COUNT, _CUT_CHUNKS = (_COUNT, _CHUNKS) if os.environ.get("MENSHEN_NIGHTLY") else (4000, 63)
_LOST = 8  # chunks at most, when the power goes: a part is closed every 16 KiB


def _credentials(lock: Lock, count: int) -> list[Credential]:
    """The demo's, the stranger's card, and so many others."""
    others = [Credential(CARD, n.to_bytes(7, "big"), TENANT, lease=3) for n in range(count)]
    stranger = Credential(CARD, lock.world.cards["stranger"].uid, TENANT, lease=2)
    return [*lock.world.provision.demo_credentials(lock.world.cards), stranger, *others]


def _asked(lock: Lock, since: int = 0) -> list[int]:
    """The numbers of the chunks that the lock has subscribed to."""
    return [
        int(event["topic"].rpartition("/")[2])
        for event in lock.events[since:]
        if event["type"] == "mqtt" and event["packet"] == "SUBSCRIBE" and "/blob/" in event["topic"]
    ]


def _is_chunk(number: int):
    def test(event: Event) -> bool:
        return (
            event["type"] == "mqtt"
            and (event["packet"], event["direction"]) == ("PUBLISH", "in")
            and event["topic"].endswith(f"/{number}")
        )

    return test


async def _accepted(lock: Lock, version: int) -> dict:
    ack = (await lock.wait_message("ack", 120))["json"]
    assert (ack["list"], ack["result"]) == (version, "accepted")
    return ack


async def _stranger_opens(lock: Lock) -> None:
    await lock.tap_to_relay("stranger")
    await lock.wait_locked()


async def test_ten_thousand_come_by_chunks_and_go_on_when_the_network_is_back(lock: Lock) -> None:
    await lock.wait_online()
    await lock.publish_list(2, _credentials(lock, _COUNT - 4), retain=True)
    await lock.wait_event(_is_chunk(70))
    await lock.network(False)
    await lock.wait_event(lambda e: e["type"] == "wifi")
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
    await lock.network(True)
    await _accepted(lock, 2)
    asked = _asked(lock)
    assert sorted(set(asked)) == list(range(_CHUNKS))
    print(f"{_CHUNKS} chunks, {len(asked)} asked for with the network cut once")
    assert len(asked) <= _CHUNKS + 2
    await _stranger_opens(lock)


async def test_after_a_power_cut_only_the_last_chunks_come_again(lock: Lock) -> None:
    await lock.wait_online()
    await lock.publish_list(2, _credentials(lock, _CUT_COUNT - 4), retain=True)
    await lock.wait_event(_is_chunk(40))
    await lock.power(False)
    before = len(lock.events)
    again = max(_asked(lock))
    await lock.power(True)
    await _accepted(lock, 2)
    asked = _asked(lock, before)
    print(f"after a power cut in chunk {again} it went on with chunk {asked[0]}")
    assert again - _LOST <= asked[0] <= again
    assert asked == list(range(asked[0], _CUT_CHUNKS))
    await _stranger_opens(lock)


async def _publish(lock: Lock, series: Series, credentials: list[Credential]) -> int:
    """Publish the next version as the operator does; how many bytes went to the lock's own topic."""
    *first, last = series.publish(c.record(series.key) for c in credentials)
    own = lock.world.provision.topic("list")
    messages = [*first, last]
    size = 0
    for topic, payload in messages:
        if topic == own:
            size = len(payload)
            await lock.publish("list", payload.decode(), retain=True)
        else:
            await lock.world.publish(topic, payload, True)
    return size


async def test_changes_and_merges_fetch_no_chunk(lock: Lock) -> None:
    """Forty changes one by one: more than fit over one snapshot, so that the lock merges."""
    await lock.wait_online()
    give = lock.world.provision
    series = Series(give.lock, give.key, version=1)
    everybody = _credentials(lock, 200)
    await _publish(lock, series, everybody)
    assert (await _accepted(lock, 2))["base"] == 2
    fetched = len(_asked(lock))
    bases = set()
    for n in range(40):
        everybody.append(Credential(CARD, bytes((9, n)) * 2, TENANT, lease=3))
        await _publish(lock, series, everybody)
        bases.add((await _accepted(lock, n + 3))["base"])
    assert len(bases) == 2
    assert len(_asked(lock)) == fetched
    await _stranger_opens(lock)
    await lock.power(False)
    await lock.power(True)
    assert (await _accepted(lock, 42))["hash"]  # once more after each start: an acknowledgement may be lost
    await _stranger_opens(lock)


async def test_what_is_new_opens_and_what_is_gone_does_not(lock: Lock, tmp_path: Path) -> None:
    await lock.wait_online()
    give = lock.world.provision
    series = Series(give.lock, give.key, version=1)
    with_stranger = _credentials(lock, 50)
    without = [c for c in with_stranger if c.value != lock.world.cards["stranger"].uid]
    await _publish(lock, series, without)
    await _accepted(lock, 2)
    async with lock.tap("stranger"):
        await lock.wait_light("denied")
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    size = await _publish(lock, series, with_stranger)
    assert size < 1024
    await _accepted(lock, 3)
    await _stranger_opens(lock)


async def test_a_lock_whose_folder_of_lists_is_gone_takes_a_list_and_what_residents_set(make_lock) -> None:
    lock: Lock = await make_lock(settings={"relay": {"seconds": 1}})
    await lock.wait_armed()
    await lock.power(False)
    littlefs_image.remove_folder(lock.world.board.flash_path, "/access")
    await lock.power(True)
    await lock.wait_online()
    code, pin = "73519264", "902817"
    moving = Credential(PIN, code.encode(), MOVE_IN, lease=7)
    everybody = [*lock.world.provision.demo_credentials(lock.world.cards), moving]
    await lock.publish_list(2, everybody, retain=True)
    await _accepted(lock, 2)
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    for keys, light in ((code + "#", "enrolling"), (pin + "#", "enrolling"), (pin + "#", "kept")):
        await lock.keys(keys)
        await lock.wait_light(light)
    await lock.power(False)
    await lock.power(True)
    await lock.wait_armed()
    await lock.keys(pin + "#")
    await lock.wait_unlocked()
