"""Guest keys lie in the residents' table, open nothing by themselves, and go when their people go."""

import vfs
from knife_flash import BLOCK, Flash, Knife, PowerCut
from ram_flash import RamFlash

from people.changes import Changes
from people.residents import GUEST_KEY, HOME_KEY, Residents, ResidentsError

KEY = bytes(32)
PIN, CARD = 1, 2


def key(n):
    return bytes([n]) * 16


def table():
    RamFlash("/access", 64)
    residents = Residents(KEY)
    return residents, Changes(residents)


def test_a_lease_has_one_and_keeps_it_through_a_restart():
    residents, changes = table()
    changes.add(key(9), PIN, 7)
    assert dict(residents.keys()).get(7) is None
    changes.set_key(GUEST_KEY, 7, key(1))
    changes.set_key(GUEST_KEY, 8, key(2))
    changes.set_key(GUEST_KEY, 7, key(3))
    assert sorted(Residents(KEY).keys()) == [(7, key(3)), (8, key(2))]
    assert (dict(residents.keys())[7], dict(residents.keys()).get(65535)) == (key(3), None)
    assert residents.find(key(9)) is not None


def test_it_is_no_credential():
    residents, changes = table()
    changes.set_key(GUEST_KEY, 7, key(1))
    assert residents.find(key(1)) is None
    assert not residents.withdrawn(key(1))


def test_it_goes_when_its_people_move_out():
    residents, changes = table()
    changes.set_key(GUEST_KEY, 7, key(1))
    changes.set_key(GUEST_KEY, 8, key(2))
    changes.remove_cards(7)
    assert len(list(residents.keys())) == 2
    changes.clear(7)
    assert list(residents.keys()) == [(8, key(2))]


def test_a_home_key_lies_beside_it_and_goes_by_itself():
    residents, changes = table()
    changes.set_key(GUEST_KEY, 7, key(1))
    changes.set_key(HOME_KEY, 7, key(2))
    changes.set_key(HOME_KEY, 7, key(3))
    changes.set_key(HOME_KEY, 8, key(4))
    assert list(Residents(KEY).keys(HOME_KEY)) == [(7, key(3)), (8, key(4))]
    assert residents.find(key(3)) is None
    assert not residents.withdrawn(key(3))
    changes.set_key(HOME_KEY, 7, b"")
    changes.set_key(HOME_KEY, 9, b"")
    assert list(residents.keys(HOME_KEY)) == [(8, key(4))]
    changes.clear(8)
    assert list(Residents(KEY).keys(HOME_KEY)) == []
    assert list(Residents(KEY).keys()) == [(7, key(1))]


def test_six_leases_can_have_one():
    residents, changes = table()
    for lease in range(6):
        changes.set_key(GUEST_KEY, lease, key(lease))
    try:
        changes.set_key(GUEST_KEY, 6, key(6))
    except ResidentsError:
        pass
    else:
        raise AssertionError("a seventh lease got a guest key")
    changes.set_key(GUEST_KEY, 5, key(7))
    assert dict(residents.keys())[5] == key(7)


def test_cuts_while_a_guest_key_is_made_and_while_it_is_copied():
    """After each the residents' own PIN opens, and the lease has the old guest key or the new one."""
    knife = Knife()
    flash = Flash(knife, bytearray(b"\xff" * BLOCK * 32))
    vfs.VfsLfs2.mkfs(flash)
    _mount(flash)
    changes = Changes(Residents(KEY))
    changes.add(key(9), PIN, 7)
    changes.set_key(GUEST_KEY, 7, key(1))
    before, ends, fell, n = bytes(flash.data), [], True, 0
    while fell:
        n += 1
        flash.data[:] = before
        _mount(flash)
        residents = Residents(KEY)
        knife.set(n)
        fell = False
        try:
            Changes(residents).set_key(GUEST_KEY, 7, key(2))
            residents.ensure_copy()
        except PowerCut:
            fell = True
        knife.set(0)
        _mount(flash)
        residents = Residents(KEY)
        assert residents.find(key(9)) is not None
        ends.append(list(residents.keys()))
    print("guest key: %d cuts; the resident's PIN opened after each" % (n - 1))
    assert n > 5
    assert ends[0] == [(7, key(1))]
    assert ends[-1] == [(7, key(2))]
    assert ends == sorted(ends)  # once new, it is new for good


def _mount(flash):
    try:
        vfs.umount("/access")
    except OSError:
        pass
    vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/access")
