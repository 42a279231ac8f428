"""What people try at the whole lock, a story each: thought of beside the model, which draws them seldom.

The lock is that of test_people_model.py, in virtual time: two residents in lease 1, one in lease 2, staff,
and an operator whose computer may be wrong.
"""

import pytest

from menshen.operator import lists
from menshen.operator.commands import Command
from tests.models.helpers.people_door import T0
from tests.models.helpers.people_from_afar import CODES, STAFF_PIN, opening
from tests.models.helpers.people_model import DAY, HOUR, KEY, MOVE_IN, PIN, STAFF, TENANT, Entry, Term
from tests.models.helpers.people_visits import FREE, opens
from tests.models.test_people_model import PINS, People

_PASSES = lists.STAFF_PASSAGE


@pytest.mark.parametrize("days", [-10, 20 / 24, 9, 360, 730])
def test_a_new_lease_is_not_over_because_the_operators_clock_was_wrong_when_it_came(
    people: People, days: float
) -> None:
    """The lock has just started, and has its time from the list alone; hours later the clock heals."""
    lie = int(days * DAY)
    people.door.do("restart", True)
    new = people.listing()
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 3)
    new.terms[3] = Term(people.house.now - DAY, people.house.now + 365 * DAY)
    assert people.door.publish(new, people.house.now + lie).version == new.version
    people.door.do("days", 6)
    people.door.heal(people.listing())
    assert "enrolling" in people.door.do("keys", f"{CODES[3]}#").said
    assert "kept" in people.door.do("keys", f"{FREE}#{FREE}#").said
    people.door.do("days", 2)
    assert opens(people, FREE)


def test_a_lease_that_was_dated_by_a_wrong_clock_ends_in_time(people: People) -> None:
    people.door.do("restart", True)
    new = people.listing()
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 3)
    new.terms[3] = Term(people.house.now, people.house.now + 64 * DAY)
    people.door.publish(new, people.house.now + 60 * DAY)
    people.door.heal(people.listing())
    people.door.do("keys", f"{CODES[3]}#")
    assert "kept" in people.door.do("keys", f"{FREE}#{FREE}#").said
    people.door.do("days", 62)
    assert opens(people, FREE)
    people.door.do("days", 3)
    assert not opens(people, FREE)


def test_a_publication_heals_the_clock_though_the_lock_says_its_state_while_it_is_on_its_way(
    people: People,
) -> None:
    people.the_operators_clock_is_wrong_for_hours(9 * DAY)
    known = people.door.challenge
    while people.door.challenge == known:
        people.door.do("wait", 60_000)
    people.door.challenge = known
    people.door.heal(people.listing())
    assert people.door.clock_is_right


def test_the_second_new_pin_of_one_is_nothing_once_another_has_come_in_between(people: People) -> None:
    people.door.do("keys", f"{PINS[0]}*1#{FREE}#")
    assert people.door.do("keys", f"{PINS[1]}#", may_open=True).opened
    assert "kept" not in people.door.do("keys", f"{FREE}#").said
    assert opens(people, PINS[0])
    assert not opens(people, FREE)


def test_two_dialogues_at_once_are_none(people: People) -> None:
    """The second who asks has the keypad; the first one's digits are a wrong code."""
    people.door.do("keys", f"{PINS[0]}*9#")
    assert "kept" not in people.door.do("keys", f"{PINS[2]}*1#{PINS[0]}#", may_open=True).said
    for pin in (PINS[0], PINS[1], PINS[2]):
        assert opens(people, pin)


def test_half_a_pin_before_a_restart_and_half_after_it_is_no_pin(people: People) -> None:
    people.door.do("keys", PINS[0][:4])
    people.door.do("restart", False)
    assert not people.door.do("keys", f"{PINS[0][4:]}#").opened
    assert opens(people, PINS[0])
    people.door.do("keys", f"{PINS[0]}*1#{FREE}#")
    people.door.do("restart", False)
    people.door.do("keys", f"{FREE}#")
    assert not opens(people, FREE)
    assert opens(people, PINS[0])


@pytest.mark.parametrize("lie", [400 * DAY, -30 * DAY, 36 * HOUR])
def test_a_clock_that_is_set_in_a_dialogue_takes_nothing_from_it(people: People, lie: int) -> None:
    people.door.do("keys", f"{PINS[0]}*1#{FREE}#")
    people.door.do("sntp", people.house.now + lie)
    assert "kept" in people.door.do("keys", f"{FREE}#").said
    assert opens(people, FREE)
    assert not opens(people, PINS[0])


