"""What version 0.1.0 has in flash is read where it lies, and brought to the shelves once its day is over."""

from people_parts import KEY, House, Who, digest, record

from people.entry import CREDENTIAL, GUEST_KEY, HOME_KEY, OLD, WITHDRAWN, NoPlace
from people.shelves import make
from roll.record import CARD, PIN
from storage import files
from storage.purposes import RESIDENTS_FILE
from storage.sealed import Sealed

OLD_PATH = "/access/residents"
GUEST, HOME = b"guest key of old", b"home code of old"


def house(*entries, listed=()):
    """A lock with a table as version 0.1.0 wrote it: no resident has a number there."""
    found = House(*listed)
    sealed = Sealed(KEY, RESIDENTS_FILE, OLD_PATH)
    sealed.load(20)
    sealed.save(b"".join(entries))
    sealed.ensure_copy(b"".join(entries))
    found.start()
    return found


def of(lease=1, pins=(1,), cards=(20,)):
    return (
        [make(digest(n), CREDENTIAL, lease, PIN) for n in pins]
        + [make(digest(n, CARD), CREDENTIAL, lease, CARD) for n in cards]
        + [make(GUEST, GUEST_KEY, lease), make(HOME, HOME_KEY, lease)]
        + [make(digest(70 + lease), WITHDRAWN, 0)]
    )


def test_it_opens_from_the_first_moment_and_through_a_trial_that_writes_nothing():
    old = house(*of(), listed=(record(71),))
    old.on_trial = True
    old.tend()
    for again in (False, True):
        if again:
            old.start()
        assert [old.opens(1), old.opens(20, CARD), old.opens(71)] == [True, True, False]
        assert list(old.residents.keys()) == [(1, GUEST)]
        assert list(old.residents.keys(HOME_KEY)) == [(1, HOME)]
    for change in (lambda: old.move_in(5), lambda: old.at().move_out(Who(0, digest(1)))):
        try:
            change()
        except NoPlace:
            pass
        else:
            raise AssertionError("the release before would not know of it")
    assert not files.exists("/access/people1")


def test_who_lives_there_alone_has_all_of_it_and_who_does_not_has_their_own_pin():
    old = house(*of(), *of(2, (2, 3), (30,)), listed=(record(71), record(72, lease=2)))
    old.tend()
    assert old.residents.paths[OLD] == ""
    assert not files.exists(OLD_PATH)
    assert not files.exists(OLD_PATH + ".old")
    for again in (False, True):
        if again:
            old.start()
        assert [old.opens(n) for n in (1, 2, 3, 71, 72)] == [True] * 3 + [False] * 2
        assert [old.opens(20, CARD), old.opens(30, CARD)] == [True, True]
        assert old.at().key(Who(1, b""), GUEST_KEY) == GUEST
        assert old.at(2).people() == [1, 2]
        assert old.entries(2)[2:] == [(1, CARD, 0, 2), (7, 0, 0, 2), (8, 0, 0, 2)]


def test_whoever_has_a_pin_of_the_list_lives_there_too():
    alone = house(*of(1, ()), listed=(record(9),))
    alone.tend()
    assert alone.residents.entry(digest(9)).number == 1
    assert alone.at().key(Who(1, b""), HOME_KEY) == HOME
    two = house(*of(1, (1,)), listed=(record(9), record(71)))
    two.tend()
    assert two.at().people() == [1, 2]
    assert two.at().key(Who(1, b""), HOME_KEY) is None
    assert len(list(two.residents.keys())) == 1
    assert two.opens(9)


def test_a_flatmate_with_nothing_but_a_pin_of_the_list_loses_nothing():
    """Both have only that, and what they set in 0.1.0 is nobody's alone."""
    old = house(*of(1, ()), listed=(record(8), record(9), record(33, kind=CARD), record(71)))
    old.tend()
    first, second = [old.residents.entry(digest(n)).number for n in (8, 9)]
    assert sorted((first, second)) == [1, 2]
    me = Who(first, digest(8))
    old.at().remove_cards(me)
    old.at().set_key(me, GUEST_KEY, b"the first one's!")
    old.tend()
    assert [old.opens(20, CARD), old.opens(33, CARD)] == [True, True]
    assert GUEST in [key for _, key in old.residents.keys()]  # noqa: SIM118
    old.pass_hours(1)
    old.voids().give(me, old.leases.lived())
    old.pass_hours((21 if first < second else 90) * 24 - 1)
    old.tend()
    assert old.opens(9)
    old.at().move_out(me)
    old.pass_hours(24 * 200)
    old.tend()
    assert [old.opens(8), old.opens(9), old.opens(20, CARD)] == [False, True, True]


