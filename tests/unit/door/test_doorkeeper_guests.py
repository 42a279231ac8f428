"""A code that may be a guest's takes a while to judge; whoever else comes meanwhile does not wait for it."""

import asyncio

from door_parts import GUEST, TENANT, Door

from door import doorkeeper
from roll.record import CARD, PIN


class Guests(Door):
    """Whose gate judges guests for as long as `verdict` is none."""

    def __init__(self):
        super().__init__()
        self.verdict, self.judged = "", []
        self.gate.guest = self.guest

    async def guest(self, verdict, digits):
        self.judged.append(digits)
        while not self.verdict:
            await asyncio.sleep_ms(0)
        verdict.reason = self.verdict
        verdict.role = GUEST if verdict.granted else 0

    def story(self, verdict, meanwhile):
        """What is done until somebody else comes, then, and when the guest has been judged."""

        async def run():
            self.will(0, PIN, "guests", True)
            self.press("2468#")
            await asyncio.sleep_ms(0)
            before = list(self.part.done)
            meanwhile(self)
            between, self.part.done = self.part.done, []
            self.verdict = verdict
            for _ in range(3):
                await asyncio.sleep_ms(0)
            return before, between, self.part.done

        return asyncio.run(run())


def test_whoever_has_a_pin_or_card_comes_in_while_a_guests_code_is_judged():
    opens = ["open", "granted"]
    door = Guests()
    assert door.story("granted", lambda door: door.come(TENANT)) == ([], opens, opens)
    assert door.judged == [b"2468"]
    assert Guests().story("granted", lambda door: door.come(TENANT, CARD)) == ([], opens, opens)
    door = Guests()
    assert door.story("unknown", lambda door: door.come(TENANT)) == ([], opens, ["denied"])
    assert door.alarms == ["throttled"]


def test_a_dialogue_hears_of_a_code_that_was_entered_in_it():
    door = Guests()
    door.ask()
    door.talk.answers["pin"] = "kept"
    assert door.story("unknown", lambda door: None) == ([], [], ["kept"])
    assert "kept" in door.talk.heard_all


def test_a_dialogue_that_is_over_or_another_hears_nothing_of_it():
    def ends(door):
        door.ask()
        door.part.done = []

    door = Guests()
    door.ask()
    first = door.talk
    first.answers["pin"] = "kept"
    assert door.story("unknown", ends) == ([], [], ["denied"])
    assert "kept" not in first.heard_all


def test_without_memory_to_judge_it_a_guests_code_is_denied():
    door, create = Guests(), doorkeeper.asyncio.create_task

    def none(coroutine):
        raise MemoryError

    doorkeeper.asyncio.create_task = none
    try:
        assert door.come(0, PIN, "guests") == ["denied"]
    finally:
        doorkeeper.asyncio.create_task = create
