"""A resident opens from afar by one message, once and within a minute; a flood of others opens nothing."""

import asyncio
import gc
import json
import random
import struct
from binascii import unhexlify
from hashlib import sha256

from ram_nvs import RamNVS, cut_everywhere

from access.guest_key import complete
from commands.opening import SIZE, whose
from storage.hmac import Mac
from storage.nvs import Numbers

KEY, OTHER, STRANGE = (complete(bytes([n] * 14)) for n in (1, 2, 3))
NOW = 1_790_000_000


def message(time=NOW, key=KEY, lock="demo", named=None):
    head = sha256(b"menshen guest key" + (named or key)).digest()[:4] + struct.pack("<I", time)
    return head + Mac(key).digest(b"menshen tenant v1", lock.encode(), head)[:16]


def judge(*parts):
    return asyncio.run(whose(*parts))


class Lock:
    def __init__(self, nvs=None):
        self.nvs = nvs or RamNVS()

    def get(self, data, now=NOW, keys=((7, KEY), (9, OTHER))):
        return judge("demo", data, iter(keys), Numbers(self.nvs), now)


def test_published_vectors():
    with open("../../vectors/remote_opening.json") as file:
        vectors = json.load(file)["vectors"]
    assert len(vectors) == 6
    for vector in vectors:
        pairs = ((5, unhexlify(vector["key"])),)
        data = unhexlify(vector["message"])
        got = judge(vector["lock"], data, iter(pairs), Numbers(RamNVS()), vector["time"])
        assert got == 5, vector
        assert judge("other", data, iter(pairs), Numbers(RamNVS()), vector["time"]) is None


def test_the_one_whose_key_it_is():
    assert Lock().get(message()) == 7
    assert Lock().get(message(key=OTHER)) == 9
    assert Lock().get(message(key=STRANGE)) is None
    assert Lock().get(message(key=STRANGE, named=KEY)) is None
    assert Lock().get(message(lock="demo2")) is None


def test_within_a_minute_and_never_without_a_clock():
    for late, opens in ((0, True), (60, True), (61, False), (86_400, False), (-30, True), (-31, False)):
        assert (Lock().get(message(), NOW + late) == 7) == opens
    assert Lock().get(message(), None) is None


def test_once_and_none_before_it_over_power_cuts_and_a_clock_set_back():
    lock = Lock()
    assert lock.get(message(NOW - 1)) == 7
    assert lock.get(message(NOW - 1)) is None
    assert lock.get(message(NOW - 2)) is None
    assert lock.get(message(NOW - 2, OTHER)) == 9
    for _ in range(2):
        lock.nvs.restart()
        lock = Lock(lock.nvs)
        assert lock.get(message(NOW - 1)) is None
        assert lock.get(message(NOW - 2, OTHER)) is None
        assert lock.get(message(NOW - 3, OTHER), NOW - 30) is None
    assert lock.get(message(NOW)) == 7
    assert Lock(lock.nvs).get(message(NOW - 40), NOW - 30) is None


def test_a_message_dated_ahead_at_a_lock_whose_clock_was_too_keeps_nobody_else_out():
    """SNTP was forged when a flatmate, or who has been one, opened; then the clock is right again."""
    year = 365 * 86_400
    lock = Lock()
    assert lock.get(message(NOW)) == 7
    assert lock.get(message(NOW + year, OTHER), NOW + year) == 9
    for at in (NOW + 40, NOW + 80):
        assert lock.get(message(NOW)) is None
        assert lock.get(message(NOW + year, OTHER), NOW + year) is None, "once, whatever clocks do"
        assert lock.get(message(at), at) == 7
        assert lock.get(message(at), at) is None
        lock.nvs.restart()
        lock = Lock(lock.nvs)
        assert lock.get(message(at + 1), None) is None
        assert lock.get(message(at), at) is None
    # and whose it was makes another key at the keypad
    assert lock.get(message(NOW + 60, OTHER), NOW + 60) is None
    assert lock.get(message(NOW + 60, STRANGE), NOW + 60, ((7, KEY), (9, STRANGE))) == 9


def test_one_who_makes_a_hundred_keys_keeps_nobody_out_either():
    """Each message is dated ahead; what a key has that is no more goes first."""
    lock, far = Lock(), NOW + 10**8
    for n in range(100):
        mine = complete(bytes([100 + n] * 14))
        assert lock.get(message(far + n, mine), far + n, ((7, KEY), (9, mine))) == 9
    assert lock.get(message(NOW)) == 7
    assert lock.get(message(NOW)) is None
    assert len(lock.nvs.kept["afar_at"]) <= 4 + 32 * 8


