"""Whoever takes the lock, and knows its key and the operator's file, cannot tell whether there were entries.

What NVS and files give back is theirs. What old pages of the flash keep beyond that is counted and printed.
"""

import gc
import os
import random

from log_parts import LogPhone
from people_parts import KEY, House, lease_of, record
from ram_flash import RamFlash

from log.rings import RING, Rings, push, step
from people.logs import hand_over, move_on
from roll.record import PIN, TENANT
from storage.hmac import Mac

NIGHTLY = os.getenv("MENSHEN_NIGHTLY")
TRIALS = 1000 if NIGHTLY else 50
HOURS, ENTRIES = 8, 100  # before the last hand-over
FLASH = bytearray(4096 * 24)
SIGMAS = 5


def lived(entries, trial):
    """A lock some hours after it was read for the last time, and the key by which its log began."""
    gc.collect()
    RamFlash("/access", 24, FLASH)
    house = House(record(900), lease_of(1, 0, 0), flash=False)
    who, phone = house.move_in(1), LogPhone()
    begun = hand_over(house.register, who, 0, Mac(KEY).digest(b"%d" % trial, os.urandom(32))[:16])[24:40]
    for hour in range(HOURS):
        for _ in range(entries * hour // HOURS, entries * (hour + 1) // HOURS):
            house.register.note(PIN | TENANT << 4, 1, 0, 1, who.number)
        move_on(house.register)
    phone.read(hand_over(house.register, who, 0, KEY))
    move_on(house.register)
    return house, begun


def taken():
    """All that the files give back: name to contents."""
    found = {}
    for name in os.listdir("/access"):
        with open("/access/" + name, "rb") as file:
            found[name] = file.read()
    return found


def tags_right(key, ring):
    """How many entries a key opens at the front."""
    below = push(key, ring, [])
    right = 0
    while right < RING // 16:
        block = below[16 * right : 16 * right + 16]
        if Mac(key).digest(b"menshen log tag v1", bytes((right,)), block[:8])[:8] != block[8:]:
            break
        right += 1
    return right


def guesses(files):
    """What the attacker makes of it, by each of their ways: True stands for a hundred entries."""
    slot = Rings().read(0)
    key, ring = slot[16:32], slot[32:]
    opened, later = 0, key
    for _ in range(20):
        opened += tags_right(later, ring)
        later = step(later)
    blocks = {ring[at : at + 16] for at in range(0, RING, 16)}
    ones = sum(bin(byte).count("1") for byte in ring)
    spread = sum((ring.count(bytes((byte,))) - RING / 256) ** 2 for byte in range(256))
    lock = Mac(KEY)
    return {
        "keys of the hours to come": opened > 0,
        "the lock's key": tags_right(KEY[:16], ring) + tags_right(lock.digest(key)[:16], ring) > 0,
        "blocks that are there twice": len(blocks) < RING // 16,
        "more ones than zeros": ones > RING * 4,
        "entries in clear": ring.count(b"\0") > 20,
        "uneven bytes": spread > RING * 255 / 256,
        "the front against the end": sum(ring[: RING // 2]) > sum(ring[RING // 2 :]),
        "the ring against its key": Mac(key).digest(ring)[0] > 127,
        "all files": sum(sum(data) for data in files.values()) & 1 == 1,
    }


def test_nobody_who_takes_the_lock_can_tell_a_hundred_entries_from_none():
    random.seed(20_261_126)
    right, sizes, numbers = {}, set(), set()
    for trial in range(TRIALS):
        truth = random.randrange(2) == 1
        house, begun = lived(ENTRIES * truth, trial)
        files = taken()
        sizes.add(tuple(sorted((name, len(data)) for name, data in files.items())))
        kept = house.nvs.kept
        numbers.add(tuple(sorted((n, v if isinstance(v, int) else len(v)) for n, v in kept.items())))
        for way, guess in guesses(files).items():
            right[way] = right.get(way, 0) + (guess == truth)
        if trial < 20:  # with the key of the first hour, which a phone or an old page has, it is told at once
            mine, ring, found = begun, Rings().read(0)[32:], 0
            keys = []
            while mine != Rings().read(0)[16:32]:
                keys.append(mine)
                mine = step(mine)
            for key in reversed(keys):
                count = tags_right(key, ring)
                ring = push(key, ring, [])[16 * count :] + bytes(16 * count)
                found += count
            assert (found > 50) == truth
    assert len(sizes) == len(numbers) == 1, "files and numbers are as many and as long"
    most = SIGMAS * (TRIALS**0.5) / 2
    for way, count in sorted(right.items()):
        print("%-30s right in %d of %d" % (way, count, TRIALS))
        assert abs(count - TRIALS / 2) <= max(most, 1), way


def test_what_the_pages_of_the_flash_keep_of_old_keys_is_counted():
    for blocks, full, hours in ((240, 140, 500), (240, 200, 200)) if NIGHTLY else ((240, 140, 250),):
        gc.collect()
        data = bytearray(4096 * blocks)
        flash = RamFlash("/access", blocks, data)
        for n in range(full):
            with open("/access/list%d" % n, "wb") as file:
                file.write(bytes(4096))
        key, keys = os.urandom(16), []
        Rings().begin(0, b"a name of a log.", key)
        begun = flash.erased
        for _ in range(hours):
            keys.append(key)
            Rings().move_on({0: []})
            key = step(key)
        assert data.find(key) >= 0
        kept = [hour for hour, old in enumerate(keys) if data.find(old) >= 0]
        print(
            "%d of %d blocks free: pages keep %d keys of %d hours, back to %d hours ago; %.2f erased an hour"
            % (blocks - full, blocks, len(kept), hours, hours - kept[0], (flash.erased - begun) / hours)
        )
        assert 0 < len(kept) <= blocks - full, "no more than there are free blocks"
