"""What follows from a verdict: the bolt, the light, what residents are told and what leaves the lock."""

from time import ticks_add

from door_parts import GUEST, PASSAGE, STAFF, TENANT, Door

from access.decide import DELAYS
from access.gate import Verdict
from door import doorkeeper
from roll.record import CARD, PIN, REMOTE


def test_no_garbage_is_collected_while_a_key_is_answered():
    door, hushed, hush = Door(), [], doorkeeper.hush
    door.will(TENANT)
    doorkeeper.hush = lambda: hushed.append(len(door.gate.asked))
    try:
        door.press("2468#")
    finally:
        doorkeeper.hush = hush
    assert hushed == [0] * 5
    assert door.gate.asked


def test_who_opens_from_afar_uses_up_no_light():
    """Nobody is at the door to see it."""
    door = Door()
    door.come(STAFF)
    door.gate.news = "new way in"
    door.will(TENANT, REMOTE)
    assert door.keeper.remote(7, b"")
    assert door.part.done == ["open", "granted"]
    assert door.come(GUEST) == ["open", "granted"]
    assert door.come(STAFF) == ["report", "open", "granted"]
    assert door.come(TENANT, CARD) == ["open", "new way in"]
    assert door.come(TENANT) == ["open", "staff"]
    assert door.come(TENANT) == ["open", "granted"]


def test_nobody_far_away_ends_what_is_shown_at_the_door():
    door = Door()
    door.keeper.identify()
    for reason in ("granted", "unknown", "expired"):
        door.will(STAFF, REMOTE, reason)
        door.keeper.remote(0, b"d" * 16)
    assert door.part.offered == 4
    for kind in (PIN, CARD):
        door.come(TENANT, kind)
        door.come(0, kind, "unknown")
    assert door.part.offered == 4


def test_a_tenant_is_let_in_and_told_of_to_nobody():
    door = Door()
    assert door.come(TENANT) == ["open", "granted"]
    assert door.come(TENANT, CARD) == ["open", "granted"]
    assert door.gate.asked == [(b"2468", None), b"1234567"]
    assert (door.began, door.alarms) == ([], [])


def test_staff_are_on_record_before_the_door_opens_and_the_next_resident_is_told():
    for role in (STAFF, PASSAGE):
        door = Door()
        assert door.come(role) == ["report", "open", "granted"]
        assert door.come(TENANT) == ["open", "staff"]
        assert door.come(TENANT) == ["open", "granted"]


def test_a_guest_is_told_of_to_nobody_and_told_nothing():
    door = Door()
    door.come(STAFF)
    assert door.come(GUEST) == ["open", "granted"]
    assert door.come(TENANT) == ["open", "staff"]


def test_some_denials_have_a_light_of_their_own():
    for reason, light in (
        ("no clock", "no clock"),
        ("outside schedule", "outside schedule"),
        ("throttled", "throttled"),
        ("unknown", "denied"),
        ("expired", "denied"),
        ("too early", "denied"),
        ("used up", "denied"),
    ):
        assert Door().come(STAFF, PIN, reason) == [light]


def test_the_house_hears_that_the_keypad_waits_and_not_for_whom():
    door = Door()
    door.come(0, PIN, "unknown", True)
    door.come(0, PIN, "unknown")
    assert door.alarms == ["throttled"]
    door.ask()
    door.talk.answers["pin"] = "weak"
    assert door.come(0, PIN, "unknown", True) == ["weak"]  # a PIN that was chosen counts as well
    assert door.alarms == ["throttled"] * 2


def test_who_asks_for_something_else_opens_nothing_and_is_in_a_dialogue():
    for order, reason in ((1, "asking"), (4, "asking"), (0, "moving in")):
        door = Door()
        assert door.ask(order, reason) == ["enrolling"]
        assert (door.began, door.is_blue) == ([(reason, order)], True)
        assert door.gate.asked == [(b"2468", b"%d" % order)]
    assert (door.ask(30), door.is_blue) == (["kept"], False)


def test_what_opens_ends_the_dialogue():
    for role in (TENANT, STAFF, GUEST):
        for kind in (PIN, CARD):
            door = Door()
            door.ask()
            assert door.come(role, kind)[-2:] == ["open", "granted"]
            assert (door.is_blue, door.talk.ended) == (False, 1)
    door = Door()
    door.ask()
    door.will(TENANT, REMOTE)
    assert door.keeper.remote(7, b"")
    assert (door.is_blue, door.talk.ended) == (False, 1)


def test_a_card_that_makes_the_reader_wait_is_shown_and_neither_judged_nor_taken_by_a_dialogue():
    for in_dialogue in (False, True):
        door = Door()
        if in_dialogue:
            door.come(TENANT, PIN, "asking")
        del door.part.done[:], door.gate.asked[:]
        door.keeper.card(b"", DELAYS)
        assert (door.part.done, door.gate.asked) == (["unread"], [])