def test_more_keys_than_places_open_once_each():
    lock, now = Lock(), NOW
    keys = [(n, complete(bytes([n] * 14))) for n in range(1, 100)]
    sent = [message(NOW + n, key) for n, (_, key) in enumerate(keys)]
    for again in range(2):
        for n, data in enumerate(sent):
            assert lock.get(data, NOW + n, keys) == (None if again else keys[n][0])
    random.seed(12)
    for _ in range(300):
        n = random.randrange(len(keys))
        now += 1
        sent.append(message(now + 200, keys[n][1]))
        assert lock.get(sent[-1], now + 200, keys) == keys[n][0]
        old = random.choice(sent)
        assert lock.get(old, struct.unpack("<I", old[4:8])[0], keys) is None


def test_others_have_a_turn_between_two_of_the_256_keys_of_a_house_door():
    """As many for whatever comes."""
    keys = [(n, complete(bytes([n] * 14))) for n in range(256)]

    async def story(data):
        task = asyncio.create_task(whose("demo", data, iter(keys), Numbers(RamNVS()), NOW))
        turns = 0
        while not task.done():
            turns += 1
            await asyncio.sleep_ms(0)
        return await task, turns

    sent = message(key=keys[3][1]), message(key=keys[250][1]), message(key=b"x" * 16), bytes(SIZE)
    found = [asyncio.run(story(data)) for data in sent]
    assert [lease for lease, _ in found] == [3, 250, None, None]
    assert min([turns for _, turns in found]) >= 256
    assert len({turns for _, turns in found}) == 1


def test_where_the_table_of_keys_cannot_be_read_nobody_opens():
    def broken():
        yield 7, KEY
        raise OSError(5)

    assert judge("demo", message(), broken(), Numbers(RamNVS()), NOW) is None


def test_a_slip_in_any_bit_opens_nothing():
    good = message()
    for bit in range(8 * SIZE):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        assert Lock().get(bad) is None
    for size in (0, 1, SIZE - 1, SIZE + 1, 200):
        assert Lock().get((good * 10)[:size]) is None


def test_where_nvs_takes_nothing_nobody_opens():
    lock = Lock()
    lock.nvs.full = True
    assert lock.get(message()) is None


def test_cuts_at_every_operation_open_once_at_most():
    def check(nvs, state, done):
        again = Lock(nvs).get(message())
        assert not (done == 7 and again == 7)
        assert Lock(nvs).get(message()) is None or again is None

    cuts = cut_everywhere(lambda nvs: None, lambda nvs, _: Lock(nvs).get(message()), check)
    print("opening from afar: %d cuts" % cuts)
    assert cuts == 8


def _torn(good):
    return good[: random.randrange(SIZE)]


def _changed(good):
    bad = bytearray(good)
    bad[random.randrange(SIZE)] ^= random.randrange(1, 256)
    return bad


def test_100000_messages_of_others_open_nothing():
    """Forged, repeated, late, early, reordered, torn, long; the resident's own in between do open."""
    random.seed(14)
    opened, own, now, lock, sent = 0, 0, NOW, Lock(), [message(NOW - 1)]
    enemy = (
        lambda: random.choice(sent),
        lambda: message(now, STRANGE, named=KEY),
        lambda: message(now - 61 - random.randrange(1000)),
        lambda: message(now + 31 + random.randrange(1000)),
        lambda: message(now, lock="flat-2"),
        lambda: _changed(sent[-1]),
        lambda: _torn(sent[-1]),
        lambda: bytes([random.randrange(256) for _ in range(random.randrange(40))]),
        lambda: sent[-1] * random.randrange(2, 100),
    )
    assert lock.get(sent[0], now) == 7
    gc.collect()
    used = gc.mem_alloc()
    for n in range(100_000):
        now = NOW + n // 10
        if n % 5000 == 0:
            sent.append(message(now))
            own += lock.get(sent[-1], now) == 7
        opened += lock.get(random.choice(enemy)(), now) is not None
    print("100000 messages: %d opened, beside %d of the resident's own" % (opened, own))
    assert (opened, own) == (0, 20)
    gc.collect()
    assert gc.mem_alloc() - used < 4096, "what it keeps of a flood"
