"""The residents' table lies in flash, is searched in place, and is whole after every power cut."""

import gc

import vfs
from knife_flash import BLOCK, Flash, Knife, PowerCut
from people_parts import KEY, All, House, Listed, Who, digest, record
from ram_flash import RamFlash
from ram_numbers import RamNvs
from unmounting import unmount

import people.residents as residents_room
from people import opening
from people.entry import GUEST_KEY
from people.register import Register
from people.residents import Residents
from roll.record import CARD, MOVE_IN, PIN
from storage.files import exists
from storage.nvs import Numbers

NUMBERS = Numbers(RamNvs())


def test_nothing_is_found_in_an_empty_table_and_nothing_written():
    house = House()
    assert house.residents.entry(digest(1)) is None
    assert list(house.residents.keys()) == []
    house.residents.ensure_copy()
    assert not exists("/access/people1")


def test_a_start_looks_once_for_what_is_there_and_not_for_each_file_that_might_be():
    flash = RamFlash("/access", 64)
    house = House(flash=False)
    flash.reads = 0
    Residents(KEY, house.numbers)
    assert flash.reads < 60, flash.reads
    for lease in (1, 2, 3):  # each on another shelf
        house.move_in(lease, lease)
        assert [bool(path) for path in Residents(KEY, house.numbers).paths[1:4]] == [
            n <= lease for n in (1, 2, 3)
        ]


def test_residents_are_found_where_the_folder_cannot_be_listed():
    house = House()
    house.move_in(1)
    listdir = opening.os

    class NoFolder:
        def listdir(self, path):
            raise OSError(5)

    opening.os = NoFolder()
    try:
        house.start()
    finally:
        opening.os = listdir
    assert house.opens(1)


def test_entries_of_leases_on_the_same_shelf_and_on_others_are_told_apart():
    house = House()
    for lease in (1, 5, 2, 65535):
        house.move_in(lease, lease)
    house.start()
    for lease in (1, 5, 2, 65535):
        found = house.residents.entry(digest(lease))
        assert (found.lease, found.kind, found.number) == (lease, PIN, 1)


def test_a_lookup_opens_a_file_only_where_a_first_byte_agrees():
    flash = RamFlash("/access", 64)
    house = House(flash=False)
    for n in range(8):
        house.move_in(n)
    house.start()
    flash.reads = 0
    ours = {digest(n)[0] for n in list(range(8)) + list(range(5000, 5008))}
    misses = [n for n in range(100, 400) if digest(n)[0] not in ours]
    for n in misses:
        assert house.residents.entry(digest(n)) is None
    assert flash.reads == 0


def test_the_copy_stands_in_for_a_broken_file_and_a_broken_copy_for_nothing():
    house = House()
    house.move_in(1)
    while house.residents.stale:
        house.residents.ensure_copy()
    for path in ("/access/people1", "/access/people1.old"):
        with open(path, "rb") as file:
            whole = file.read()
        for broken in (b"", whole[:-1], whole[:9] + bytes([whole[9] ^ 1]) + whole[10:]):
            with open(path, "wb") as file:
                file.write(broken)
            house.start()
            assert house.opens(1)
            assert not house.residents.unread
        with open(path, "wb") as file:
            file.write(whole)
    for path in ("/access/people1", "/access/people1.old"):
        with open(path, "wb") as file:
            file.write(b"nothing")
    house.start()
    assert house.residents.unread
    assert not house.opens(1)


def test_after_a_copy_stood_in_a_change_is_newer_than_what_was_broken():
    house = House()
    mine = house.move_in(1)
    house.residents.ensure_copy()
    with open("/access/people1", "wb") as file:
        file.write(b"nothing")
    house.start()
    house.at().change_pin(mine, digest(2))
    house.start()
    assert [house.opens(1), house.opens(2)] == [False, True]
    house.residents.ensure_copy()
    house.start()
    assert house.residents.stale == 0


def test_the_file_of_one_shelf_is_none_of_another():
    house = House()
    house.move_in(1)
    with open("/access/people1", "rb") as file:
        whole = file.read()
    with open("/access/people2", "wb") as file:
        file.write(whole)
    house.start()
    assert house.residents.firsts[2] == b""


def _mount(flash):
    unmount("/access")
    vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/access")


