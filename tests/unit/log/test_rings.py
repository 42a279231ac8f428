"""The rings in the flash: what a phone can read of them, what is written of one hour, and who finds what."""

import json

from ram_flash import RamFlash

from log import rings
from log.entry import ENTRIES, LOGS
from log.rings import KEY, PATH, RING, Rings, push, step
from storage.hmac import Mac

ID = bytes(range(16))
FREE, CYCLES = (
    100,
    100_000,
)  # blocks beside two long lists and two releases; erasures, by the flash's data sheet
FIRST = bytes(range(100, 116))


def entry(n):
    return n.to_bytes(4, "little") + b"\1\1\0\0"


def opened(key, ring):
    """What a phone reads of a ring that one batch sealed: contents, newest first, and what lay below."""
    below, found = push(key, ring, []), []
    for place in range(ENTRIES):
        block = below[16 * place : 16 * place + 16]
        tag = Mac(key).digest(b"menshen log tag v1", bytes((place,)), block[:8])[:8]
        if block[8:] != tag:
            break
        found.append(block[:8])
    return found, below[16 * len(found) :]


def read_all(keys, ring):
    """The same through all hours, of which these were the keys."""
    every = []
    for key in reversed(keys):
        found, ring = opened(key, ring)
        every += found
        ring += bytes(RING - len(ring))
    return every


def fresh():
    flash = RamFlash("/access", 64)
    return flash, Rings()


def test_a_phone_reads_what_came_in_each_hour_newest_first():
    _, kept = fresh()
    kept.begin(2, ID, FIRST)
    keys, key, told = [], FIRST, []
    for hour in range(40):
        keys.append(key)
        new = [entry(10 * hour + n) for n in range(hour % 4, 0, -1)]
        Rings().move_on({2: new})
        told = new + told
        key = step(key)
    kept = Rings()
    assert kept.steps == 40
    assert kept.names[2] == ID
    slot = kept.read(2)
    assert slot[KEY : 2 * KEY] == key
    assert read_all(keys, slot[2 * KEY :]) == told[:ENTRIES]


def test_the_key_that_is_left_opens_nothing_that_came_before():
    _, kept = fresh()
    kept.begin(0, ID, FIRST)
    Rings().move_on({0: [entry(n) for n in range(9)]})
    slot = Rings().read(0)
    key, ring = slot[KEY : 2 * KEY], slot[2 * KEY :]
    assert key != FIRST
    assert opened(FIRST, ring)[0] == [entry(n) for n in range(9)]
    for _ in range(50):
        assert opened(key, ring)[0] == []
        key = step(key)


def test_more_than_there_is_place_for_drives_the_oldest_out():
    sealed = push(FIRST, bytes(RING), [entry(n) for n in range(ENTRIES + 5)])
    assert opened(FIRST, sealed) == ([entry(n) for n in range(ENTRIES)], b"")


def test_every_hour_is_one_file_of_one_size_whoever_keeps_a_log():
    erased = []
    for logs in range(LOGS + 1):
        flash, kept = fresh()
        for place in range(logs):
            kept.begin(place, bytes((place,)) * 16, FIRST)
            kept = Rings()
        for hour in range(60):
            before = flash.erased
            Rings().move_on({place: [entry(hour)] * (hour % 3) for place in range(logs)})
            erased.append(flash.erased - before)
        with open(PATH, "rb") as file:
            assert len(file.read()) == 4 + LOGS * (32 + RING) <= 4096
    mean = sum(erased) / len(erased)
    years = FREE * CYCLES / mean / (24 * 365.25)
    print(
        "blocks erased by a batch: %.2f, at most %d; %.0f years until they are worn out"
        % (mean, max(erased), years)
    )
    assert mean < 1.3
    assert years > 100
    assert max(erased) <= 3  # the file's, and the two of its folder when they are full


def test_what_is_erased_is_random_and_the_others_stay():
    fresh()
    for place in range(LOGS):
        Rings().begin(place, bytes((place,)) * 16, FIRST)
    before = [Rings().read(place) for place in range(LOGS)]
    Rings().erase([0, 3])
    after = [Rings().read(place) for place in range(LOGS)]
    assert (after[0], after[3]) == (before[0], before[3])
    for place in (1, 2):
        assert all(before[place][at : at + 16] not in after[place] for at in range(0, 64, 16))


def test_a_file_of_another_size_is_none():
    _, kept = fresh()
    kept.begin(1, ID, FIRST)
    with open(PATH, "ab") as file:
        file.write(b"x")
    assert Rings().names == [b""] * LOGS
    Rings().move_on({})
    assert Rings().steps == 1
    assert ID not in Rings().names


def test_it_is_as_the_published_vectors_say():
    with open("../../vectors/log.json") as file:
        vectors = json.load(file)
    for one in vectors["rings"]:
        key, ring = bytes.fromhex(one["key"]), bytes.fromhex(one["ring"])
        contents = [bytes.fromhex(content) for content in one["contents"]]
        sealed = push(key, ring, contents)
        assert sealed == bytes.fromhex(one["sealed"])
        assert rings.step(key) == bytes.fromhex(one["next"])