def test_a_list_that_gives_staff_the_digits_which_a_resident_is_about_to_choose(people: People) -> None:
    """Between the new PIN and the same again: else staff would come in as the resident, unreported."""
    people.door.do("keys", f"{PINS[0]}*1#{FREE}#")
    new = people.listing()
    new.entries[PIN, FREE] = Entry(STAFF)
    assert people.door.publish(new, people.house.now).version == new.version
    assert "kept" not in people.door.do("keys", f"{FREE}#", may_open=True).said
    people.door.do("wait", 300_000)
    found = people.door.do("keys", f"**{FREE}#", may_open=True)
    assert found.opened
    assert any(leaf == "staff" for leaf, _ in found.told), "staff came unreported"
    assert opens(people, PINS[0])


def test_a_list_that_comes_in_a_move_in_or_a_move_out_is_in_force_and_stops_neither(people: People) -> None:
    door = people.door
    new = people.listing()
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 1)
    door.publish(new, people.house.now)
    door.do("keys", f"{CODES[3]}#")
    people.door.publish(people.listing(), people.house.now)
    assert "kept" in door.do("keys", f"{FREE}#{FREE}#").said
    assert opens(people, FREE)
    door.do("keys", f"{FREE}*9#")
    door.publish(people.listing(), people.house.now)
    assert "kept" in door.do("keys", f"{FREE}#").said
    assert not opens(people, FREE)


def test_a_number_of_a_lease_that_is_over_brings_nobody_back(people: People) -> None:
    """As an operator's file of long ago would use it again: for others, with a later end."""
    door = people.door
    door.do("keys", f"{PINS[0]}*9#{PINS[0]}#")
    people.door.do("wait", 10_000)
    door.do("keys", f"{PINS[2]}*9#{PINS[2]}#")
    door.do("days", 4)
    door.heal(people.listing())
    new = people.listing()
    new.entries[PIN, CODES[4]] = Entry(MOVE_IN, 1)
    new.terms[1] = Term(T0, people.house.now + 900 * DAY)
    door.publish(new, people.house.now)
    for pin in (PINS[0], PINS[2]):
        assert not opens(people, pin)
    assert opens(people, PINS[1])


def test_passage_ends_with_the_power_and_with_the_list(people: People) -> None:
    door = people.door
    new = people.listing()
    new.entries[PIN, "40506070"] = Entry(_PASSES)
    door.publish(new, people.house.now)
    assert door.do("keys", "40506070*0#", may_open=True).opened
    door.do("restart", True)
    assert not door.do("wait", 60_000).opened
    assert door.do("keys", "40506070*0#", may_open=True).opened, "it begins anew"
    gone = people.listing()
    del gone.entries[PIN, "40506070"]
    door.publish(gone, people.house.now)
    door.do("wait", 120_000)
    assert not door.do("keys", "40506070*0#").opened


@pytest.mark.parametrize(
    "start", [(1 << 31) - 2 * HOUR, 4_107_456_000 - 2 * HOUR]
)  # 2038; 29 February 2100 is none
def test_the_years_in_which_counts_of_seconds_go_over(people: People, start: int) -> None:
    door = people.door
    people.door.do("sntp", start)
    new = people.listing()
    new.terms[5] = Term(start - DAY, start + 30 * DAY)
    new.entries[PIN, CODES[5]] = Entry(MOVE_IN, 5)
    new.entries[PIN, "40506070"] = Entry(STAFF, 0, start - DAY, start + HOUR)
    door.publish(new, start)
    door.do("keys", f"{CODES[5]}#")
    assert "kept" in door.do("keys", f"{FREE}#{FREE}#").said
    assert opens(people, "40506070")
    door.do("wait", 3 * HOUR * 1000)
    assert not opens(people, "40506070"), "the hour of staff is over"
    assert opens(people, FREE)
    door.do("days", 20)
    assert opens(people, FREE)
    door.do("days", 12)
    assert not opens(people, FREE), "the lease is over"


def test_a_guest_code_in_two_hands_opens_for_both_until_its_end_and_for_nobody_after_a_move_out(
    people: People,
) -> None:
    resident = people.house.residents[0]
    people.a_guest_comes(0, 4)
    code, _, host = people.house.guests[0]
    assert host is resident
    assert opens(people, code)
    assert opens(people, code)
    people.door.do("keys", f"**{resident.pin}*9#{resident.pin}#")
    assert not opens(people, code)