def _cut_everywhere(prepare, change, look):
    """Cut in every flash operation of a change and of its copy; what look() saw after each."""
    knife = Knife()
    flash = Flash(knife, bytearray(b"\xff" * BLOCK * 32))
    vfs.VfsLfs2.mkfs(flash)
    _mount(flash)
    listed = Listed()
    listed.put(*[record(n, MOVE_IN) for n in (5001, 5002)], record(7), record(9, kind=CARD))

    def start():
        _mount(flash)
        residents = Residents(KEY, NUMBERS)
        return residents, All(Register(listed, residents, None), 1)

    prepare(start()[1])
    before, seen, fell, n = bytes(flash.data), [], True, 0
    while fell:
        n += 1
        flash.data[:] = before
        residents, changes = start()
        knife.set(n)
        fell = False
        try:
            change(changes)
            residents.ensure_copy()
        except PowerCut:
            fell = True
        residents = changes = None
        gc.collect()  # files that the cut left open are closed while nothing can be written
        knife.set(0)
        seen.append(look(*start()))
    assert n > 5
    return seen


def _ends(seen):
    """The first and the last, where there are no others, and once new is always new."""
    assert seen == sorted(seen, key=lambda one: one == seen[-1])
    assert all(one in (seen[0], seen[-1]) for one in seen)
    return seen[0], seen[-1], len(seen) - 1


def _opens(residents, *numbers):
    return [(found := residents.entry(digest(n))) is not None and found.what == 1 for n in numbers]


def test_power_cuts_in_every_change_leave_the_old_table_or_the_new_one():
    mine, other = Who(1, digest(1)), Who(2, digest(2))

    def two(changes):
        changes.move_in(digest(5001), digest(1))
        changes.move_in(digest(5002), digest(2))
        changes.add_card(other, digest(20, CARD))
        changes.set_key(mine, GUEST_KEY, b"1" * 16)

    def look(residents, changes):
        return (
            _opens(residents, 1, 2, 3, 4),
            [found[1] for found in residents.keys()],  # noqa: SIM118
            changes.people(),
            residents.entry(digest(30, CARD)) is not None,
            residents.entry(digest(9, CARD)) is not None,
        )

    count, before = 0, ([True, True, False, False], [b"1" * 16], [1, 2], False, False)
    pins, keys, people = before[:3]
    for change, new in (
        (lambda c: c.change_pin(mine, digest(3)), ([False, True, True, False], keys, people, False, False)),
        (
            lambda c: c.move_in(digest(5003), digest(4)),
            ([True, True, False, True], keys, [1, 2, 3], False, False),
        ),
        (lambda c: c.move_out(mine), ([False, True, False, False], [], [2], False, False)),
        (lambda c: c.set_key(mine, GUEST_KEY, b"2" * 16), (pins, [b"2" * 16], people, False, False)),
        (lambda c: c.add_card(mine, digest(30, CARD)), (pins, keys, people, True, False)),
        (lambda c: c.withdraw(digest(9, CARD)), (pins, keys, people, False, True)),
        (lambda c: c.clear(), ([False] * 4, [], [], False, False)),
    ):
        first, last, cuts = _ends(_cut_everywhere(two, change, look))
        assert first == before
        assert last == new
        count += cuts
    print("residents' table: %d cuts; the old one or the new one after each" % count)


def test_keys_are_read_while_a_shelf_is_written():
    """Others have a turn between two keys, and may change what lies there."""
    house = House()
    people = [house.move_in(n, lease=4 * n) for n in range(1, 21)]
    for n, who in enumerate(people):
        house.at(who.lease).set_key(who, GUEST_KEY, bytes([n] * 16))
    every = {(who.lease | who.number << 16, bytes([n] * 16)) for n, who in enumerate(people)}
    assert set(house.residents.keys(GUEST_KEY)) == every
    for taken in (0, 9, 16):
        found = []
        for number, pair in enumerate(house.residents.keys(GUEST_KEY)):
            found.append(pair)
            if number == taken:
                house.at(people[taken].lease).move_out(people[taken])
        assert set(found) <= every
        assert len(found) == len(set(found)) >= 16
    assert len(list(house.residents.keys(GUEST_KEY))) == 17


def test_a_table_of_256_keys_is_read_in_few_looks_at_the_flash():
    house = House()
    for lease in range(1, 33):
        for n in range(8):
            who = house.move_in(1000 + lease * 8 + n, lease)
            house.at(lease).set_key(who, GUEST_KEY, bytes([lease, n] * 8))
    looks, opened = [0], open

    def counted(*parts):
        looks[0] += 1
        return opened(*parts)

    residents_room.open = counted
    try:
        assert len(list(house.residents.keys(GUEST_KEY))) == 256
    finally:
        del residents_room.open
    assert looks[0] == 32
