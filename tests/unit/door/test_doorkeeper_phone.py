"""`* #`: a phone is awaited that opens, once in a minute, and its answer is judged like a card."""

from door_parts import STAFF, TENANT, Door

from door import doorkeeper
from roll.record import CARD, PHONE


def phone_answers(door, whose, reason="granted"):
    """A phone that was awaited answers; what is done then."""
    door.will(TENANT if whose else 0, PHONE, reason)
    door.gate.verdict.digest = b""
    door.talk.answer = whose
    door.keeper._follow(0)
    return door.part.done


def test_star_and_hash_await_a_phone_and_its_answer_is_judged_like_a_card():
    door = Door()
    door.press("*#")
    assert (door.began, door.part.done, door.is_blue) == ([("asking", 100)], ["enrolling"], True)
    assert phone_answers(door, 7) == ["open", "granted"]
    assert door.gate.asked == [(7, b"", PHONE)], "no code was looked up, or counted"
    assert (door.is_blue, door.talk.ended) == (False, 1)


def test_a_wrong_answer_is_denied_and_ends_it_and_the_light_says_so():
    door = Door()
    door.press("*#")
    assert phone_answers(door, 0, "unknown") == ["denied"]
    assert (door.is_blue, door.talk.ended) == (False, 1)
    assert door.come(TENANT) == ["open", "granted"]
    assert door.alarms == []


def test_a_phone_is_awaited_at_most_once_in_a_minute_and_codes_and_cards_are_never_stopped():
    now = [1000]
    ticks, doorkeeper.ticks_ms = doorkeeper.ticks_ms, lambda: now[0]
    try:
        door = Door()
        for passed, signal in (
            (0, "enrolling"),
            (100, "throttled"),
            (59_800, "throttled"),
            (100, "enrolling"),
        ):
            now[0] += passed
            door.part.done = []
            door.keeper._follow(now[0])
            door.press("*#")
            assert door.part.done == [signal], now[0]
            assert door.come(TENANT) == ["open", "granted"]
            assert door.come(TENANT, CARD) == ["open", "granted"]
        assert [code for code in door.gate.asked if code[0] == b""] == []
    finally:
        doorkeeper.ticks_ms = ticks


def test_digits_that_are_typed_while_a_phone_is_awaited_are_no_ones_to_lose():
    for how in ("time", "leaf", "wrong answer"):
        door = Door()
        door.press("*#")
        door.talk.spares_digits = True
        door.press("24")
        if how == "wrong answer":
            phone_answers(door, 0, "unknown")
        door.talk.runs_out = how == "time"
        door.keeper._follow(0, how == "leaf")
        assert door.talk.ended == 1
        door.will(TENANT)
        door.gate.asked.clear()
        door.press("68#")
        assert door.gate.asked == [(b"2468", None)]
        assert door.part.done == ["open", "granted"]


def test_who_comes_in_by_phone_is_told_that_staff_were_in_and_nothing_is_reported():
    door = Door()
    door.come(STAFF)
    door.press("*#")
    assert phone_answers(door, 7) == ["open", "staff"]
    assert "report" not in door.part.done


def test_where_no_phone_can_be_awaited_that_is_refused():
    door = Door()
    door.can = False
    door.press("*#")
    assert (door.part.done, door.is_blue) == (["weak"], False)
    assert door.come(TENANT) == ["open", "granted"]