def test_so_many_pins_of_the_list_get_a_number_as_there_are_places():
    old = house(*of(1, (1,)), listed=[record(n) for n in range(80, 92)])
    old.tend()
    assert old.at().people() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(old.opens(n) for n in [1] + list(range(80, 92)))


def test_what_was_nobodys_alone_goes_with_the_last():
    old = house(*of(2, (2, 3), (30,)))
    old.tend()
    old.at(2).move_out(Who(1, digest(2)))
    assert old.opens(30, CARD)
    old.at(2).remove_cards(Who(2, digest(3)))
    assert not old.opens(30, CARD)
    old.at(2).set_key(Who(2, digest(3)), GUEST_KEY, b"another guest's!")
    assert list(old.residents.keys()) == [(2 << 16 | 2, b"another guest's!")]


def test_a_list_that_stands_in_has_it_wait():
    old = house(*of())
    old.listed.whole = False
    old.tend()
    assert files.exists(OLD_PATH)
    assert old.opens(1)


def test_a_power_cut_at_any_write_has_it_begin_again():
    for cut in range(12):
        old = house(*of(), *of(2, (2, 3), (30,)), *of(3, ()), listed=(record(71), record(9, lease=3)))
        writes, write, remove = [cut], files.write, files.remove

        def fails(function):
            def do(*arguments):
                writes[0] -= 1  # noqa: B023
                if writes[0] < 0:  # noqa: B023
                    raise OSError(5)
                function(*arguments)

            return do

        files.write, files.remove = fails(write), fails(remove)
        try:
            old.tend()
        except OSError:
            pass
        files.write, files.remove = write, remove
        old.start()
        assert [old.opens(n) for n in (1, 2, 3, 9, 71)] == [True] * 4 + [False], cut
        old.tend()
        assert old.residents.paths[OLD] == ""
        assert [old.opens(n) for n in (1, 2, 3, 9, 71)] == [True] * 4 + [False], cut
        assert sorted(old.entries()) == [
            (0, 0, 0, 0), (1, 1, 1, 1), (1, 1, 1, 2), (1, 1, 2, 2), (1, 2, 0, 2), (1, 2, 1, 1), (1, 2, 1, 3),
            (2, 1, 1, 3), (7, 0, 0, 2), (7, 0, 1, 1), (7, 0, 1, 3), (8, 0, 0, 2), (8, 0, 1, 1), (8, 0, 1, 3),
        ], cut  # fmt: skip


def failing(function, at):
    """The same function, but that it fails at one of its calls."""
    calls = [at]

    def do(*arguments):
        calls[0] -= 1
        if calls[0] == -1:
            raise OSError(5)
        function(*arguments)

    return do


def test_what_is_set_after_a_removal_that_failed_outlives_a_restart():
    """Else the old table is found again, and takes the place of all that was kept since."""
    remove = files.remove
    for at in range(2):
        old = house(*of())
        files.remove = failing(remove, at)
        try:
            old.tend()
        except OSError:
            pass
        files.remove = remove
        try:
            old.at().change_pin(Who(1, digest(1)), digest(5))
        except NoPlace:
            continue  # it was not kept
        old.start()
        old.tend()
        assert [old.opens(1), old.opens(5)] == [False, True], at


def test_a_copy_that_was_older_than_the_old_table_never_takes_its_place():
    remove = files.remove
    for at in range(2):
        old = house(*of(pins=(9,)))
        sealed = Sealed(KEY, RESIDENTS_FILE, OLD_PATH)
        sealed.load(20)
        sealed.save(b"".join(of()))
        old.start()
        files.remove = failing(remove, at)
        try:
            old.tend()
        except OSError:
            pass
        files.remove = remove
        old.start()
        old.tend()
        assert [old.opens(1), old.opens(9)] == [True, False], at


def test_a_broken_old_table_is_told_and_its_copy_stands_in():
    remove = files.remove
    for at in range(3):
        old = house(*of())
        with open(OLD_PATH, "wb") as file:
            file.write(b"nothing")
        old.start()
        assert [old.opens(1), old.residents.unread] == [True, False]
        files.remove = failing(remove, at)
        try:
            old.tend()
        except OSError:
            assert at < 2
        files.remove = remove
        assert old.opens(1), at
        old.tend()
        old.start()
        assert old.opens(1)
        assert old.residents.paths[OLD] == ""
