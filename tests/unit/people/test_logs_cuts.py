"""The power goes at every flash operation of an hour, a hand-over, an erasure: at most the hour is lost."""

import vfs
from knife_flash import BLOCK, Flash, Knife, PowerCut
from log_parts import LogPhone
from people_parts import House, Who, digest, lease_of, record
from unmounting import unmount

from log.rings import Rings
from people.entry import LOG
from people.logs import close, hand_over, move_on
from roll.record import PIN, TENANT

KEY = bytes(range(16))
DATA = bytearray(BLOCK * 24)
WHO = Who(1, digest(1))


def mount(knife):
    unmount("/access")
    vfs.mount(vfs.VfsLfs2(Flash(knife, DATA), readsize=32, progsize=32, lookahead=32), "/access")


def lived(knife):
    """A flash on which a log has three entries, behind a flatmate's, and the phone with its first key."""
    vfs.VfsLfs2.mkfs(Flash(knife, DATA))
    mount(knife)
    house, phone = House(record(900), lease_of(1, 0, 0), flash=False), LogPhone()
    house.move_in(1)
    hand_over(house.register, house.move_in(2), 0, KEY)
    phone.read(hand_over(house.register, WHO, 0, KEY))
    for _ in range(3):
        house.register.note(PIN | TENANT << 4, 1, 0, 1, 1)
        move_on(house.register)
    return house, phone, bytes(DATA)


def cut_everywhere(do, look):
    """Have do(house) cut at each operation; look(house, phone) afterwards, whether it was done or not."""
    knife = Knife()
    house, phone, before = lived(knife)
    begun = phone.key, phone.steps
    nvs = house.nvs
    for at in range(1, 1000):
        DATA[:] = before
        knife.set(0)
        mount(knife)
        house.nvs = nvs
        house.start()
        knife.set(at)
        try:
            do(house)
            done = True
        except PowerCut:
            done = False
        knife.set(0)
        mount(knife)
        house.start()
        phone.key, phone.steps = begun
        look(house, phone)
        if done:
            return at - 1
    raise AssertionError


def entries(house, phone):
    phone.read(hand_over(house.register, WHO, 0, KEY))
    return len(phone.entries)


def test_in_an_hour():
    found = set()

    def hour(house):
        house.register.note(PIN | TENANT << 4, 1, 0, 1, 1)
        move_on(house.register)

    def look(house, phone):
        found.add(entries(house, phone))

    cuts = cut_everywhere(hour, look)
    print("%d cuts in an hour's batch: the log has all, or all but that hour" % cuts)
    assert cuts > 10
    assert found == {3, 4}


def test_in_a_hand_over_that_begins_a_log():
    def begin(house):
        hand_over(house.register, house.move_in(3), 0, KEY)

    def look(house, phone):
        assert entries(house, phone) == 3

    print("%d cuts while another log begins" % cut_everywhere(begin, look))


def test_in_an_erasure():
    found = set()

    def look(house, phone):
        there = [e for e in house.entries() if e[0] == LOG and e[2] == WHO.number]
        if there:
            assert entries(house, phone) == 3
        else:  # it is nobody's now: the hour that comes makes it random, if the cut came before that
            old = Rings().read(1)[32:48]
            move_on(house.register)
            assert Rings().read(1)[32:48] != old
        found.add(len(there))

    print("%d cuts in an erasure" % cut_everywhere(lambda house: close(house.register, WHO), look))
    assert found == {0, 1}
