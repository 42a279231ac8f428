"""What is done while nobody is at the door: the list is looked at first, then copies and counts go on."""

import asyncio
import sys

import list_parts
from ram_flash import RamFlash
from ram_numbers import RamNvs

import housekeeping as room
import loader
from door.faults import NO_CREDENTIALS
from housekeeping import Housekeeping
from people.leases import Leases
from people.register import Register
from people.terms import lease_digest
from roll.layout import SNAPSHOTS
from roll.record import LEASE
from storage import files
from storage.names import LIVED, USES
from storage.nvs import Numbers

loader._IS_PLENTY = False  # as on a board without PSRAM

HOUR_MS = 3_600_000
NOW = 1_790_000_000
ITS_CODE = ("access.uses", "pace", "roll.snapshot")  # the rest of it is loaded by these tests, too


class TheEnd(Exception):
    """The story is over."""


class Time:
    """Stands for time and asyncio in the room: a second passes at once, `script` says what happens in it."""

    Event, Lock = asyncio.Event, asyncio.Lock

    def __init__(self, seconds, script):
        self.left, self.script, self.ms = seconds, script, 0
        self.second = 0
        room.asyncio = self
        room.ticks_ms = lambda: self.ms & (1 << 30) - 1
        room.ticks_diff = lambda a, b: ((a - b + (1 << 29)) & (1 << 30) - 1) - (1 << 29)
        room.ticks_add = lambda a, b: (a + b) & (1 << 30) - 1

    async def sleep_ms(self, wait):
        await asyncio.sleep_ms(0)
        self.ms += wait
        if wait:
            self.script.get(self.second, lambda: None)()
            self.second += 1
            if self.second > self.left:
                raise TheEnd


class Settings:
    key, unlock_level, plain_uid = bytes(32), 1, True


class House:
    """A lock with a list, and all that housekeeping looks after; `done` is what it asked of the others."""

    trust = "signed"

    def __init__(self, nvs=None):
        RamFlash("/access", 60)
        records = [list_parts.record(d, lease=7) for d in list_parts.digests(20)]
        stated = list_parts.record(lease_digest(7), lease=7, role=LEASE, kind=0)
        self.credentials = list_parts.install(list_parts.opened(), 3, sorted(records + [stated]))
        self.numbers = Numbers(nvs or RamNvs())
        self.leases = Leases(bytes(32), self.numbers)
        self.paths, self.firsts, self.whats, self.to_do = [""] * 5, [b""] * 5, [b""] * 5, False
        self.fault_inputs = ["pins"]
        self.done, self.faults = [], []
        self.register = Register(self.credentials, self, self.leases)

    def keys(self, what):
        return iter(())

    def remember_relay(self, level):
        self.done.append(("relay", level))

    def ensure_stored(self):
        self.done.append("throttle stored")

    def tick(self, now):
        return len(self.done) > 4

    def storm(self, lasts):
        self.done.append("storm" if lasts else "no storm")

    def decided(self, lease, what):
        self.done.append((lease, what))
        return True

    def ensure_copy(self):
        self.done.append("residents copied")

    def look(self, pins):
        self.done.append(pins[0])

    def fault(self, name, lasts):
        self.faults.append((name, lasts))

    def now(self):
        return NOW

    def keep(self, seconds=3, script=None):
        """Keep house for so long; whether the list had been settled by then."""
        self.time = Time(seconds, script or {})
        self.house = Housekeeping(Settings, self, self, self.register, self, self)
        try:
            asyncio.run(self.house.run())
        except TheEnd:
            pass
        finally:
            room.asyncio = asyncio
        return self.house.settled.is_set()


def test_relay_throttle_and_list_come_before_anything_is_settled():
    house = House()
    assert house.keep(0)
    assert house.done == [("relay", 1), "throttle stored"]
    assert house.faults == [(NO_CREDENTIALS, False)]


def test_a_list_has_a_second_copy_once_it_is_settled():
    house = House()
    spare = SNAPSHOTS[1 - house.credentials.slot]
    assert not files.exists(spare)
    assert house.keep(0)
    assert files.exists(spare)


def test_a_broken_list_is_told_and_settled_all_the_same():
    house = House()
    with open(SNAPSHOTS[house.credentials.slot], "wb"):
        pass
    house.credentials = list_parts.opened()
    house.register.credentials = house.credentials
    assert house.keep(0)
    assert house.faults == [(NO_CREDENTIALS, True)]


def test_each_second_copies_are_made_and_pins_and_throttle_are_asked():
    house = House()
    house.keep(3)
    every = ["pins", "residents copied"]
    assert house.done[2:] == ["no storm"] + every + ["storm"] + every + ["storm"] + every


def test_its_code_is_gone_between_its_rounds():
    House().keep(2)
    assert not [name for name in ITS_CODE if name in sys.modules]


def test_a_full_nvs_stops_neither_the_round_nor_the_list():
    house = House()

    def full(level):
        raise OSError(-0x1105)

    house.remember_relay = full
    assert house.keep(1)
    assert "residents copied" in house.done


def test_the_leases_that_the_list_states_are_known_a_second_later():
    house = House()
    house.keep(1)
    assert house.leases.place(7) >= 0


def test_a_flash_without_room_for_the_leases_stops_nothing():
    house = House()

    def full():
        raise OSError(28)

    house.leases.save = full
    assert house.keep(1)
    assert "residents copied" in house.done


