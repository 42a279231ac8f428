"""An order is obeyed once, its number above all that were."""

import random
import sys

from list_parts import KEY, sign
from ram_numbers import PowerCut, RamNvs

from link.errors import Refused
from storage.nvs import Numbers
from update import session
from update.session import is_to_do, read_order

sys.path.append("/slots/a")

PURPOSE = b"menshen update v1"
OLD, NEW, NEWEST = "0.2.0", "0.3.0", "0.4.0"
_MOST = 0x3FFFFFFF


def order(number, version=NEW, **said):
    payload = {"lock": "demo", "time": 1_800_000_000, "version": version, "order": number}
    payload.update(said)
    return sign(payload, purpose=PURPOSE)


def reason_of(act, *arguments):
    try:
        act(*arguments)
    except Refused as error:
        return error.reason
    return None


def test_an_order_names_lock_time_version_and_number_and_nothing_else():
    assert read_order(order(7), "demo", KEY) == (NEW, 1_800_000_000, 7, None)
    assert read_order(order(7, echo="ab" * 8), "demo", KEY) == (NEW, 1_800_000_000, 7, "ab" * 8)
    for number in (None, True, False, 0, -1, 1.5, "7", [], _MOST + 1, 1 << 70):
        assert reason_of(read_order, order(number), "demo", KEY) == "malformed", number
    for more in ({"more": 1}, {"more": 1, "echo": "ab" * 8}):
        assert reason_of(read_order, order(7, **more), "demo", KEY) == "malformed"
    without = {"lock": "demo", "time": 1_800_000_000, "version": NEW}
    assert read_order(sign(without, purpose=PURPOSE), "demo", KEY) == (
        NEW,
        1_800_000_000,
        0,
        None,
    )  # of 0.1.0
    assert reason_of(read_order, order(7, lock="other"), "demo", KEY) == "wrong lock"
    forged = sign(without, key=b"k" * 32, purpose=PURPOSE)
    assert reason_of(read_order, forged, "demo", KEY) == "bad signature"


def test_the_order_of_an_older_release_rolls_nothing_back():
    numbers = Numbers(RamNvs())
    assert is_to_do(1, OLD, "0.1.0", numbers)
    assert not is_to_do(1, OLD, OLD, numbers)
    assert is_to_do(2, NEW, OLD, numbers)
    assert not is_to_do(2, NEW, NEW, numbers)
    for number, version in ((1, OLD), (1, NEW), (2, OLD), (2, NEWEST)):
        assert reason_of(is_to_do, number, version, NEW, numbers) == "old order", (number, version)
    assert is_to_do(3, OLD, NEW, numbers)  # by a new order it goes back


def test_an_order_without_a_number_that_0_1_0_would_obey_moves_nothing():
    numbers = Numbers(RamNvs())
    for _ in range(2):
        assert not is_to_do(0, NEW, NEW, numbers)  # it has brought the lock here
        for version in ("0.0.0", "0.1.0", NEWEST):
            assert reason_of(is_to_do, 0, version, NEW, numbers) == "old order", version
        numbers.set("order", 3)


def test_an_order_goes_on_until_it_is_carried_out_and_then_no_more():
    nvs = RamNvs()
    numbers = Numbers(nvs)
    for _ in range(3):
        assert is_to_do(5, NEW, OLD, numbers)
        numbers = nvs.restart()
    assert reason_of(is_to_do, 5, NEWEST, OLD, numbers) == "old order"  # another one of that number
    assert not is_to_do(5, NEW, NEW, numbers)
    assert reason_of(is_to_do, 5, NEW, OLD, numbers) == "old order"  # OLD came by cable since


def test_a_number_rises_by_65536_at_most():
    numbers = Numbers(RamNvs())
    for number in (65_537, 1 << 20, _MOST):
        assert reason_of(is_to_do, number, NEW, OLD, numbers) == "old order", number
    assert is_to_do(65_536, NEW, OLD, numbers)
    assert reason_of(is_to_do, 65_536 + 65_537, NEWEST, OLD, numbers) == "old order"
    assert is_to_do(65_536 + 65_536, NEWEST, OLD, numbers)


