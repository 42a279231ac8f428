"""Guest codes at the lock: which open, from when until when, how often, and how little guessing gains."""

import asyncio
import json
import struct

from guest_parts import GuestLock
from ram_nvs import PowerCut, RamNVS, cut_everywhere

from access.decide import EXPIRED, GRANTED, NO_CLOCK, TOO_EARLY, UNKNOWN, USED_UP
from access.guest_key import complete
from storage.hmac import Mac

MAC = Mac(bytes(32))
KEY, OTHER = complete(bytes(range(14))), complete(bytes(range(16, 32)))
OLD = bytes(range(16))
HALF, HOUR, DAY = 1800, 3600, 86_400
START = 998_964 * HALF
HOURS = (1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 336, 720, 8, 24, 168, 720)
ONCE = (12, 13, 14, 15)
NO = (UNKNOWN, 0, False)


def code(start=START, kind=2, key=KEY):
    """The twelve digits, as README.md has them."""
    mac = Mac(key).digest(b"menshen guest v2" + struct.pack("<IB", start // HALF, kind))
    value = int.from_bytes(mac[:8], "big") % 41_666_666
    return b"%012d" % (value * 24_000 + start // HALF % 1500 * 16 + kind)


class Lock(GuestLock):
    def __init__(self, nvs=None, keys=((7, KEY),)):
        super().__init__(nvs or RamNVS(), keys, START)

    def verdict(self, digits, now=START):
        return self.enter(digits, now)[0]

    def risk(self):
        return self.nvs.kept.get("guest_risk", 0)


def wrong(n):
    """A code that is of no start and class: its number is too high."""
    return b"999999984%03d" % (n % 1000)


def test_published_vectors_open_from_their_start_to_their_end():
    with open("../../vectors/guest_codes.json") as file:
        vectors = json.load(file)["vectors"]
    assert len(vectors) > 20
    for vector in vectors:
        key = bytes(int(vector["key"][n : n + 2], 16) for n in range(0, 32, 2))
        assert complete(key) == key, vector
        digits, start, ends = vector["code"].encode(), vector["start_half_hour"] * HALF, vector["ends"]
        lock = Lock(keys=[(7, key)])
        assert lock.verdict(digits, start - 1) == TOO_EARLY, vector
        assert lock.verdict(digits, ends) == EXPIRED, vector
        for now in (start, ends - 1):
            assert lock.enter(digits, now) == (GRANTED, 7, vector["once"]), vector
            if vector["once"]:
                assert lock.enter(digits, now)[0] == USED_UP
                lock = Lock(keys=[(7, key)])
        assert lock.risk() == 0


def test_a_guest_may_come_for_the_first_time_as_late_as_they_like():
    assert Lock().verdict(code(kind=11), START + 30 * DAY - 1) == GRANTED
    assert Lock().verdict(code(kind=15), START + 30 * DAY - 1) == GRANTED
    assert Lock().verdict(code(kind=11), START + 30 * DAY) == EXPIRED


def test_who_comes_early_is_told_so_for_a_day_before():
    assert Lock().verdict(code(), START - DAY) == TOO_EARLY
    assert Lock().enter(code(), START - DAY - 1) == NO


def test_a_code_of_another_key_or_start_is_unknown():
    assert Lock().enter(code(key=OTHER)) == NO
    for kind in range(16):
        assert Lock().enter(code(START + 1500 * HALF, kind)) == NO
        assert Lock().enter(code(START - 1500 * HALF, kind)) == NO
    lock = Lock(keys=((7, KEY), (9, OTHER)))
    assert lock.enter(code(key=OTHER))[:2] == (GRANTED, 9)
    assert lock.enter(code())[:2] == (GRANTED, 7)


def test_one_digit_off_is_unknown():
    good = code()
    for place in range(12):
        lock = Lock()
        for digit in b"0123456789":
            near = bytearray(good)
            near[place] = digit
            if near != good:
                lock.guests.arm_guest_codes()
                assert lock.verdict(bytes(near)) == UNKNOWN


def test_without_a_clock_or_a_key_nothing_is_looked_at_or_counted():
    lock = Lock()
    assert lock.enter(code(), None) == (NO_CLOCK, 0, False)
    lock.keys[:] = []
    assert lock.enter(code()) == NO
    assert lock.enter(code(), None) == NO
    assert lock.nvs.operations == 0


def test_an_old_key_gives_no_code_of_twelve_digits_and_a_new_one_none_of_nine():
    lock = Lock(keys=((7, OLD),))
    assert lock.enter(code(key=OLD)) == NO
    mac = Mac(KEY).digest(b"menshen guest v1" + struct.pack("<IB", START // HOUR, 2))
    value = int.from_bytes(mac[:8], "big") % 9_615_384
    assert Lock().enter(b"%09d" % (value * 104 + START // HOUR % 8 * 13 + 2)) == NO


def test_a_code_goes_with_its_lease_and_with_its_key():
    lock = Lock()
    assert lock.verdict(code(kind=5)) == GRANTED
    lock.ended.add(7)
    assert lock.enter(code(kind=5)) == NO
    lock.ended.clear()
    lock.keys[:] = [(7, OTHER)]
    assert lock.enter(code(kind=5)) == NO


def test_a_restart_changes_nothing():
    nvs = RamNVS()
    for kind in ONCE:
        assert Lock(nvs).verdict(code(kind=kind)) == GRANTED
        nvs.restart()
        assert Lock(nvs).verdict(code(kind=kind)) == USED_UP


def test_nothing_is_stored_of_a_code_that_opens_more_than_once():
    lock = Lock()
    for kind in range(12):
        assert lock.verdict(code(kind=kind)) == GRANTED
    assert list(lock.nvs.kept) == ["guest_risk"]


def test_41_wrong_codes_and_no_more_are_looked_at_until_a_resident_asks():
    lock = Lock()
    for n in range(41):
        assert lock.enter(wrong(n)) == NO
        assert lock.risk() == 24 * (n + 1) < 1000
    assert lock.enter(code()) == NO
    lock.guests.arm_guest_codes()
    assert lock.verdict(code()) == GRANTED


def test_good_codes_neither_count_nor_help():
    lock = Lock()
    for n in range(41):
        lock.enter(wrong(n))
        assert lock.risk() == 24 * (n + 1)
        if n < 40:
            assert lock.verdict(code(kind=5)) == GRANTED
    assert lock.enter(code(kind=5)) == NO


def test_the_gain_of_a_guess_is_that_of_each_key_up_to_eight():
    for n in range(1, 20):
        lock = Lock(keys=[(k, complete(bytes([k] * 16))) for k in range(n)])
        lock.enter(wrong(0))
        assert lock.risk() == 24 * min(n, 8)


def test_others_have_a_turn_between_two_of_the_256_keys_of_a_house_door():
    """As many for whatever is typed."""
    lock = Lock(keys=[(n, complete(bytes([n] * 16))) for n in range(256)])
    good = code(key=lock.keys[200][1])
    found = [lock.turns(digits) for digits in (good, wrong(0), b"0" * 12, code(key=lock.keys[1][1]))]
    assert [verdict for verdict, _ in found] == [GRANTED, UNKNOWN, UNKNOWN, GRANTED]
    assert min(found)[1] >= 256
    assert len({turns for _, turns in found}) == 1


def test_codes_that_are_checked_at_once_take_nothing_from_each_others_counts():
    """Whatever comes in between stays counted: nobody is given guesses by a good code."""
    lock = Lock(keys=[(n, complete(bytes([n] * 16))) for n in range(2)])

    async def together(*codes):
        found = await asyncio.gather(*[lock.guests.guest(digits, START) for digits in codes])
        return [verdict for verdict, _, _ in found]

    good = code(key=lock.keys[1][1])
    for n, codes in enumerate(((good, wrong(0)), (wrong(1), good), (wrong(2), good, wrong(3)))):
        before, wrongs = lock.risk(), len(codes) - 1
        found = asyncio.run(together(*codes))
        assert [verdict == GRANTED for verdict in found] == [digits is good for digits in codes], n
        assert before + 48 * wrongs <= lock.risk() <= before + 48 * (wrongs + 1)
    once = code(kind=12, key=lock.keys[1][1])
    assert sorted(asyncio.run(together(once, once))) == sorted((GRANTED, USED_UP))


def test_of_each_start_and_class_one_value_is_right():
    """So a guess gains 1 in 41,666,666, which is 24 in 10**9: the share of codes that open at one time."""
    assert 41_666_666 * 24_000 <= 10**12 < 41_666_667 * 24_000
    good = int(code(kind=0))
    lock = Lock()
    for other in range(-20, 21):
        digits = b"%012d" % (good + other * 24_000)
        lock.guests.arm_guest_codes()
        assert (lock.verdict(digits) == GRANTED) == (other == 0)


def test_one_person_takes_half_of_the_places_for_one_entry_and_others_have_theirs():
    keys = [(k, complete(bytes([k] * 16))) for k in range(1, 8)]
    lock = Lock(keys=keys)
    got = []
    for _, key in keys:
        starts = range(START, START - 20 * DAY, -HOUR)
        got.append(sum(lock.verdict(code(start, 15, key)) == GRANTED for start in list(starts)[:40]))
    assert got == [16, 8, 4, 2, 1, 1, 0]
    assert lock.risk() == 0
    later = START + 30 * DAY
    assert lock.verdict(code(later, 12, keys[6][1]), later) == GRANTED


def test_what_has_ended_stays_while_there_is_room_and_a_clock_set_back_opens_nothing_again():
    lock = Lock()
    assert lock.verdict(code(kind=13)) == GRANTED
    later = START + 40 * DAY
    assert lock.verdict(code(later, 13), later) == GRANTED
    assert lock.verdict(code(kind=13)) == USED_UP


def test_the_same_start_and_class_a_round_of_starts_later_opens():
    lock = Lock()
    later = START + 1500 * HALF
    assert lock.verdict(code(kind=12)) == GRANTED
    assert lock.verdict(code(later, 12), later) == GRANTED


def test_the_flash_holds_no_code_and_no_key():
    lock = Lock()
    assert lock.verdict(code(kind=12)) == GRANTED
    entry = lock.nvs.kept["once"]
    assert len(entry) == 12
    assert entry[:6] == MAC.digest(b"\x03", KEY)[:6]


def test_nvs_that_takes_nothing_or_gives_nothing_opens_for_no_guest():
    lock = Lock()
    lock.nvs.full = True
    assert lock.enter(code()) == NO
    lock.nvs.full = False
    lock.nvs.kept["once"] = bytes(12 * 33)
    assert lock.enter(code(kind=12)) == NO
    lock.nvs.kept["once"] = b""
    for risk in (-100_000, 2**31 - 1):
        lock.nvs.kept["guest_risk"] = risk
        assert lock.enter(code()) == NO


def test_cuts_while_a_wrong_code_is_checked():
    def check(nvs, state, done):
        assert Lock(nvs).risk() == 24 or done is None

    cuts = cut_everywhere(lambda nvs: None, lambda nvs, _: Lock(nvs).enter(wrong(0)), check)
    print("wrong guest code: %d cuts" % cuts)
    assert cuts == 8


def test_pulling_the_plug_at_every_code_gives_no_more_guesses():
    for eager, lands, n in [(a, b, n) for a in (False, True) for b in (False, True) for n in (0, 1, 2, 3)]:
        lock = Lock(RamNVS(eager, lands))
        looks = 0
        for guess in range(60):
            lock.nvs.operations, lock.nvs.cut_at = 0, n
            before = lock.risk()
            try:
                lock.enter(wrong(guess))
                looks += lock.risk() > before
            except PowerCut:
                pass
            lock.nvs.restart()
        assert looks * 24 <= lock.risk() < 1000


def test_cuts_while_a_guest_comes():
    """After each the code opens or has opened once, and a code for one entry opens at most once."""

    def check(nvs, kind, done):
        lock = Lock(nvs)
        first, again = done is not None and done[0] == GRANTED, lock.verdict(code(kind=kind)) == GRANTED
        if kind in ONCE:
            assert not (first and again)
            assert lock.verdict(code(kind=kind)) != GRANTED
        else:
            assert again

    def enter(nvs, kind):
        return Lock(nvs).enter(code(kind=kind))

    for kind, least in ((5, 12), (13, 20)):
        cuts = cut_everywhere(lambda nvs, kind=kind: kind, enter, check)
        print("guest code of class %d: %d cuts" % (kind, cuts))
        assert cuts >= least


def test_cuts_while_a_resident_arms_the_codes():
    def prepare(nvs):
        lock = Lock(nvs)
        for n in range(41):
            lock.enter(wrong(n))

    def check(nvs, state, done):
        assert Lock(nvs).risk() in (0, 984)
        Lock(nvs).guests.arm_guest_codes()
        assert Lock(nvs).verdict(code()) == GRANTED

    cuts = cut_everywhere(prepare, lambda nvs, _: Lock(nvs).guests.arm_guest_codes(), check)
    print("guest codes armed: %d cuts" % cuts)
    assert cuts == 8
