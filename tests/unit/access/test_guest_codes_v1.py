"""Guest codes of nine digits at the lock: which open, how long, how often, and how little guessing gains."""

import asyncio
import json
import struct

from guest_parts import GuestLock
from ram_nvs import PowerCut, RamNVS, cut_everywhere

from access.decide import EXPIRED, GRANTED, NO_CLOCK, UNKNOWN, USED_UP
from access.guest_key import complete
from storage.hmac import Mac

MAC = Mac(bytes(32))
KEY, OTHER = bytes(range(16)), bytes(range(16, 32))
HOUR, DAY = 3600, 86_400
START = 499_482 * HOUR
HOURS = (1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 336, 720)
ONCE = 12
NO = (UNKNOWN, 0, False)


def code(start=START, kind=2, key=KEY):
    """The nine digits, as README.md has them."""
    mac = Mac(key).digest(b"menshen guest v1" + struct.pack("<IB", start // HOUR, kind))
    value = int.from_bytes(mac[:8], "big") % 9_615_384
    return b"%09d" % (value * 104 + start // HOUR % 8 * 13 + kind)


class Lock(GuestLock):
    def __init__(self, nvs=None, keys=((7, KEY),)):
        super().__init__(nvs or RamNVS(), keys, START)

    def opens(self, digits, now=START):
        return self.enter(digits, now)[0] == GRANTED

    def risk(self):
        return self.nvs.kept.get("guest_risk", 0)


def wrong(n):
    """A code that is of no start and class: its number is too high."""
    return b"9999999%02d" % (36 + n % 64)


def test_published_vectors_open_from_their_start_to_their_end():
    with open("../../vectors/guest_codes_v1.json") as file:
        vectors = json.load(file)["vectors"]
    assert len(vectors) > 20
    for vector in vectors:
        keys = [(7, bytes(int(vector["key"][n : n + 2], 16) for n in range(0, 32, 2)))]
        digits, start = vector["code"].encode(), vector["start_hour"] * HOUR
        early, late, ends = start - 1, vector["first_entry_before"] - 1, vector["ends"]
        assert start == 0 or not Lock(keys=keys).opens(digits, early), vector
        for first in (start, late):
            lock = Lock(keys=keys)
            assert lock.enter(digits, first) == (GRANTED, 7, True), vector
            if vector["duration_class"] == ONCE:
                assert lock.enter(digits, first)[0] == USED_UP
            else:
                assert lock.enter(digits, ends - 1) == (GRANTED, 7, False)
            assert lock.enter(digits, ends)[0] == EXPIRED
        assert not Lock(keys=keys).opens(digits, late + 1), vector


def test_a_code_of_another_key_lease_or_start_is_unknown():
    assert Lock().enter(code(key=OTHER)) == NO
    assert Lock().enter(code(START + 8 * HOUR)) == NO
    assert Lock().enter(code(START - 8 * HOUR, 5)) == NO
    lock = Lock(keys=((7, KEY), (9, OTHER)))
    assert lock.enter(code(key=OTHER))[:2] == (GRANTED, 9)
    assert lock.enter(code())[:2] == (GRANTED, 7)


def test_one_digit_off_is_unknown():
    good = code()
    for place in range(9):
        lock = Lock()
        for digit in b"0123456789":
            near = bytearray(good)
            near[place] = digit
            if near != good:
                lock.guests.arm_guest_codes()
                assert not lock.opens(bytes(near))


def test_without_a_clock_or_a_key_nothing_is_looked_at_or_counted():
    lock = Lock()
    assert lock.enter(code(), None) == (NO_CLOCK, 0, False)
    lock.keys[:] = []
    assert lock.enter(code()) == NO
    assert lock.enter(code(), None) == NO
    assert lock.nvs.operations == 0


def test_a_code_goes_with_its_lease_and_with_its_key():
    lock = Lock()
    assert lock.opens(code(kind=5))
    lock.ended.add(7)
    assert lock.enter(code(kind=5)) == NO
    lock.ended.clear()
    lock.keys[:] = [(7, OTHER)]
    assert lock.enter(code(kind=5)) == NO


def test_a_restart_changes_nothing():
    nvs = RamNVS()
    assert Lock(nvs).opens(code(kind=9))
    assert Lock(nvs).opens(code(kind=ONCE))
    nvs.restart()
    assert Lock(nvs).enter(code(kind=9), START + 6 * DAY) == (GRANTED, 7, False)
    assert Lock(nvs).enter(code(kind=ONCE))[0] == USED_UP


def test_nine_wrong_codes_and_no_more_are_looked_at_until_a_resident_asks():
    lock = Lock()
    for n in range(9):
        assert lock.enter(wrong(n)) == NO
        assert lock.risk() == 104 * (n + 1) < 1000
    assert lock.enter(code()) == NO
    assert lock.risk() == 936
    lock.guests.arm_guest_codes()
    assert lock.opens(code())


def test_good_codes_neither_count_nor_help():
    lock = Lock()
    for n in range(7):
        lock.enter(wrong(n))
        assert lock.opens(code(kind=5))
    # of this class two are right now, the one that was entered and the one that could be
    assert lock.risk() == 7 * 104
    lock.enter(wrong(8))
    assert not lock.opens(code(kind=5))


def test_the_gain_of_a_guess_is_never_above_one_in_a_million():
    """Whatever class is guessed at: codes remembered in it count like further leases."""
    lock = Lock()
    entered = 0
    for n in range(12):
        now = START + n * DAY
        entered += lock.opens(code(now, 11), now)
    assert entered == 8
    now = START + 12 * DAY
    guess = bytearray(code(now, 11, OTHER))
    assert lock.enter(bytes(guess), now) == NO
    assert lock.risk() == 104 * 9
    lock.guests.arm_guest_codes()
    assert all(lock.opens(code(START + n * DAY, 11), now) for n in range(8))
    assert lock.opens(code(now, 10), now)
    for n in range(9):
        lock.guests.arm_guest_codes()
        lock.keys[:] = [(k, bytes([k] * 16)) for k in range(n + 1)]
        lock.enter(wrong(0), now)
        assert lock.risk() == 104 * (n + 1)
    lock.keys.append((99, KEY))
    lock.guests.arm_guest_codes()
    assert lock.enter(code(now, 9), now) == NO


def test_24_codes_are_remembered_and_room_is_made_by_those_that_ended():
    lock = Lock()
    for n in range(24):
        now = START + n // 12 * HOUR
        assert lock.opens(code(now, n % 12), now)
    assert not lock.opens(code(kind=ONCE), START + HOUR - 1)
    later = START + 3 * HOUR
    assert lock.opens(code(later, 3), later)
    assert lock.opens(code(kind=11), later)


def test_the_flash_holds_no_code():
    lock = Lock()
    assert lock.opens(code(kind=5))
    entry = lock.nvs.kept["guests"]
    assert len(entry) == 12
    assert entry[1:8] == MAC.digest(b"\x03", code(kind=5))[:7]


def test_nvs_that_takes_nothing_or_gives_nothing_opens_for_no_guest():
    lock = Lock()
    lock.nvs.full = True
    assert lock.enter(code()) == NO
    lock.nvs.full = False
    lock.nvs.kept["guests"] = bytes(12 * 25)
    assert lock.enter(code()) == NO
    lock.nvs.kept["guests"] = b""
    lock.nvs.kept["guest_risk"] = -100_000
    assert lock.enter(code()) == NO


def test_cuts_while_a_wrong_code_is_checked():
    def check(nvs, state, done):
        assert Lock(nvs).risk() == 104 or done is None

    cuts = cut_everywhere(lambda nvs: None, lambda nvs, _: Lock(nvs).enter(wrong(0)), check)
    print("wrong guest code: %d cuts" % cuts)
    assert cuts == 8


def test_pulling_the_plug_at_every_code_gives_no_more_guesses():
    for eager, lands, n in [(a, b, n) for a in (False, True) for b in (False, True) for n in (0, 1, 2, 3)]:
        lock = Lock(RamNVS(eager, lands))
        looks = 0
        for guess in range(40):
            lock.nvs.operations, lock.nvs.cut_at = 0, n
            before = lock.risk()
            try:
                lock.enter(wrong(guess))
                looks += lock.risk() > before
            except PowerCut:
                pass
            lock.nvs.restart()
        assert looks * 104 <= lock.risk() < 1000


def test_cuts_while_a_guest_comes_for_the_first_time():
    """After each the code opens or has opened once, and a one-time code opens at most once."""

    def check(nvs, kind, done):
        lock = Lock(nvs)
        first, again = done is not None and done[0] == GRANTED, lock.opens(code(kind=kind))
        if kind == ONCE:
            assert not (first and again)
            assert not lock.opens(code(kind=kind))
        else:
            assert again

    def enter(nvs, kind):
        return Lock(nvs).enter(code(kind=kind))

    for kind in (5, ONCE):
        cuts = cut_everywhere(lambda nvs, kind=kind: kind, enter, check)
        print("guest code of class %d: %d cuts" % (kind, cuts))
        assert cuts >= 20


def test_cuts_while_a_resident_arms_the_codes():
    def prepare(nvs):
        lock = Lock(nvs)
        for n in range(9):
            lock.enter(wrong(n))

    def check(nvs, state, done):
        assert Lock(nvs).risk() in (0, 936)
        Lock(nvs).guests.arm_guest_codes()
        assert Lock(nvs).opens(code())

    cuts = cut_everywhere(prepare, lambda nvs, _: Lock(nvs).guests.arm_guest_codes(), check)
    print("guest codes armed: %d cuts" % cuts)
    assert cuts == 8


def test_others_have_a_turn_between_two_of_the_256_keys_of_a_house_door():
    """Whose keys are of today, but for one: as many turns for whatever is typed."""
    lock = Lock(keys=[(n, complete(bytes([n] * 16))) for n in range(255)] + [(7, KEY)])
    found = [lock.turns(digits) for digits in (code(), wrong(0), b"000000000")]
    assert [verdict for verdict, _ in found] == [GRANTED, UNKNOWN, UNKNOWN]
    assert min(found)[1] >= 512
    assert len({turns for _, turns in found}) == 1


def test_a_code_that_is_checked_beside_another_counts():
    lock = Lock()

    async def together(*codes):
        found = await asyncio.gather(*[lock.guests.guest(digits, START) for digits in codes])
        return [verdict for verdict, _, _ in found]

    assert asyncio.run(together(code(), wrong(0))) == [UNKNOWN, UNKNOWN]
    assert lock.risk() == 208
    assert asyncio.run(together(code(kind=ONCE), code(kind=ONCE))) == [UNKNOWN, GRANTED]
    assert lock.enter(code(kind=ONCE))[0] == USED_UP
