"""Guest codes from the keypad to the flash, through the whole lock."""

import struct

from tests.simulated_lock import Lock
from tools.simulator.provision import DEMO_PIN

_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_GUEST_KEY = 7
_ENTRY = struct.Struct("<16sBBH")


async def _open_and_press(lock: Lock, keys: str, light: str) -> None:
    await lock.keys(DEMO_PIN + "#")
    await lock.wait_light("granted")
    await lock.keys(keys)
    await lock.wait_light(light)


async def _guest_keys(lock: Lock) -> list[tuple[int, bytes]]:
    """Lease and guest key of all that have one, as they lie in the flash; the power is off afterwards."""
    await lock.power(False)
    body = lock.world.board.read_file("/access/residents")[4:-32]
    entries = _ENTRY.iter_unpack(body)
    return [(lease, digest) for digest, role, _, lease in entries if role == _GUEST_KEY]


async def test_a_resident_has_a_guest_key_until_they_want_another(make_lock) -> None:
    lock = await make_lock(settings=_SETTINGS)
    await lock.wait_armed()
    await _open_and_press(lock, "*4", "kept")
    [(lease, first)] = await _guest_keys(lock)
    assert lease == 1
    assert len(set(first)) > 4
    await lock.power(True)
    await lock.wait_armed()
    await _open_and_press(lock, "*4", "kept")
    assert await _guest_keys(lock) == [(1, first)]
    await lock.power(True)
    await lock.wait_armed()
    await _open_and_press(lock, "*4#", "kept")
    [(_, second)] = await _guest_keys(lock)
    assert second != first


async def test_without_a_clock_nine_digits_are_told_so_once_there_is_a_guest_key(make_lock) -> None:
    lock = await make_lock(settings=_SETTINGS, power=True)
    await lock.network(False)
    await lock.wait_armed()
    await lock.keys("123456780#")
    await lock.wait_light("denied")
    await _open_and_press(lock, "*4*", "kept")
    await lock.keys("123456780#")
    await lock.wait_light("throttled")  # the colour of "no clock" too
    assert not (await lock.state())["relay"]