def test_a_copy_for_which_there_is_no_space_is_tried_again_in_ten_minutes():
    """Else what fails would wear the flash each second; or the copy that is left would be one of long ago."""
    for of in ("residents", "leases"):
        house = House()
        parts, tries = getattr(house.register, of), []
        parts.ensure_copy = lambda tries=tries: tries.append(1) or files.remove("/access")
        assert lives(house, 1, 25) == 0
        assert len(tries) == 3, of


def test_hours_go_on_though_something_ends_each_round():
    """What nobody has thought of ends housekeeping, which begins anew; no notice and no lease waits."""
    house = House()
    time = Time(200, {n: lambda: setattr(time, "ms", time.ms + 59_000) for n in range(200)})
    keeper = Housekeeping(Settings, house, house, house.register, house, house)

    async def fails():
        raise ValueError

    keeper._tend = fails
    room.asyncio = time
    try:
        for _ in range(150):
            try:
                asyncio.run(keeper.run())
            except ValueError:
                pass
    finally:
        room.asyncio = asyncio
    assert house.numbers.get(LIVED) == 2


def hours_counted(*passing_ms):
    """How many hours a lock counts while, every other second, so much time passes."""
    house = House()
    house.numbers.set(LIVED, 40)

    def passes(ms):
        def happens():
            house.time.ms += ms

        return happens

    house.keep(26, {1 + 2 * n: passes(ms) for n, ms in enumerate(passing_ms)})
    return house.numbers.get(LIVED) - 40


def test_hours_under_power_are_counted_once_each_and_what_is_over_is_not_lost():
    hour = HOUR_MS - 1000  # a second passes besides
    assert hours_counted(hour, hour, HOUR_MS - 40_000) == 2
    assert hours_counted(hour, hour, HOUR_MS - 15_000) == 3


def lives(house, starts, minutes):
    """How many hours a lock counts that starts so often, and runs for so many minutes each time."""
    before = house.numbers.get(LIVED)
    for _ in range(starts):
        house.keep(
            minutes, {n: lambda: setattr(house.time, "ms", house.time.ms + 59_000) for n in range(minutes)}
        )
    return house.numbers.get(LIVED) - before


def test_restarts_in_a_row_do_not_make_the_locks_life_stand_still():
    """Else whoever orders them would have notice at the door, and what was decided there, never come due."""
    assert lives(House(), 3, 51) == 2
    assert lives(House(), 7, 11) == 1
    assert lives(House(), 7, 9) == 0, "nothing is counted that was not lived"


def test_hours_are_counted_where_nvs_has_no_place_for_their_parts():
    house = House()
    numbers_set = house.numbers.set

    def full(name, value):
        if name == "lived_part":
            raise OSError(-0x1105)
        numbers_set(name, value)

    house.numbers.set = full
    assert lives(house, 1, 130) == 2


def test_an_nvs_that_is_worn_out_ends_nothing_as_an_hour_is_over():
    house = House()

    def worn(name, value):
        raise OSError(-0x1105)

    house.numbers.set = worn
    assert lives(house, 1, 130) == 0
    assert house.time.second > 130, "it ended before its time"


def test_counts_of_uses_are_tidied_for_each_list_and_not_for_each_second():
    nvs = RamNvs()
    house = House(nvs)
    crowded = b"".join(bytes((n,)) * 6 + b"\1\0" for n in range(60))
    house.numbers.put_blob(USES, crowded)
    house.keep(1)
    assert set(house.numbers.blob(USES, 512)) == {0}, "none of them is in the list"
    house.numbers.put_blob(USES, crowded)

    def same():
        assert house.numbers.blob(USES, 512) == crowded

    def newer():
        list_parts.install(house.credentials, 4, [list_parts.record(d) for d in list_parts.digests(5)])

    house.credentials.version = 3
    before = nvs.commits
    house.keep(6, {2: lambda: house.numbers.put_blob(USES, crowded), 4: same, 5: newer})
    assert set(house.numbers.blob(USES, 512)) == {0}
    assert nvs.commits - before == 3, "at the start, by this test, and for the new list"


def test_without_memory_to_tidy_them_it_is_tried_again_and_the_round_goes_on():
    house = House()
    crowded = b"".join(bytes((n,)) * 6 + b"\1\0" for n in range(60))
    house.numbers.put_blob(USES, crowded)
    whole, missing = house.numbers.blob, [MemoryError(), MemoryError()]

    def blob(name, longest):
        if name == USES and missing:
            raise missing.pop()
        return whole(name, longest)

    house.numbers.blob = blob
    house.keep(4)
    assert not missing
    assert set(whole(USES, 512)) == {0}
    assert house.done.count("residents copied") == 4


def test_while_a_list_or_a_release_comes_nothing_is_tidied_and_the_round_goes_on():
    house = House()
    crowded = b"".join(bytes((n,)) * 6 + b"\1\0" for n in range(60))
    house.numbers.put_blob(USES, crowded)
    turn = None

    def begins():
        nonlocal turn
        turn = house.house.turn
        turn.state = 1  # as if it were acquired, which has to be awaited

    def ends():
        assert house.numbers.blob(USES, 512) == crowded
        turn.release()

    house.keep(5, {0: begins, 3: ends})
    assert set(house.numbers.blob(USES, 512)) == {0}
    assert not turn.locked()
    assert house.done.count("residents copied") == 5
