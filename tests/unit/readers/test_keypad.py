"""The matrix keypad tells each press once, whatever else is pressed, and lives with a stuck key."""

import asyncio
import gc
import random

from readers.keypad import MatrixKeypad

LAYOUT = "123456789*0#"
SECOND = 100  # scans


class Matrix:
    """Rows and columns joined by keys; like the real one it shows ghosts."""

    def __init__(self):
        self.down = set()
        self.rows = [Wire(self, n) for n in range(4)]
        self.columns = [Wire(self, n) for n in range(3)]
        self.changes = 0

    def column_is_low(self, column):
        rows, columns = set(), {column}
        for _ in range(7):
            for key in self.down:
                place = LAYOUT.index(key)
                if place % 3 in columns or place // 3 in rows:
                    rows.add(place // 3)
                    columns.add(place % 3)
        return any(self.rows[row].level == 0 for row in rows)


class Wire:
    """Driven low or let go (open drain), or read against a pull-up."""

    def __init__(self, matrix, number):
        self.matrix, self.number, self.level = matrix, number, 1

    def value(self, level=None):
        if level is None:
            return int(not self.matrix.column_is_low(self.number))
        self.level = level
        self.matrix.changes += 1
        return None


def keypad():
    matrix = Matrix()
    return matrix, MatrixKeypad(matrix.rows, matrix.columns, LAYOUT)


def scan(pad, times):
    """The keys that so many scans tell."""
    return "".join(key for key in (pad.scan() for _ in range(times)) if key)


def press(matrix, pad, keys, times=5):
    """The keys told while these are down together."""
    matrix.down = set(keys)
    return scan(pad, times)


def test_every_key_is_told_once_by_its_name():
    matrix, pad = keypad()
    for key in LAYOUT:
        assert press(matrix, pad, key, 80) == key
        assert press(matrix, pad, "") == ""
    assert press(matrix, pad, "5") + press(matrix, pad, "") + press(matrix, pad, "5") == "55"


def test_a_key_counts_when_two_scans_agree():
    matrix, pad = keypad()
    assert press(matrix, pad, "7", 1) == ""
    assert scan(pad, 1) == "7"
    for _ in range(20):
        press(matrix, pad, "", 10)
        assert press(matrix, pad, "7", 1) + press(matrix, pad, "", 1) == "", (
            "a spark, though it was pressed before"
        )


def test_a_spark_is_no_key_and_a_bounce_is_no_second_press():
    matrix, pad = keypad()
    for _ in range(20):
        assert press(matrix, pad, "3", 1) + press(matrix, pad, "", 1) == ""
    for up in range(1, 4):  # up to 30 ms
        for down in range(1, 6):
            assert press(matrix, pad, "3") == "3"
            for _ in range(20):
                assert press(matrix, pad, "", up) + press(matrix, pad, "3", down) == "", (up, down)
            assert press(matrix, pad, "") == ""


def test_bounces_at_both_ends_of_a_press_are_one_press():
    for seed in range(1, 200):
        matrix, pad = keypad()
        random.seed(seed)
        told = ""
        for key in "2468":
            for stage in (0, 1):  # pressed, let go: up to 30 ms of bouncing each
                for _ in range(random.randrange(4)):
                    told += press(matrix, pad, random.choice((key, "")), 1)
                told += press(matrix, pad, "" if stage else key, random.randrange(6, 20))
        assert told == "2468", (seed, told)


def test_two_keys_at_once_are_none():
    matrix, pad = keypad()
    assert press(matrix, pad, "15", 50) == ""
    assert press(matrix, pad, "") == ""


def test_a_finger_that_comes_before_the_last_one_went_is_heard_when_it_comes():
    matrix, pad = keypad()
    told = [press(matrix, pad, keys) for keys in ("2", "24", "4", "46", "6", "")]
    assert told == ["2", "4", "", "6", "", ""]


def test_rolling_over_loses_no_key_however_it_ends():
    for first in LAYOUT:
        for second in LAYOUT:
            if first == second:
                continue
            for together in (2, 3, 5, 30):
                for alone in (0, 1, 2, 9):
                    matrix, pad = keypad()
                    told = press(matrix, pad, first, 3) + press(matrix, pad, first + second, together)
                    told += press(matrix, pad, second, alone) + press(matrix, pad, "")
                    assert told == first + second, (first, second, together, alone)


def test_keys_that_follow_another_which_is_not_let_go_are_heard():
    matrix, pad = keypad()
    told = press(matrix, pad, "2")
    for key in "4646":
        told += press(matrix, pad, "2" + key) + press(matrix, pad, "2")
    assert told + press(matrix, pad, "") == "24646"


def test_a_key_that_stays_down_is_not_told_again_when_another_was_touched():
    matrix, pad = keypad()
    assert [press(matrix, pad, keys) for keys in ("2", "24", "2", "")] == ["2", "4", "", ""]


def test_ghosts_are_not_told():
    matrix, pad = keypad()
    for corners in ("1346", "1379", "134", "2580", "28*#"):
        assert press(matrix, pad, corners, 20) == "", corners
        assert press(matrix, pad, "") == ""


def test_a_stuck_key_is_told_of_and_left_out():
    matrix, pad = keypad()
    assert press(matrix, pad, "5", 10 * SECOND - 50) == "5"
    assert pad.healthy
    assert scan(pad, 100) == ""
    assert not pad.healthy
    for key in "246810#":
        assert press(matrix, pad, "5" + key) == key
        assert press(matrix, pad, "5") == ""
    assert not pad.healthy


def test_a_stuck_key_that_comes_free_works_again_within_two_seconds():
    matrix, pad = keypad()
    press(matrix, pad, "5", 11 * SECOND)
    assert not pad.healthy
    for _ in range(10):
        assert press(matrix, pad, "", 50) + press(matrix, pad, "5", 5) == ""
        assert not pad.healthy
    press(matrix, pad, "", 2 * SECOND + 5)
    assert pad.healthy
    assert press(matrix, pad, "5") == "5"


def test_several_stuck_keys_are_told_of_and_left_out_until_they_come_free():
    matrix, pad = keypad()
    assert press(matrix, pad, "59", 11 * SECOND) == ""
    assert not pad.healthy
    for key in "12470*#":
        assert press(matrix, pad, "59" + key) == key
        assert press(matrix, pad, "59") == ""
    for ghostly in "68":  # with the two each shows the other, too
        assert press(matrix, pad, "59" + ghostly) == ""
    assert press(matrix, pad, "5", 2 * SECOND + 5) == ""
    assert not pad.healthy
    assert press(matrix, pad, "59") == "9", "one of them is free"
    press(matrix, pad, "", 2 * SECOND + 5)
    assert pad.healthy
    assert press(matrix, pad, "5") == "5"


def test_a_key_that_gets_stuck_while_others_are_typed_is_found_and_none_of_those():
    matrix, pad = keypad()
    press(matrix, pad, "7")
    heard = ""
    for _ in range(25):
        for key in "2468":
            heard += press(matrix, pad, "7" + key)
            heard += press(matrix, pad, "7")
        heard += press(matrix, pad, "7" + "0")
    assert heard == "24680" * 25
    assert not pad.healthy
    matrix.down = set("7")
    assert press(matrix, pad, "71") == "1"


def test_whoever_types_for_long_without_a_gap_has_no_stuck_key():
    matrix, pad = keypad()
    heard = ""
    for _ in range(60):
        for pair in ("12", "24", "41"):
            heard += press(matrix, pad, pair, 7)
    assert pad.healthy
    assert len(heard) > 170


def test_an_idle_keypad_moves_no_pin():
    matrix, pad = keypad()
    scan(pad, 5)
    changes = matrix.changes
    assert scan(pad, 50) == ""
    assert matrix.changes == changes
    assert [row.level for row in matrix.rows] == [0] * 4


class Steady:
    """A pin that allocates nothing; `low_when` names the row that must be low for it to read low."""

    def __init__(self, low_when=None):
        self.level, self.low_when = 1, low_when

    def value(self, level=None):
        if level is not None:
            self.level = level
        return self.level if self.low_when is None else self.low_when.level


def test_scanning_allocates_nothing():
    rows = [Steady() for _ in range(4)]
    free = Steady()
    key = Steady(rows[2])
    for column in (free, key):
        pad = MatrixKeypad(rows, [free, column, free], LAYOUT)
        free.level = 1
        for _ in range(10):
            pad.scan()
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        for _ in range(1500):  # long enough for the key to be stuck
            pad.scan()
        after = gc.mem_alloc()
        gc.enable()
        assert after == before
        assert pad.healthy == (column is free)


def test_run_tells_keys_and_health():
    told = []

    async def story():
        asyncio.new_event_loop()
        matrix, pad = keypad()
        running = asyncio.create_task(pad.run(told.append, told.append))
        for keys in ("1", "", "2", ""):
            matrix.down = set(keys)
            for _ in range(8):
                await asyncio.sleep_ms(10)
        pad.healthy = False
        pad._stuck = 1
        await asyncio.sleep_ms(30)
        running.cancel()

    asyncio.run(story())
    assert told == [True, "1", "2", False]