def test_what_the_dialogue_waits_for_opens_nothing():
    for kind in (PIN, CARD):
        door = Door()
        door.ask()
        door.talk.answers = {"pin": "kept", "card": Verdict("kept", CARD)}
        assert door.come(TENANT, kind) == ["kept"]
        door.talk.answers = {"again": Verdict("kept", PIN), "card": None}
        door.gate.asked.clear()
        assert door.come(TENANT) == ["kept"]
        assert door.gate.asked == []


def test_who_is_refused_at_the_door_is_heard_of_and_who_is_refused_afar_is_not():
    door = Door()
    door.ask()
    door.talk.heard_all.clear()
    door.come(0, CARD, "unknown")
    door.come(0, PIN, "expired")
    assert [heard for heard in door.talk.heard_all if len(heard) > 1] == ["unknown", "expired"]
    door.will(0, REMOTE, "unknown")
    assert not door.keeper.remote(7, b"")
    assert door.talk.heard_all[-1] == "expired"
    assert door.is_blue
    door.come(0, PIN, "the third")
    assert (door.is_blue, door.talk.ended) == (False, 1)


def test_a_star_ends_the_dialogue_and_the_next_digits_are_a_new_entry():
    for typed in ("", "90", "902817"):
        door = Door()
        door.ask()
        door.press(typed + "*")
        assert (door.is_blue, door.talk.ended) == (False, 1)
        door.gate.asked.clear()
        assert door.come(TENANT) == ["open", "granted"]
        assert door.gate.asked == [(b"2468", None)]


def test_the_time_that_is_over_and_the_leaf_that_moves_end_it_and_what_was_typed_is_gone():
    for how in ("time", "leaf", "card", "read"):
        door = Door()
        door.ask()
        door.press("90")
        door.part.done.clear()
        door.talk.runs_out = how == "time"
        if how == "card":
            door.come(TENANT, CARD)
        elif how == "read":
            door.talk.patience = 0
        door.keeper._follow(0, how == "leaf")
        said = {"card": ["open", "granted"], "read": []}.get(how, ["cleared"])
        assert (door.part.done, door.is_blue, door.talk.ended) == (said, False, 1)
        door.gate.asked.clear()
        assert door.come(TENANT) == ["open", "granted"]
        assert door.gate.asked == [(b"2468", None)]


def test_a_leaf_that_moves_while_no_dialogue_runs_says_nothing_and_leaves_what_was_typed():
    door = Door()
    door.will(TENANT)
    door.press("24")
    door.keeper._follow(0, True)
    door.press("68#")
    assert door.part.done == ["open", "granted"]
    assert door.gate.asked == [(b"2468", None)]


def test_a_dialogue_in_a_dialogue_takes_its_place():
    door = Door()
    door.ask(4)
    first = door.talk
    assert door.ask(0, "moving in")[-1] == "enrolling"
    assert (first.ended, door.talk.ended, door.is_blue) == (1, 0, True)


def test_with_the_light_dark_a_key_prolongs_nothing():
    now = [1000]
    ticks, doorkeeper.ticks_ms = doorkeeper.ticks_ms, lambda: now[0]
    try:
        door = Door()
        door.ask()
        door.talk.runs_out = True
        door.keeper._follow(now[0])
        heard = list(door.talk.heard_all)
        door.press("1")
        assert door.talk.heard_all == heard
    finally:
        doorkeeper.ticks_ms = ticks


def test_what_can_be_said_differs_to_the_eye_or_to_the_ear():
    from door.indicator import Indicator

    said = []
    indicator = Indicator(said.append, said.append)
    seen = set()
    denials = ["denied", "throttled", "no clock", "outside schedule"]
    for signal in denials + ["granted", "enrolling", "kept", "weak", "staff"]:
        indicator.say(signal, 0)
        seen.add(tuple(said[-2:]))
        said.clear()
        indicator.tick(100_000)
        said.clear()
    assert len(seen) == 9


def test_passage_mode_is_begun_and_ended_by_staff_shown_and_reported_each_time():
    door = Door()
    assert door.come(PASSAGE, PIN, "passage") == ["report", "open", "granted"]
    assert "passage" in door.part.lasting
    assert door.control.passage
    assert door.come(PASSAGE, PIN, "passage") == ["report", "held", "granted"]
    assert not door.part.lasting & {"passage"}
    assert door.come(TENANT) == ["open", "staff"]


def test_passage_mode_begun_ends_a_dialogue():
    door = Door()
    door.ask()
    door.come(PASSAGE, PIN, "passage")
    assert (door.is_blue, door.talk.ended) == (False, 1)


def test_once_a_minute_the_gate_is_asked_whether_passage_mode_goes_on():
    door = Door()
    door.come(PASSAGE, PIN, "passage").clear()
    began = door.keeper._looked
    door.gate.passes = True
    for ms in (10, 59_999, 60_000, 119_999):
        door.keeper._watch_passage(ticks_add(began, ms))
    assert door.gate.looks == 1
    door.gate.passes = False
    door.keeper._watch_passage(ticks_add(began, 120_000))
    assert (door.part.done, door.gate.looks) == (["held"], 2)
    door.keeper._watch_passage(ticks_add(began, 180_000))
    assert door.gate.looks == 2
