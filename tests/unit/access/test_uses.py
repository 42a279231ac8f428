"""What opens a number of times opens no more often than that, whatever happens to power, flash and list."""

import asyncio

from ram_nvs import PowerCut, RamNVS, cut_everywhere

from access import uses as room
from storage.nvs import Numbers


def digest(n):
    return bytes((n, 1, 2, 3, 4, 5)) + bytes(10)


class Uses:
    """The counts in an NVS."""

    def __init__(self, nvs):
        self.numbers = Numbers(nvs)

    def count(self, digest, most):
        return room.count(self.numbers, digest, most)

    def forget(self, listed):
        return room.forget(self.numbers, listed)


def uses(nvs):
    return Uses(nvs)


class Listed:
    """A list of credentials as far as their counts are concerned."""

    def __init__(self, digests):
        self.digests, self.version, self.whole = digests, 1, True
        self.meanwhile = None

    def each(self):
        for number, found in enumerate(self.digests):
            if number == 1 and self.meanwhile:
                self.meanwhile()
            yield found, None


def forget(counted, listed):
    asyncio.run(counted.forget(listed))


def test_it_opens_so_often_and_no_more():
    counted = uses(RamNVS())
    assert [counted.count(digest(1), 3) for _ in range(5)] == [True, True, True, False, False]
    assert counted.count(digest(2), 1)
    assert not counted.count(digest(2), 1)


def test_a_restart_changes_nothing():
    nvs = RamNVS()
    assert uses(nvs).count(digest(1), 2)
    nvs.restart()
    assert [uses(nvs).count(digest(1), 2) for _ in range(2)] == [True, False]


def test_the_operator_may_allow_more_and_less():
    counted = uses(RamNVS())
    assert counted.count(digest(1), 1)
    assert counted.count(digest(1), 2)
    assert not counted.count(digest(1), 1)


def test_what_cannot_be_kept_opens_nothing():
    nvs = RamNVS()
    nvs.full = True
    assert not uses(nvs).count(digest(1), 1)
    nvs.full = False
    assert uses(nvs).count(digest(1), 1)


def test_what_cannot_be_read_opens_nothing():
    nvs = RamNVS()
    nvs.kept["uses"] = bytes(8 * 65)  # longer than it can be
    assert not uses(nvs).count(digest(1), 1)


def test_there_is_room_for_64_and_the_others_must_wait():
    counted = uses(RamNVS())
    assert all(counted.count(digest(n), 9) for n in range(64))
    assert not counted.count(digest(64), 9)
    assert counted.count(digest(63), 9)


def test_a_list_that_repeats_a_credential_does_not_reset_it():
    counted = uses(RamNVS())
    for n in range(60):
        counted.count(digest(n), 1)
    for _ in range(2):
        forget(counted, Listed([digest(n) for n in range(60)]))
    assert not any(counted.count(digest(n), 1) for n in range(60))


def test_only_what_is_in_the_list_no_more_is_forgotten_and_only_for_want_of_room():
    nvs = RamNVS()
    counted = uses(nvs)
    for n in range(47):
        counted.count(digest(n), 1)
    forget(counted, Listed([]))
    assert len(nvs.kept["uses"]) == 47 * 8
    counted.count(digest(47), 1)
    forget(counted, Listed([digest(n) for n in range(40)]))
    assert len(nvs.kept["uses"]) == 40 * 8
    assert not any(counted.count(digest(n), 1) for n in range(40))
    assert counted.count(digest(47), 1)


def test_a_list_without_any_of_them_leaves_room_for_all():
    nvs = RamNVS()
    counted = uses(nvs)
    for n in range(64):
        counted.count(digest(n + 1), 1)
    forget(counted, Listed([digest(200)]))
    assert len(nvs.kept["uses"]) == 8
    assert all(counted.count(digest(n), 1) for n in range(63))


def test_a_broken_list_and_one_that_changes_meanwhile_forget_nothing():
    nvs = RamNVS()
    counted = uses(nvs)
    for n in range(50):
        counted.count(digest(n), 1)
    broken = Listed([])
    broken.whole = False
    forget(counted, broken)
    changing = Listed([digest(n) for n in range(40)])

    def change():
        changing.version = 2

    changing.meanwhile = change
    forget(counted, changing)
    assert len(nvs.kept["uses"]) == 50 * 8


def test_who_comes_in_meanwhile_is_counted():
    nvs = RamNVS()
    counted = uses(nvs)
    for n in range(50):
        counted.count(digest(n), 2)
    listed = Listed([digest(n) for n in range(40)] + [digest(99)])

    def come_in():
        counted.count(digest(3), 2)
        counted.count(digest(99), 1)

    listed.meanwhile = come_in
    forget(counted, listed)
    assert len(nvs.kept["uses"]) == 41 * 8
    assert not counted.count(digest(3), 2)
    assert not counted.count(digest(99), 1)


def test_cuts_while_a_use_is_counted():
    opened = []

    def prepare(nvs):
        return [uses(nvs).count(digest(n), 2) for n in range(3)]

    def check(nvs, state, done):
        """However often the lock starts, it opens for the second time at most once more."""
        left = [uses(nvs).count(digest(1), 2) for _ in range(3)].count(True)
        opened.append(left)
        assert left <= 1 - (1 if done else 0)
        assert uses(nvs).count(digest(0), 2)
        assert not uses(nvs).count(digest(0), 2)

    cuts = cut_everywhere(prepare, lambda nvs, _: uses(nvs).count(digest(1), 2), check)
    print("uses: %d cuts; it opened no more often after any" % cuts)
    assert cuts == 8
    assert 1 in opened


def test_cuts_while_counts_are_forgotten():
    def prepare(nvs):
        for n in range(50):
            uses(nvs).count(digest(n), 1)

    def check(nvs, state, done):
        assert not any(uses(nvs).count(digest(n), 1) for n in range(40))

    listed = Listed([digest(n) for n in range(40)])
    cuts = cut_everywhere(prepare, lambda nvs, _: forget(uses(nvs), listed), check)
    print("uses forgotten: %d cuts; no count of the list was lost by any" % cuts)
    assert cuts == 8


def test_with_a_cut_at_every_second_use_it_still_opens_no_more_often():
    for eager, lands in ((False, False), (False, True), (True, False), (True, True)):
        nvs = RamNVS(eager, lands)
        opened = 0
        for n in range(40):
            nvs.operations, nvs.cut_at = 0, n % 3
            try:
                opened += uses(nvs).count(digest(1), 10)
            except PowerCut:
                pass
            nvs.restart()
        assert opened <= 10
