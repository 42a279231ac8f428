"""Passage mode through the whole lock, on a virtual clock: app.py, from the keys to the bolt."""

import struct
from hashlib import sha256

from list_parts import record
from virtual_lock import KEY, NOW, PIN, VirtualLock, clock

from storage.hmac import Mac

CARETAKER, CLEANER = b"305172", b"914038"
STAFF, PASSAGE, HOURS, SCHEDULE = 2, 7, 1, 5
MINUTE = 60_000
BEGIN = NOW // 60 % 1440  # minutes of the day, UTC; a schedule has the lock's local time


def credential(pin, role, schedule=0):
    digest = Mac(KEY).digest(b"\1" + pin)[:16]
    return digest + struct.pack("<BBHBBIIH", role, 1, 0, schedule, 0, 0, 0, 0)


def hours(begin, end):
    """Every day from one minute to another."""
    digest = sha256(b"menshen schedule v1" + bytes((HOURS, 0))).digest()[:16]
    return digest + struct.pack("<BBHBBIIH", SCHEDULE, 255, begin, 0, 0, 0, 0, end)


class Story:
    """`levels` are the moves of the relay, [ms since the start, let go or not]."""

    def __init__(self, *records):
        self.lock = VirtualLock(records)
        self.start = clock.now
        self.levels, self.alarms = [], []

    def type(self, keys, at):
        self.lock.type(keys, self.start + at)

    def leaf(self, is_open, at):
        self.lock.move("contact", int(is_open), self.start + at)

    def run(self, until):
        def watch():
            level = self.lock.board.relay.value
            moved = self.levels.append

            def value(*to):
                if to and (not self.levels or self.levels[-1][1] != to[0]):
                    moved((clock.now - self.start, to[0]))
                return level(*to)

            self.lock.board.relay.value = value

        clock.at(self.start + 1, watch)
        self.lock.run(until)
        return [(round(ms / 1000), level) for ms, level in self.levels]


def test_it_lasts_until_its_staff_end_it_however_the_leaf_moves():
    story = Story(credential(CARETAKER, PASSAGE))
    story.type(CARETAKER.decode() + "*0#", 2000)
    for at in range(10_000, 60_000, 10_000):
        story.leaf(True, at)
        story.leaf(False, at + 5000)
    story.leaf(True, 70_000)
    story.leaf(False, 10 * MINUTE)
    story.type(CARETAKER.decode() + "*0#", 11 * MINUTE)
    moves = story.run(12 * MINUTE)
    assert [level for _, level in moves] == [1, 0], moves
    assert 11 * 60 <= moves[1][0] <= 11 * 60 + 4, moves
    assert not [p for p in story.lock.packets if p[1] == "PUBLISH" and p[2] == 81], "an alarm"
    print("passage mode held the bolt back from %d s to %d s" % (moves[0][0], moves[1][0]))


def test_it_ends_with_the_hours_of_whoever_began_it():
    story = Story(credential(CARETAKER, PASSAGE, HOURS), hours(BEGIN, BEGIN + 5))
    story.type(CARETAKER.decode() + "*0#", 5000)
    moves = story.run(8 * MINUTE)
    assert [level for _, level in moves] == [1, 0], moves
    assert 5 * 60 <= moves[1][0] <= 6 * 60 + 10, moves


def test_outside_their_hours_and_without_the_role_nobody_begins_it():
    story = Story(
        credential(CARETAKER, PASSAGE, HOURS), credential(CLEANER, STAFF), hours(BEGIN + 60, BEGIN + 90)
    )
    for n, pin in enumerate((CARETAKER, CLEANER, PIN)):
        story.type(pin.decode() + "*0#", 5000 + 5000 * n)
    assert story.run(MINUTE) == []


def test_others_open_and_a_tenant_is_told_of_staff_meanwhile():
    story = Story(credential(CARETAKER, PASSAGE), credential(CLEANER, STAFF))
    story.type(CARETAKER.decode() + "*0#", 2000)
    story.type(PIN.decode() + "#", 20_000)
    story.type(CLEANER.decode() + "#", 40_000)
    moves = story.run(2 * MINUTE)
    assert [level for _, level in moves] == [1], "an entry does not end it"
    assert story.lock.entries == 3


def test_after_a_power_cut_the_door_is_locked():
    story = Story(credential(CARETAKER, PASSAGE))
    story.type(CARETAKER.decode() + "*0#", 2000)
    assert [level for _, level in story.run(MINUTE)] == [1]
    again = Story(credential(CARETAKER, PASSAGE))
    assert again.run(MINUTE) == []
    assert again.lock.board.relay.value() == 0


def test_a_list_without_the_credential_ends_it():
    story = Story(credential(CARETAKER, PASSAGE))
    story.type(CARETAKER.decode() + "*0#", 2000)
    digest = credential(CARETAKER, PASSAGE)[:16]
    from list_parts import REMOVE, delta, offer, sign, whole

    message = sign(offer(2, whole(story.lock.records), delta((REMOVE, record(digest))), 1), key=KEY)
    clock.at(story.start + 30_000, lambda: story.lock.air.publish("menshen/v1/demo/list", message))
    moves = story.run(3 * MINUTE)
    assert [level for _, level in moves] == [1, 0], moves
    assert moves[1][0] <= 95