def test_what_cannot_be_noted_is_not_done():
    nvs = RamNvs()
    nvs.full = True
    assert reason_of(is_to_do, 1, NEW, OLD, Numbers(nvs)) == "flash error"


def test_a_power_cut_at_each_commit_leaves_it_to_be_done_once():
    for cut in range(3):
        nvs = RamNvs()
        numbers = Numbers(nvs)
        assert not is_to_do(4, OLD, OLD, numbers)
        nvs.cut_after = cut
        try:
            is_to_do(5, NEW, OLD, numbers)
        except PowerCut:
            pass
        numbers = nvs.restart()
        assert reason_of(is_to_do, 4, NEW, OLD, numbers) == "old order", cut
        assert is_to_do(5, NEW, OLD, numbers), cut


class Lock:
    """An update's lock; what is fetched is what was ordered."""

    lock, key, slot = "demo", KEY, 0
    settings = board = clock = property(lambda self: self)

    def __init__(self):
        self.numbers, self.said, self.fetched, self.times = Numbers(RamNvs()), [], [], []
        self.challenges = "", ""

    def signed(self, time, live):
        self.times.append((time, live))

    def hear(self, message, running, is_live=False):
        session.VERSION = running
        pending = [(bytearray(message), is_live)]
        version = session.read((self, self, self, (self, self), None, None), pending)
        if version is not None:
            self.fetched.append(version)
        assert not pending

    def update(self, version, step, reason):
        assert step == "refused"
        self.said.append(reason)


def test_an_order_that_is_not_newer_tells_no_time():
    lock = Lock()
    lock.hear(order(5), OLD)
    lock.board.numbers.set("order", 5)
    known = len(lock.times)
    for number in (1, 4, 5):  # the last was the last that was read, and the broker retains it
        for time in (1_800_000_000, 1_900_000_000):
            lock.hear(order(number, time=time), OLD, True)
    assert len(lock.times) == known
    lock.hear(order(6, time=1_800_000_100), OLD)
    assert lock.times[known:] == [(1_800_000_100, False)]


def test_an_order_tells_the_time_if_it_is_new_and_echoes_a_challenge():
    lock, now = Lock(), 1_800_000_000
    for number, echo, challenges, is_live, tells in (
        (1, None, ("ab" * 8, ""), True, False),  # of tools that know of no challenge
        (2, "ab" * 8, ("cd" * 8, "ef" * 8), True, False),  # held back
        (3, "ab" * 8, ("ab" * 8, ""), False, False),  # retained
        (4, "ab" * 8, ("ab" * 8, ""), True, True),
        (4, "ab" * 8, ("ab" * 8, ""), True, None),  # once more: it tells none at all
        (5, None, ("", ""), True, False),  # there was no state yet
        (6, "ab" * 8, ("cd" * 8, "ab" * 8), True, True),  # the next state was made while it was on its way
    ):
        lock.challenges = challenges
        said = {} if echo is None else {"echo": echo}
        lock.hear(order(number, **said), OLD, is_live)
        assert lock.times == ([] if tells is None else [(now, tells)]), number
        lock.times.clear()
    assert lock.fetched == [NEW] * 7, "what it says of the time has nothing to do with what it orders"


def test_whatever_a_broker_keeps_of_orders_it_brings_back_none():
    random.seed(20)
    lock, running, kept, told = Lock(), "0.1.0", [], []
    for number in range(1, 60):
        version = "0.%d.0" % random.randrange(2, 9)
        kept.append((number, order(number, version)))
        lock.hear(kept[-1][1], running)
        if lock.fetched:
            assert lock.fetched == [version]
            told.append(version)
            lock.fetched, running = [], version
            lock.hear(kept[-1][1], running)  # the broker has it again after the restart
        for _ in range(20):
            lock.hear(random.choice(kept)[1], running)
        assert lock.fetched == [], number
    assert len(told) > 40
    assert set(lock.said) == {"old order"}
