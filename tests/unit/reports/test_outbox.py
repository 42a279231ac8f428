"""What waits to be sent: in order, bounded, counted, and there again after a power cut."""

from ram_numbers import PowerCut, RamNvs

from reports.outbox import Outbox
from storage.nvs import Numbers


def drain(box, nvs=None):
    """Send all that waits; what was sent."""
    sent = []
    while True:
        item = box.first()
        if item is None:
            return sent
        sent.append((item[0], item[1], item[3]))
        box.done(item[0])


def test_it_comes_out_in_order_with_numbers_and_times():
    box = Outbox(Numbers(RamNvs()), "s", 4)
    box.put(b"one", 1000)
    box.put(b"two", 0)
    assert box.first() == (1, 0, 1000, b"one")
    assert box.first() == (1, 0, 1000, b"one"), "it stays until the broker has it"
    box.done(1)
    assert box.first() == (2, 0, 0, b"two")
    box.done(2)
    assert box.first() is None


def test_it_is_there_after_a_power_cut():
    nvs = RamNvs()
    box = Outbox(Numbers(nvs), "s", 8)
    for number in range(1, 6):
        box.put(b"%d" % number, number)
    box.done(box.first()[0])
    again = Outbox(nvs.restart(), "s", 8)
    assert drain(again) == [(2, 0, b"2"), (3, 0, b"3"), (4, 0, b"4"), (5, 0, b"5")]
    assert drain(Outbox(nvs.restart(), "s", 8)) == []


def test_the_oldest_are_dropped_and_counted():
    for count in range(5, 23):
        nvs = RamNvs()
        box = Outbox(Numbers(nvs), "s", 4)
        for number in range(1, count + 1):
            box.put(b"%d" % number, 0)
        expected = [
            (number, count - 4 if number == count - 3 else 0, b"%d" % number)
            for number in range(count - 3, count + 1)
        ]
        assert drain(Outbox(nvs.restart(), "s", 4)) == expected
        assert drain(box) == expected


def test_numbers_go_on_over_power_cuts():
    nvs = RamNvs()
    told = []
    for start in range(12):
        box = Outbox(nvs.restart(), "s", 5)
        for _ in range(start % 4):
            box.put(b"x", 0)
        if start % 3 == 0:
            told += [number for number, _, _ in drain(box)]
    told += [number for number, _, _ in drain(Outbox(nvs.restart(), "s", 5))]
    assert told == sorted(set(told))
    assert told[-1] == sum(start % 4 for start in range(12))


def test_queues_do_not_mix():
    numbers = Numbers(RamNvs())
    staff, alarm = Outbox(numbers, "s", 4), Outbox(numbers, "a", 4)
    staff.put(b"staff", 0)
    alarm.put(b"alarm", 0)
    assert drain(alarm) == [(1, 0, b"alarm")]
    assert drain(staff) == [(1, 0, b"staff")]


def test_a_cut_at_every_commit_loses_nothing_and_repeats_at_most_what_was_being_marked():
    for cut in range(12):
        nvs = RamNvs()
        nvs.cut_after = cut
        put, sent = [], []
        try:
            box = Outbox(Numbers(nvs), "s", 8)
            for number in range(1, 5):
                box.put(b"%d" % number, 0)
                put.append(number)
                if number % 2 == 0:
                    item = box.first()
                    while item is not None:
                        sent.append(item[0])
                        box.done(item[0])
                        item = box.first()
        except PowerCut:
            pass
        later = [number for number, _, _ in drain(Outbox(nvs.restart(), "s", 8))]
        assert sorted(set(sent + later)) == put, (cut, put, sent, later)
        assert len(sent + later) - len(put) <= 1, (cut, sent, later)


def test_without_room_in_nvs_it_is_sent_all_the_same():
    nvs = RamNvs()
    box = Outbox(Numbers(nvs), "s", 4)
    nvs.full = True
    for number in range(1, 7):
        box.put(b"%d" % number, 0)
    assert [text for _, _, text in drain(box)] == [b"3", b"4", b"5", b"6"]
    assert len(box._unsaved) == 0


def test_what_nvs_had_no_space_for_hides_nothing_that_came_behind_it():
    """A queue is read at a start up to its first gap: what lay behind one was never told."""
    for missing in ((1,), (2, 3), (1, 3), (1, 2, 3, 4, 5)):
        nvs = RamNvs()
        box = Outbox(Numbers(nvs), "s", 4)
        for number in range(1, 7):
            nvs.full = number in missing
            box.put(b"%d" % number, 0)
        assert len(box._unsaved) == 0
        again = Outbox(nvs.restart(), "s", 4)
        assert drain(again) == [(3, 2, b"3"), (4, 0, b"4"), (5, 0, b"5"), (6, 0, b"6")], missing
        again.put(b"7", 0)
        assert drain(again) == [(7, 0, b"7")]


def test_it_costs_one_commit_to_come_and_one_to_go():
    nvs = RamNvs()
    box = Outbox(Numbers(nvs), "s", 4)
    box.put(b"x", 0)
    assert nvs.commits == 1
    drain(box)
    assert nvs.commits == 2


def test_what_is_torn_is_passed_over():
    nvs = RamNvs()
    box = Outbox(Numbers(nvs), "s", 4)
    for number in range(3):
        box.put(b"%d" % number, 0)
    nvs.fresh["s2"] = b"\x02"
    assert [number for number, _, _ in drain(box)] == [1, 3]
