"""What one tenancy leaves to the next: fobs that were given up, notice to cards, and notice by several."""

from people_parts import NOW, House, Who, digest, lease_of, record

from people.decisions import give_up
from people.entry import NOTICE
from people.notices import NOTICED, at_entry
from roll.record import CARD, MOVE_IN, STAFF, TENANT

FOB, OTHER = 60, 61
_WEEKS, _LONG = 21, 90


class Flat(House):
    """Lease 1 with two cards in the list, and codes for as many residents as there may be."""

    def __init__(self, residents=1):
        codes = [record(5001 + n, MOVE_IN) for n in range(8)]
        super().__init__(
            lease_of(end=NOW + 900 * 86_400), record(FOB, kind=CARD), record(OTHER, kind=CARD), *codes
        )
        self.tend()
        self.people = [self.move_in(n + 1) for n in range(residents)]

    def leaves(self, who, last=True):
        if last:
            give_up(self.leases, 1)
        self.at().move_out(who)

    def days(self, count):
        self.pass_hours(24 * count)
        self.start()
        self.tend()

    def comes(self, who):
        return at_entry(self.register, who)

    def gives_notice(self, who):
        self.voids().give(who, self.leases.lived())


def test_a_fob_that_was_given_up_opens_for_the_next_tenant_and_for_staff():
    """The operator's next list has it for them at once: there is none between that is without it."""
    for role, lease in ((TENANT, 2), (STAFF, 0), (STAFF, 1)):
        flat = Flat()
        flat.at().withdraw_all([digest(FOB, CARD), digest(OTHER, CARD)])
        flat.leaves(flat.people[0])
        flat.days(2)
        flat.days(1)
        assert flat.leases.over(1, None)
        assert not flat.opens(FOB, CARD)
        flat.listed.put(record(FOB, role, lease, CARD), lease_of(2, end=NOW + 900 * 86_400))
        flat.tend()
        assert flat.residents.entry(digest(FOB, CARD)) is None, (role, lease)
        assert flat.residents.entry(digest(OTHER, CARD)) is not None, "of lease 1 it stays withdrawn"


def test_a_fob_that_was_given_up_stays_so_while_it_is_in_the_list_for_that_lease():
    flat = Flat()
    flat.at().withdraw(digest(FOB, CARD))
    for _ in range(3):
        flat.days(1)
        assert not flat.opens(FOB, CARD)


def test_who_moves_in_while_the_lists_cards_of_a_lease_that_was_left_have_notice_keeps_them():
    for later in (2, 12, 22):
        flat = Flat()
        flat.leaves(flat.people[0])
        flat.days(2)
        flat.days(later - 2)
        flat.move_in(2)
        flat.days(30)
        assert flat.opens(FOB, CARD), later
        assert flat.opens(OTHER, CARD), later
        assert not flat.leases.over(1, None)
        assert NOTICE not in [what for what, _, _, _ in flat.entries()]


def test_notice_of_one_lasts_though_another_who_had_given_it_too_moves_out():
    """Two who moved in for somebody else's sake: one gives notice, the tenant does, and the one leaves."""
    flat = Flat(3)
    tenant, friend, landlord = flat.people
    flat.gives_notice(friend)
    flat.comes(tenant)
    flat.gives_notice(tenant)
    flat.leaves(friend, last=False)
    flat.days(_WEEKS)
    assert flat.opens(1)
    assert not flat.opens(3), "the tenant had said so, and the landlord has not come"
    assert landlord.number not in flat.at().people()


def test_the_shortest_of_several_notices_counts_and_who_comes_has_let_none_pass():
    for comes in (False, True):
        flat = Flat(4)
        _, second, third, fourth = flat.people
        flat.gives_notice(fourth)  # 90 days for all before
        flat.gives_notice(second)  # 21 for those behind
        flat.gives_notice(second)
        if comes:
            assert flat.comes(third) == NOTICED
            told = [flat.comes(who) for who in (second, fourth) for _ in range(2)]
            assert told.count(NOTICED) == 2
        flat.days(_WEEKS)
        assert flat.opens(3) is comes
        flat.days(_LONG)
        assert flat.opens(3) is comes
        assert not flat.opens(1)


def test_what_was_used_in_a_notice_that_is_over_has_not_been_used_in_the_next():
    flat = Flat(2)
    first, second = flat.people
    flat.gives_notice(first)
    fob = Who(0, digest(FOB, CARD))
    assert flat.comes(fob) == NOTICED
    flat.leaves(first, last=False)
    flat.gives_notice(second)
    flat.days(_LONG)
    assert not flat.opens(FOB, CARD)


def test_two_notices_that_are_over_in_the_same_hour_take_nothing_that_was_used():
    flat = Flat(3)
    for who in flat.people[1:]:  # 90 days for the list's cards, by each
        flat.gives_notice(who)
    assert flat.comes(Who(0, digest(FOB, CARD))) == NOTICED
    flat.days(_LONG)
    assert flat.opens(FOB, CARD)
    assert not flat.opens(OTHER, CARD)


def test_eight_who_all_give_notice_to_all_are_told_and_the_table_stays_small():
    flat = Flat(8)
    for _ in range(3):
        for who in flat.people:
            flat.gives_notice(who)
    assert len([entry for entry in flat.entries() if entry[0] == NOTICE]) <= 64
    flat.days(_WEEKS - 1)
    for who in flat.people:
        assert flat.comes(who) == NOTICED
    flat.days(_LONG)
    assert [flat.opens(n) for n in range(1, 9)] == [True] * 8
    assert not flat.opens(FOB, CARD)
