"""What comes together at the whole lock: leases and their ends, lists, tables that are full, clocks that lie.

A story each, at the lock of test_people_model.py, in virtual time.
"""

import datetime as dt
from dataclasses import replace

import pytest

from tests.models.helpers.people_from_afar import CODES, LISTED_CARD
from tests.models.helpers.people_model import (
    CARD,
    DAY,
    MOVE_IN,
    PIN,
    STAFF,
    TENANT,
    Entry,
    Term,
)
from tests.models.helpers.people_visits import FREE, NEW_CARD, OTHER, card_opens, opens, says, takes
from tests.models.test_people_model import CARDS, PINS, People


def _day(people: People, days: int) -> str:
    return f"{dt.datetime.fromtimestamp(people.house.now + days * DAY, dt.UTC):%d%m%y}"


@pytest.mark.parametrize("lie", [None, 400 * DAY, -30 * DAY])
def test_all_that_residents_do_goes_with_an_unknown_clock_and_a_wrong_one(
    people: People, lie: int | None
) -> None:
    people.door.do("restart", True)
    if lie is not None:
        people.door.do("sntp", people.house.now + lie)
    assert "kept" in says(people, f"{PINS[0]}*1#{FREE}#{FREE}#")
    people.door.do("keys", f"{FREE}*2#")
    assert "kept" in people.door.do("card", NEW_CARD).said
    assert card_opens(people, NEW_CARD)
    assert "kept" in says(people, f"{FREE}*30#")
    assert "kept" in says(people, f"{FREE}*7#")
    assert "kept" in says(people, f"{PINS[2]}*9#{PINS[2]}#")
    people.door.do("restart", True)
    people.door.heal(people.listing())
    assert opens(people, FREE)
    assert not opens(people, PINS[2])
    assert not card_opens(people, NEW_CARD)


def test_however_many_cards_a_list_has_for_a_lease_they_stop_nobody_and_no_hour(people: People) -> None:
    """Forty are taken back at once; then somebody moves in, and a card that comes later has its notice."""
    fobs = [bytes((4, n, *b"fobs!")).hex() for n in range(41)]
    new = people.listing()
    new.entries |= {(CARD, uid): Entry(TENANT, 2) for uid in fobs[:40]}
    assert takes(people, new)
    assert "kept" in says(people, f"**{PINS[1]}*30#")
    people.door.do("wait", 60_000)
    assert not any(card_opens(people, uid) for uid in fobs)
    new = people.listing()
    new.entries[PIN, CODES[3]], new.entries[CARD, fobs[40]] = Entry(MOVE_IN, 2), Entry(TENANT, 2)
    assert takes(people, new)
    assert card_opens(people, fobs[40])
    people.door.do("wait", 600_000)
    assert "kept" in says(people, f"**{CODES[3]}#{FREE}#{FREE}#")
    assert "kept" in says(people, f"**{PINS[1]}*7#")
    people.door.do("days", 93)
    people.door.do("wait", 60_000)
    assert not card_opens(people, fobs[40])
    assert opens(people, PINS[1])


def test_a_ninth_resident_is_refused_until_one_of_eight_leaves(people: People) -> None:
    pins = [f"{n}50{n + 2}91" for n in range(1, 8)]
    for number, pin in enumerate(pins):
        new = people.listing()
        for token in [t for t, e in new.entries.items() if e == Entry(MOVE_IN, 1)]:
            del new.entries[token]
        code = f"7310{number}529"
        new.entries[PIN, code] = Entry(MOVE_IN, 1)
        assert takes(people, new)
        people.door.do("wait", 600_000)
        said = says(people, f"**{code}#")
        if number < 6:
            assert "enrolling" in said
            assert "kept" in says(people, f"{pin}#{pin}#"), pin
    assert "weak" in said
    assert not people.door.blue
    people.door.do("wait", 600_000)
    assert "kept" in says(people, f"{pins[2]}*9#{pins[2]}#")
    assert "enrolling" in says(people, f"{code}#")
    assert "kept" in says(people, f"{pins[6]}#{pins[6]}#")
    for pin in (PINS[0], PINS[2], pins[0], pins[5], pins[6]):
        assert opens(people, pin), pin
    assert not opens(people, pins[2])


def test_no_list_moves_what_a_running_lease_has_to_another(people: People) -> None:
    held, before = LISTED_CARD, people.house.force.version
    for edit in ("split", "merge", "swap codes", "one card to both", "as staff", "as a code"):
        new = people.listing()
        if edit == "split":
            new.entries[held], new.terms[9] = Entry(TENANT, 9), Term(people.house.now - DAY)
        elif edit == "merge":
            new.entries[held] = Entry(TENANT, 1)
            del new.terms[2]
        elif edit == "swap codes":
            new.entries = {t: replace(e, lease=3 - e.lease) if e.lease else e for t, e in new.entries.items()}
        elif edit == "one card to both":
            new.entries[held] = Entry(TENANT, 1)
        else:
            new.entries[held] = Entry(STAFF) if edit == "as staff" else Entry(MOVE_IN, 2)
        assert people.door.publish(new, people.house.now).version == before, edit
    for pin in PINS[:3]:
        assert opens(people, pin)
    assert card_opens(people, held[1])
    assert not people.door.do("card", held[1], may_open=True).told


