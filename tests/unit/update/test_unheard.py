"""A release that does not reach the broker goes back once, and whoever refuses connections gains no more."""

from knife_flash import PlainPartition, PowerCut, Reset
from ram_numbers import RamNvs
from small_lock import Release
from update_parts import NEW_FILES, OLD, make_lock

import update.switch
from storage.nvs import Numbers
from update.switch import HOURS, back, hour, switch
from update.version import version_code

NEW = Release("1.1.0", NEW_FILES)


def _numbers(**values):
    numbers = Numbers(RamNvs())
    for name, value in values.items():
        numbers.set(name, value)
    return numbers


def test_it_goes_back_after_72_hours_with_wifi_and_without_the_broker():
    numbers = _numbers(before=version_code("1.0.0"))
    for n in range(1, HOURS):
        assert not hour(numbers, "1.1.0", False, True), n
    assert hour(numbers, "1.1.0", False, True)


def test_hours_without_wifi_do_not_count():
    numbers = _numbers(before=version_code("1.0.0"))
    for _ in range(1000):
        assert not hour(numbers, "1.1.0", False, False)
    assert numbers.get("unheard") == 0


def test_one_that_has_reached_the_broker_never_goes_back():
    numbers = _numbers(before=version_code("1.0.0"), unheard=HOURS - 1)
    assert not hour(numbers, "1.1.0", True, False)
    for _ in range(1000):
        assert not hour(numbers, "1.1.0", False, True)


def test_one_that_nothing_came_before_never_goes_back():
    """Flashed by cable, brought by a release that did not count, or one that raised the security version."""
    for _ in range(1000):
        assert not hour(_numbers(), "1.1.0", False, True)


def test_the_release_that_it_went_back_to_does_not_go_back_again():
    numbers = _numbers(before=version_code("1.0.0"), unheard=HOURS)
    for _ in range(1000):
        assert not hour(numbers, "1.0.0", False, True)
    assert numbers.get("before") == 0


def test_a_step_back_that_fails_is_tried_three_times_and_no_more():
    numbers = _numbers(before=version_code("1.0.0"), unheard=HOURS - 1)
    assert [hour(numbers, "1.1.0", False, True) for _ in range(6)] == [True] * 3 + [False] * 3


def _updated(images=None):
    """A lock that runs NEW, brought from OLD."""
    new = Release("1.1.0", NEW_FILES, images[1] if images else None)
    lock = make_lock(new, images=[images[0], b"\xff" * 65536] if images else None)
    update.switch.switch = lambda to, numbers, restart: switch(to[:4] + ("1.0.0",), numbers, restart)
    try:
        assert lock.run(new) is new
    finally:
        update.switch.switch = switch
    return lock, new


def _go_back(lock):
    partition = lock.ota.partition() if lock.ota else PlainPartition
    numbers = Numbers(lock.nvs)
    try:
        switch(back(numbers, lock.slot, partition, set()), numbers, lock.reset)
    except Reset:
        pass


def test_the_old_release_comes_back_and_is_confirmed():
    lock, _ = _updated()
    _go_back(lock)
    assert lock.run() is OLD
    assert lock.said[-2:] == [("1.0.0", "trial"), ("1.0.0", "confirmed")]
    assert lock.nvs.values["choice"] == 0
    assert lock.opens()


def test_its_micropython_comes_back_with_it():
    old = b"\xe9" + bytes(31) + b"\x32\x54\xcd\xab" + b"m" * 60_000
    old += b"\xff" * (65536 - len(old))
    lock, _ = _updated((old, old[:50_000] + b"changed" + old[50_007:]))
    assert lock.ota.runs == 1
    _go_back(lock)
    assert lock.run() is OLD
    assert (lock.ota.runs, lock.ota.state) == (0, lock.ota.VALID)


def test_an_old_release_that_does_not_start_any_more_leaves_the_new_one():
    lock, new = _updated()
    _go_back(lock)
    assert lock.run(works=lambda release: release is not OLD) is new
    assert lock.nvs.values["choice"] == 1
    assert lock.opens()


def test_a_power_cut_at_any_write_leaves_one_of_the_two():
    for n in range(1, 40):
        lock, new = _updated()
        lock.knife.set(n)
        try:
            _go_back(lock)
            cut = False
        except PowerCut:
            cut = True
        lock.knife.set(0)
        assert lock.run() in (OLD, new), n
        assert lock.opens()
        if not cut:
            return
    raise AssertionError("it never came to its end")
