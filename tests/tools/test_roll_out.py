"""When a roll-out goes on, waits and stops, on a clock that jumps."""

import random

import pytest

from menshen.errors import InputError
from menshen.release.roll_out import CONFIRMED, DONE, PAUSED, RUNNING, SHARES, SILENT, RollOut, split

NAMES = [f"lock-{n}" for n in range(60)]


def _roll(groups: list[list[str]], threshold: int = 10) -> RollOut:
    return RollOut("1.2.3", "feature", groups, threshold, wait_s=100, patience_s=1000)


def _order(roll: RollOut, now: float = 0) -> None:
    for name in roll.group:
        roll.orders[name], roll.ordered_at[name] = 1, now


@pytest.mark.parametrize("kind", SHARES)
def test_each_lock_is_in_one_group_and_the_first_is_a_canary(kind: str) -> None:
    for count in (1, 2, 3, 7, 60, 1000):
        names = [f"lock-{n}" for n in range(count)]
        groups = split(names, SHARES[kind], "1.2.3")
        assert sorted(name for group in groups for name in group) == sorted(names)
        assert len(groups[0]) == 1
    assert split(NAMES, SHARES[kind], "1.2.3")[0] != split(NAMES, SHARES[kind], "1.2.4")[0]


@pytest.mark.parametrize("shares", ["", "x", "0,100%", "50%,10%,100%", "1,50%", "1,", "101%x"])
def test_groups_that_are_none_are_refused(shares: str) -> None:
    with pytest.raises(InputError, match="--groups"):
        split(NAMES, shares, "1.2.3")


def test_a_group_that_is_well_waits_before_the_next() -> None:
    roll = _roll([["a"], ["b", "c"]])
    _order(roll)
    roll.look(1)
    assert (roll.at, roll.well_at) == (0, None)
    roll.results["a"] = CONFIRMED
    for now, at in ((10, 0), (109, 0), (110, 1)):
        roll.look(now)
        assert roll.at == at
    _order(roll, 110)
    roll.results |= {"b": CONFIRMED, "c": CONFIRMED}
    roll.look(111)
    assert roll.state == DONE


def test_more_failures_than_the_threshold_stop_it_before_the_rest_has_answered() -> None:
    for threshold, failures, state in ((0, 1, PAUSED), (10, 2, RUNNING), (10, 3, PAUSED), (50, 10, RUNNING)):
        roll = _roll([NAMES[:20], NAMES[20:]], threshold)
        _order(roll)
        for name in NAMES[:failures]:
            roll.results[name] = "went back"
        roll.look(1)
        assert roll.state == state, (threshold, failures)


def test_a_lock_that_falls_silent_has_failed_and_one_that_was_offline_has_not() -> None:
    """A release that takes locks off the network is the worst, and says nothing."""
    roll = _roll([["a", "b"], ["c"]])
    _order(roll)
    roll.offline.append("b")
    roll.results["a"] = CONFIRMED
    roll.look(2000)
    assert (roll.state, roll.results.get("b")) == (RUNNING, None)
    silent = _roll([["a", "b"], ["c"]])
    _order(silent)
    silent.results["a"] = CONFIRMED
    silent.look(1000)
    assert silent.state == RUNNING
    silent.look(1001)
    assert (silent.state, silent.results["b"]) == (PAUSED, SILENT)
    assert "b silent" in silent.why


def test_a_group_of_which_nothing_is_known_is_not_well() -> None:
    roll = _roll([["a"], ["b"]])
    _order(roll)
    roll.offline.append("a")
    roll.look(1_000_000)
    assert (roll.state, roll.at) == (RUNNING, 0)


def test_it_is_the_same_after_the_file_was_closed() -> None:
    chance = random.Random(1)
    for _ in range(100):
        roll = _roll(split(NAMES, "1,10%,100%", str(chance.random())), chance.randrange(50))
        now = 0.0
        while roll.state == RUNNING:
            _order(roll, now)
            for name in roll.group:
                roll.results[name] = chance.choice([CONFIRMED] * 9 + ["went back"])
            now += 100
            copy = RollOut.loaded(roll.dumped())
            assert copy == roll
            roll.look(now)
            copy.look(now)
            assert copy == roll
        failed = len(roll.failed(roll.group))
        assert (failed * 100 > roll.threshold * len(roll.group)) == (roll.state == PAUSED)


def test_what_has_failed_is_not_told_again_when_it_goes_on() -> None:
    roll = _roll([["a", "b"], ["c"]], threshold=0)
    _order(roll)
    roll.results |= {"a": "went back"}
    roll.look(1)
    roll.go_on()
    assert (roll.state, roll.groups, roll.results) == (RUNNING, [["b"], ["c"]], {"a": "went back"})