def test_a_code_that_another_list_gives_to_another_lease_is_good_for_that_alone(people: People) -> None:
    """Between the code and the PIN, too: who chose one is in neither, or in the lease that the list says."""
    first = people.listing()
    first.entries[PIN, CODES[3]], first.entries[PIN, CODES[4]] = Entry(MOVE_IN, 1), Entry(MOVE_IN, 2)
    assert takes(people, first)
    people.door.do("keys", f"{CODES[3]}#{FREE}#")
    second = people.listing()
    second.entries[PIN, CODES[3]], second.entries[PIN, CODES[4]] = Entry(MOVE_IN, 2), Entry(MOVE_IN, 1)
    assert takes(people, second)
    people.door.do("keys", f"{FREE}#")
    people.door.do("wait", 300_000)
    if not opens(people, FREE):
        assert "enrolling" in says(people, f"{CODES[3]}#")
        assert "kept" in says(people, f"{FREE}#{FREE}#")
    assert "kept" in says(people, f"{PINS[1]}*7#")
    people.door.do("days", 22)
    assert not opens(people, FREE), "it is of lease 2, as the list says, and let the notice pass"


def test_a_pin_of_the_list_that_a_tenant_changed_stays_gone_while_their_lease_runs(people: People) -> None:
    new = people.listing()
    new.entries[PIN, FREE] = Entry(TENANT, 2)
    assert takes(people, new)
    assert "kept" in says(people, f"{FREE}*1#{OTHER}#{OTHER}#")
    for cold in (True, False):
        people.door.do("restart", cold)
        assert takes(people, people.listing())
        assert not opens(people, FREE)
        assert opens(people, OTHER)
    assert "kept" in says(people, f"{OTHER}*9#{OTHER}#")
    people.door.do("days", 3)
    assert not opens(people, FREE)


def test_the_lists_cards_go_though_the_power_does_as_they_are_looked_for(people: People) -> None:
    assert card_opens(people, LISTED_CARD[1])
    assert "kept" in says(people, f"{PINS[1]}*30#")
    people.door.do("restart", True)
    people.door.do("wait", 10_000)
    assert not card_opens(people, LISTED_CARD[1])
    assert takes(people, people.listing())
    assert not card_opens(people, LISTED_CARD[1])
    assert opens(people, PINS[1])


def test_a_lease_that_begins_later_begins_in_time_and_not_by_a_lie(people: People) -> None:
    begin = people.house.now + 10 * DAY
    new = people.listing()
    new.entries[PIN, CODES[5]] = Entry(MOVE_IN, 5, begin)
    new.entries[CARD, NEW_CARD] = Entry(TENANT, 5, begin)
    new.terms[5] = Term(begin, begin + 300 * DAY)
    assert takes(people, new)
    assert "enrolling" not in says(people, f"{CODES[5]}#")
    assert not card_opens(people, NEW_CARD)
    people.door.do("days", 11)
    assert "enrolling" in says(people, f"**{CODES[5]}#")
    assert "kept" in says(people, f"{FREE}#{FREE}#")
    people.door.do("wait", 3_700_000)
    people.door.do("sntp", people.house.now - 20 * DAY)
    for cold in (False, True):
        people.door.do("restart", cold)
        people.door.do("sntp", people.house.now - 20 * DAY)
        assert card_opens(people, NEW_CARD), "it had begun, whatever a clock says later"
        assert opens(people, FREE)


def test_a_last_day_at_its_borders(people: People) -> None:
    """The lease ends at eight in the morning of its hundredth day."""
    for days, kept in ((0, True), (1, True), (98, True), (99, True), (100, False), (101, False), (-1, False)):
        assert ("kept" in says(people, f"**{PINS[0]}*5#{_day(people, days)}#")) is kept, days
        people.door.do("wait", 600_000)
    assert opens(people, PINS[0])


def test_a_lease_in_which_all_agree_ends_with_that_day_and_not_an_hour_before(people: People) -> None:
    for pin in (PINS[0], PINS[2]):
        assert "kept" in says(people, f"{pin}*5#{_day(people, 60)}#")
    people.door.do("days", 3)
    people.door.heal(people.listing())
    day = dt.datetime.fromtimestamp(people.house.now, dt.UTC).replace(hour=0, minute=0, second=0)
    end = int(day.timestamp()) + 58 * DAY
    for late, taken in ((-2 * DAY, False), (2 * DAY, True)):
        new = people.listing()
        new.terms[1] = replace(new.terms[1], end=end + late)
        for resident in people.house.residents:
            resident.agrees = [(end + late, people.house.now + 33 * DAY)]
        assert takes(people, new) is taken
    assert opens(people, PINS[0])


def test_who_gave_notice_and_moves_out_takes_it_along_and_the_next_can_give_it_again(people: People) -> None:
    assert "kept" in says(people, f"{PINS[0]}*7#")
    people.door.do("days", 10)
    assert "kept" in says(people, f"{PINS[0]}*9#{PINS[0]}#")
    people.door.do("days", 30)
    people.door.heal(people.listing())
    assert opens(people, PINS[2])
    assert card_opens(people, CARDS[2])
