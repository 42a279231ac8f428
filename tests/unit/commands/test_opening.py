"""A resident opens from afar by one message, once and within a minute; a flood of others opens nothing."""

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


class Lock:
    def __init__(self, nvs=None):
        self.nvs = nvs or RamNVS()

    def get(self, data, now=NOW):
        return whose("demo", data, iter(((7, KEY), (9, OTHER))), Numbers(self.nvs), now)


def test_published_vectors():
    with open("../../vectors/remote_opening.json") as file:
        vectors = json.load(file)["vectors"]
    assert len(vectors) == 6
    for vector in vectors:
        pairs = ((5, unhexlify(vector["key"])),)
        data = unhexlify(vector["message"])
        got = whose(vector["lock"], data, iter(pairs), Numbers(RamNVS()), vector["time"])
        assert got == 5, vector
        assert whose("other", data, iter(pairs), Numbers(RamNVS()), vector["time"]) is None


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
    assert lock.get(message(NOW - 2, OTHER)) is None
    lock.nvs.restart()
    assert lock.get(message(NOW - 1)) is None
    assert lock.get(message(NOW)) == 7
    assert Lock(lock.nvs).get(message(NOW - 40), NOW - 30) is None


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
