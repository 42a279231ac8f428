"""Two locks: the resident of one keeps a log, comes, goes and reads it; to the other nobody comes.

Both send packets of the same kinds and sizes at the same milliseconds, and write the log's file in the same.
"""

from presence_stories import Dice
from virtual_lock import VirtualLock, clock

import link.backoff
from log.rings import PATH, Rings
from people.logs import close, hand_over
from storage import files

SECOND, HOUR = 1000, 3_600_000
KEY = bytes(range(16))
RUNS = 2 * HOUR + 600 * SECOND


class Who:
    """The tenant of the list's PIN."""

    def __init__(self, lock, number):
        self.number, self.lease, self.digest = number, 1, lock.digest


def lived(*plans):
    """What a lock sent in two hours, and when it wrote the log; plan(lock, start) says what happens."""
    link.backoff.os = Dice(7)
    lock = VirtualLock()
    start, written, plain = clock.now, [], files.write

    def write(path, parts):
        if path == PATH:
            written.append(clock.now - start)
        plain(path, parts)

    files.write = write
    try:
        for plan in plans:
            plan(lock, start)
        lock.run(RUNS)
    finally:
        files.write = plain
    return lock, [(ms - start, what, data) for ms, what, data in lock.packets], written


def keeps(lock, start):
    def register():
        return lock.keeper._gate._register

    clock.at(start + 60 * SECOND, lambda: hand_over(register(), Who(lock, 0), 7, KEY))
    for minute in range(3, 120, 7):
        lock.visit(start + minute * 60 * SECOND)
    for minute in (50, 70, 90):
        clock.at(start + minute * 60 * SECOND, lambda: hand_over(register(), Who(lock, 1), 0, KEY))


def erases(lock, start):
    clock.at(start + 100 * 60 * SECOND, lambda: close(lock.keeper._gate._register, Who(lock, 1)))


def test_whether_somebody_keeps_a_log_reads_it_or_erases_it_is_in_no_packet():
    _, sent, written = lived()
    assert len(sent) > 20
    assert len(written) == 2
    assert Rings().steps == 2
    for plans in ((keeps,), (keeps, erases)):
        lock, also, wrote = lived(*plans)
        assert lock.entries > 10
        assert also == sent
        assert [ms for ms in wrote if ms > 101 * 60 * SECOND or ms in written] == written
        assert len(wrote) == len(written) + len(plans), "when it began, and when it was erased"
