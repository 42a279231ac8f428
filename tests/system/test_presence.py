"""When the lock connects, restarts or answers tells nothing of whether somebody is at its door.

The whole lock on a virtual clock, in the Unix port (tests/unit/helpers/virtual_lock.py): in half of the
stories people come in and go out all the time around the event, and in the others nobody does. The attacker
sees each packet of the lock, with its time to the millisecond and its size, knows all this, and guesses.
"""

import itertools
import json
import os
import random
import subprocess

import pytest

from tests.conftest import TOP, UNIT, micropython

_NIGHTLY = bool(os.environ.get("MENSHEN_NIGHTLY"))
_EVENTS = {
    "wifi": "Wi-Fi is back",
    "cut": "the broker cuts the connection",
    "restart": "a restart is ordered",
    "list": "a list arrives",
    "sntp": "SNTP is due",
}
_DRAWN = ("wifi", "cut", "restart", "sntp")  # the others are answered at once
_PATH = UNIT / "helpers", TOP / "firmware", TOP / "tools/simulator/fakes", TOP / "lib"
_PAIRS, _STORIES = 6, 2_000
_BEST = 0.55  # AUC of the best attacker
_BIN_MS = 3_000
_DOUBT = 10  # stories: what happened in fewer says little

Story = list[tuple[int, str, int]]


def _stories(event: str, count: int, *, paired: bool) -> list[tuple[Story, Story]]:
    """So many stories without visits and with them; in pairs with the same draws of chance."""
    done = subprocess.run(
        [
            *("nice", micropython(), "-X", "heapsize=3m", "-c"),
            f"import presence_stories; presence_stories.tell({event!r}, {count}, {paired})",
        ],
        env={**os.environ, "MICROPYPATH": ":".join(map(str, (*_PATH, ".frozen")))},
        cwd=UNIT / "helpers",
        capture_output=True,
        check=True,
    )
    told = [json.loads(line[1:]) for line in done.stdout.decode().splitlines() if line.startswith("@")]
    assert len(told) == 2 * count, done.stderr.decode()
    return list(zip(told[::2], told[1::2], strict=True))


def auc(empty: list[float], visited: list[float]) -> float:
    """How well this number tells the two apart: 0.5 not at all, 1 always. Whichever way round."""
    ranked = sorted([(value, 0) for value in empty] + [(value, 1) for value in visited])
    ranks, place = 0.0, 0
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            end += 1
        ranks += sum(kind for _, kind in ranked[place:end]) * (place + end + 1) / 2
        place = end
    count = len(visited)
    area = (ranks - count * (count + 1) / 2) / (count * len(empty))
    return max(area, 1 - area)


def _features(story: Story) -> dict[str, float]:
    """Numbers that an attacker could look at: of everything from the event on."""
    since = [(ms, what, size) for ms, what, size in story if ms >= 0] or [(10**9, "", 0)]
    found: dict[str, float] = {"packets": len(since), "bytes": sum(size for *_, size in since)}
    found["last"] = since[-1][0]
    for n, (ms, *_) in enumerate(since[:6]):
        found[f"time of packet {n + 1}"] = ms
    for n, (one, other) in enumerate(itertools.pairwise(since[:7])):
        found[f"gap {n + 1}"] = other[0] - one[0]
    for kind in ("join", "CONNECT", "PUBLISH", "sntp", "reset", "PINGREQ"):
        times = [ms for ms, what, _ in since if what == kind]
        found[f"first {kind}"] = times[0] if times else 10**9
    return found


def _by_likelihood(empty: list[Story], visited: list[Story]) -> float:
    """AUC of whoever has seen half of the stories, and judges the others by when something happened in them.

    This one finds a hole in the times, too, as a lock would leave that waits for people to go.
    """
    seen: list[dict[int, int]] = [{}, {}]
    halves = [stories[: len(stories) // 2] for stories in (empty, visited)]
    for counts, stories in zip(seen, halves, strict=True):
        for story in stories:
            for place in _places(story):
                counts[place] = counts.get(place, 0) + 1

    def score(story: Story) -> float:
        pairs = [(seen[0].get(place, 0), seen[1].get(place, 0)) for place in _places(story)]
        return sum((there - alone) / (there + alone + _DOUBT) for alone, there in pairs)

    rest = [[score(story) for story in stories[len(stories) // 2 :]] for stories in (empty, visited)]
    return auc(*rest)


def _places(story: Story) -> set[int]:
    """The bins of time in which a connection, a restart or a question for the time falls."""
    return {
        ms // _BIN_MS for ms, what, _ in story if ms >= 0 and what in ("CONNECT", "reset", "sntp", "join")
    }


def best_guess(pairs: list[tuple[Story, Story]]) -> tuple[float, str]:
    """The AUC of the best attacker, and what they looked at."""
    empty, visited = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = {"likelihood": _by_likelihood(empty, visited)}
    sides = [[_features(story) for story in stories] for stories in (empty, visited)]
    for name in {name for side in sides for features in side for name in features}:
        found[name] = auc(*[[features.get(name, -1) for features in side] for side in sides])
    name = max(found, key=lambda one: found[one])
    return found[name], name


@pytest.mark.slow
@pytest.mark.parametrize("event", _EVENTS)
def test_whoever_sees_all_packets_cannot_tell_whether_somebody_is_at_the_door(event: str) -> None:
    """With the same draws each packet leaves at the same millisecond; by night the best guess is measured."""
    pairs = _stories(event, _PAIRS, paired=True)
    for empty, visited in pairs:
        assert empty == visited
    if event in _DRAWN:
        assert len({json.dumps(empty) for empty, _ in pairs}) == _PAIRS, "chance plays no part in it"
    packets = sum(len(empty) for empty, _ in pairs)
    print(f"{_EVENTS[event]}: {packets} packets in {_PAIRS} stories, the same with visits to the millisecond")
    if _NIGHTLY:
        area, name = best_guess(_stories(event, _STORIES, paired=False))
        print(f"{_EVENTS[event]}: AUC {area:.3f} of {_STORIES} with and {_STORIES} without visits, by {name}")
        assert area <= _BEST, name


def test_the_attacker_would_see_a_lock_that_waits_for_people_to_go() -> None:
    """The attacker's own test: of two laws of waiting that differ a little, and of one and the same."""
    dice = random.Random(1)

    def story(*, spares: bool) -> Story:
        ms = dice.randrange(60_000, 120_000)
        while spares and 70_000 <= ms < 85_000:
            ms = dice.randrange(60_000, 120_000)
        return [(ms, "CONNECT", 86)]

    count = 2_000
    same, _ = best_guess([(story(spares=False), story(spares=False)) for _ in range(count)])
    spared, name = best_guess([(story(spares=False), story(spares=True)) for _ in range(count)])
    print(f"AUC {same:.3f} where nothing differs, {spared:.3f} ({name}) where 15 of 60 s are avoided")
    assert same < 0.55 < spared