def test_staff_pin_of_the_list_that_a_resident_has_already_is_the_residents(people: People) -> None:
    """The operator can list every PIN that there is: what residents have stays theirs, and tells nobody."""
    new = people.listing()
    new.entries[PIN, PINS[0]] = Entry(STAFF)
    people.door.publish(new, people.house.now)
    people.door.do("wait", 300_000)
    found = people.door.do("keys", f"**{PINS[0]}#", may_open=True)
    assert found.opened
    assert not found.told
    assert people.door.do("keys", f"{STAFF_PIN[1]}#", may_open=True).told


def test_a_card_of_the_list_is_no_pin_and_a_lease_takes_no_others_credential(people: People) -> None:
    new = people.listing()
    new.entries[PIN, FREE] = Entry(TENANT, 2)
    found = people.door.publish(new, people.house.now)
    assert found.version == new.version
    assert "new way in" in people.door.do("keys", f"{PINS[0]}#", may_open=True).said


def test_whoever_takes_a_pin_that_was_anothers_is_shown_what_is_new(people: People) -> None:
    """The other had seen it, and the lock had noted the PIN: nobody gets a way in unseen by that."""
    one, other = people.house.residents[:2]
    new = people.listing()
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 2)
    people.door.publish(new, people.house.now)
    for _ in range(2):
        people.door.comes_home(one)
    assert other.sees
    people.changes_the_pin(0, FREE)
    people.changes_the_pin(1, PINS[0])
    assert other.pin == PINS[0]
    assert not other.sees


def test_a_lock_without_its_folder_makes_it_and_takes_a_list(people: People) -> None:
    """None of these locks is given the folder of its list: without it each list is a flash error."""
    new = people.listing()
    assert people.door.publish(new, people.house.now).version == new.version
    assert "/access/b" in dict(people.door.do("sizes").told)


def test_a_landlord_who_orders_restarts_all_day_keeps_nobody_out(people: People) -> None:
    """Each start begins the keypad's wait anew: so restarts in a row would block PINs for good."""
    door, house = people.door, people.house
    for guess in range(13):  # somebody is at the door for eight minutes, and goes
        door.do("keys", f"**{400_001 + 7 * guess}#")
        door.do("wait", min(1 << guess, 300) * 1000)
    door.do("keys", f"**{FREE}#")
    opened, begin = [], house.now
    for number in range(1, 46):
        door.do("sntp", house.now)
        order = Command("demo", "restart", time=house.now, number=number)
        door.do("deliver", "command", order.message(KEY), False)
        door.do("wait", 60_000)
        if door.do("keys", f"**{PINS[0]}#", may_open=True).opened:
            opened.append((house.now - begin) // 60)
    assert len(opened) > 15, opened
    assert opened[0] <= 10, "five minutes of wait, anew after the first restart"


def test_a_message_from_afar_of_a_year_ahead_keeps_no_flatmate_out_once_the_clock_heals(
    people: People,
) -> None:
    door, house = people.door, people.house
    for who in (0, 1):
        people.a_guest_comes(who, 4)
    forger, other = house.residents[:2]
    door.do("restart", True)
    door.do("sntp", house.now + 365 * DAY)
    ahead = opening("demo", forger.guest_key, house.now + 365 * DAY).hex()
    assert door.do("afar", ahead, False, may_open=True).opened
    for cold in (True, False):
        door.do("restart", cold)
        door.heal(people.listing())
        message = opening("demo", other.guest_key, house.now).hex()
        assert door.do("afar", message, False, may_open=True).opened
        assert not door.do("afar", message, False).opened
    door.do("restart", True)
    door.do("sntp", house.now + 365 * DAY)
    assert not door.do("afar", ahead, False).opened


def test_nobody_far_away_hides_the_light_of_a_new_way_in(people: People) -> None:
    """By commands that have a light, as fast as the lock obeys them: the news would count as seen."""
    door, house = people.door, people.house
    new = people.listing()
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 2)
    door.heal(new)
    for number, pin in enumerate(PINS[:3]):
        assert "new way in" in door.do("keys", f"**{pin}#", may_open=True).said
        order = Command("demo", "identify", time=house.now, number=number + 1)
        assert "identify" not in door.do("deliver", "command", order.message(KEY), False).said
        door.do("wait", 10_000)
    order = Command("demo", "identify", time=house.now, number=9)
    assert "identify" in door.do("deliver", "command", order.message(KEY), False).said
