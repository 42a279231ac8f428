"""A door without a contact, through the whole lock on a virtual clock: it opens, and raises no alarm ever."""

from virtual_lock import PIN, VirtualLock, clock

SECOND, MINUTE = 1000, 60_000


class Door:
    """A lock whose contact's pin hangs in the air, with such settings; what it told in six minutes."""

    def __init__(self, level, jumps, **door):
        self.lock = VirtualLock(door=door)
        self.start, self.told, self.lit = clock.now, [], set()
        clock.at(self.start + 1, lambda: self._begin(level))
        for n in range(jumps):
            self.lock.move("contact", n & 1, self.start + (n + 2) * 7 * SECOND)
        self.lock.type(PIN.decode() + "#", self.start + 3 * MINUTE)
        self.lock.run(6 * MINUTE)

    def _begin(self, level):
        self.lock.board.contact.value(level)
        self.lock.keeper._reports.alarm = self.told.append
        self.lock.keeper._controller._on_alarm = self.told.append
        indicator = self.lock.keeper._indicator
        sets = indicator.set

        def note(name, lasts):
            if lasts:
                self.lit.add(name)
            sets(name, lasts)

        indicator.set = note


def test_a_door_without_a_contact_never_howls_however_its_pin_is():
    for level in (0, 1):
        for jumps in (0, 40):
            door = Door(level, jumps, contact=False)
            assert (door.told, door.lock.entries) == ([], 1), (level, jumps, door.told)
            assert not door.lit & {"forced", "held open"}, door.lit


def test_the_same_pin_of_a_door_with_a_contact_does():
    assert "held open" in Door(1, 0).told, "it stands open from the start"
    assert "forced" in Door(0, 40).told
