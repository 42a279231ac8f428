"""A lock is brought to another release by its operator, and goes back by itself if that is bad."""

import pytest

from tests.releases import Edits, Made, choose_pin, updatable

__all__ = ["updatable"]
CHOSEN = "902817"


async def test_a_release_is_fetched_tried_and_confirmed(updatable: Made) -> None:
    operator = await updatable()
    lock = operator.lock
    new = operator.release("0.2.0")
    await operator.publish(new)
    await operator.order("0.2.0")
    for step in ("accepted", "fetched", "trial", "confirmed"):
        await operator.wait_update(step, "0.2.0")
    state = (await lock.state())["lock"]
    assert (state["slot"], state["firmware"]) == ("b", "0.2.0")
    await lock.tap_to_relay("tenant")
    await lock.power(False)
    assert lock.world.board.read_file("/slots/b.pack") == new.slot


_FEED = "            feed()\n"
_LATER = _FEED + "            self.turns = getattr(self, 'turns', 0) + 1\n            if self.turns > 600:\n"
_START = "    async def start(self) -> None:\n"
BAD: dict[str, Edits] = {
    "crashes at import": {"app.py": ("import asyncio\n", "import asyncio\nraise ValueError\n")},
    "crashes after a while": {"door/doorkeeper.py": (_FEED, _LATER + "                raise ValueError\n")},
    "hangs the loop": {
        "door/doorkeeper.py": (_FEED, _LATER + "                while True:\n                    pass\n")
    },
    "has a reader driver that fails": {
        "readers/pn532.py": (_START, _START + '        raise ReaderError("a mistake")\n')
    },
    "cannot read what residents set": {
        "access/residents.py": ('b"menshen residents v1"', 'b"menshen residents v2"')
    },
}


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        ("crashes at import", "HARD_RESET"),
        ("crashes after a while", "HARD_RESET"),
        ("hangs the loop", "WDT_RESET"),
        ("has a reader driver that fails", "HARD_RESET"),
        ("cannot read what residents set", "HARD_RESET"),
    ],
)
async def test_a_release_that_is_bad_goes_back_by_itself(updatable: Made, what: str, cause: str) -> None:
    """The tenant gets in all the while, by card or code, whichever the release has left; and after it."""
    operator = await updatable(trial_s=30 if "while" in what or "hangs" in what else 6)
    lock = operator.lock
    await choose_pin(lock, CHOSEN)
    new = operator.release("0.2.0", BAD[what])
    await operator.publish(new)
    await operator.order("0.2.0")
    await operator.wait_update("fetched", "0.2.0", 90)
    trial = await lock.wait_event(lambda e: e["type"] == "reset", 60)
    if what != "crashes at import":
        await lock.wait_event(
            lambda e: e["type"] == "console" and "app: armed" in e["line"] and e["us"] > trial["us"]
        )
        await lock.keys("246810#")
        await lock.wait_unlocked()
        await lock.wait_locked()
    await lock.wait_event(lambda e: e["type"] == "reset" and e["us"] > trial["us"] and e["name"] == cause, 60)
    await operator.wait_update("went back", "0.2.0", 30)
    await lock.power(False)
    lock.world.network(False)
    await lock.power(True)
    await lock.wait_armed()
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await lock.keys(CHOSEN + "#")  # what residents set has outlived it all
    await lock.wait_unlocked()
    assert lock.world.board.nvs_path.read_text().count('"choice": 0') == 1
