"""Commands from a tenant's own broker: who has the code is let in, once, now, and nobody else ever."""

import json
from binascii import hexlify, unhexlify
from hashlib import sha256

from ram_nvs import RamNVS, cut_everywhere

from access.guest_key import letters
from home.commands import judge
from storage.nvs import Numbers

NOW = 1764032400
MS = NOW * 1000
KEY, OTHER = bytes(range(16)), bytes(range(16, 32))
KEYS = [(7, KEY), (9, OTHER)]


class Clock:
    def __init__(self):
        self.at, self.passed = NOW, 0

    def now(self):
        return self.at


class Lock:
    def __init__(self, nvs=None, lock_id="demo", keys=None):
        self.nvs = nvs or RamNVS()
        self.clock, self.keys, self.id = Clock(), keys or KEYS, lock_id

    def take(self, message, retained=False):
        return judge(message, retained, self.id, self.keys, self.clock, Numbers(self.nvs))


def digest(data):
    return hexlify(sha256(data).digest())


def signed(command="UNLOCK", time=MS, key=KEY, lock="demo", code=None, **more):
    code = letters(key).encode() if code is None else code
    said = b"menshen home v1 %s %s %d" % (lock.encode(), command.encode(), time)
    order = {"command": command, "time": time, "mac": digest(code + digest(code + said)).decode()}
    order.update(more)
    return json.dumps(order).encode()


def test_the_vectors_made_elsewhere():
    with open("../../vectors/home_commands.json") as file:
        vectors = json.load(file)
    assert len(vectors) == 6
    for vector in vectors:
        key, time = unhexlify(vector["key"]), vector["time"]
        assert letters(key) == vector["code"]
        lock = Lock(lock_id=vector["lock"], keys=[(5, key)])
        lock.clock.at = time // 1000
        message = json.dumps({name: vector[name] for name in ("command", "time", "mac")})
        wanted = 5 if vector["command"] == "UNLOCK" else 0
        assert lock.take(bytearray(message.encode())) == wanted, vector
        assert lock.take(message.encode()) is None


def test_each_code_is_its_leases():
    lock = Lock()
    assert lock.take(signed()) == 7
    assert lock.take(signed(key=OTHER)) == 9
    assert lock.take(signed("LOCK", MS + 1)) == 0


def test_a_replayed_command_is_refused_also_after_a_restart():
    lock = Lock()
    message = signed()
    assert lock.take(message) == 7
    assert lock.take(message) is None
    lock.nvs.restart()
    assert lock.take(message) is None
    assert lock.take(signed(time=MS + 1)) == 7


def test_of_two_in_the_wrong_order_the_older_is_refused():
    lock = Lock()
    assert lock.take(signed(time=MS + 2)) == 7
    assert lock.take(signed(time=MS + 1)) is None
    assert lock.take(signed(time=MS + 1, key=OTHER)) == 9, "another tenant's clock is another"


def test_who_has_pressed_lock_voids_what_was_pressed_before():
    lock = Lock()
    assert lock.take(signed("LOCK", MS + 2)) == 0
    assert lock.take(signed(time=MS + 1)) is None


def test_a_retained_one_and_a_long_one_are_refused_and_not_spent():
    lock = Lock()
    assert lock.take(signed(), retained=True) is None
    assert lock.take(None) is None
    assert lock.take(signed()) == 7


def test_a_minute_old_or_early_is_good_and_more_is_not():
    for time, good in ((-60_000, True), (60_000, True), (-60_001, False), (60_001, False)):
        assert (Lock().take(signed(time=MS + time)) == 7) == good, time


def test_without_a_clock_nothing_is_obeyed():
    lock = Lock()
    lock.clock.at = None
    assert lock.take(signed()) is None


def test_what_had_expired_stays_expired_when_the_clock_is_set_back():
    lock = Lock()
    lock.clock.passed = NOW + 61
    assert lock.take(signed()) is None
    assert lock.take(signed(time=MS + 2000)) == 7


def test_another_lock_another_code_and_no_code():
    lock = Lock()
    for message in (
        signed(lock="other"),
        signed(key=b"x" * 16),
        signed(code=b""),
        signed(code=KEY),
        signed(code=hexlify(KEY)),
    ):
        assert lock.take(message) is None
    lock.keys = []
    assert lock.take(signed(code=b"")) is None
    assert lock.take(signed()) is None
    assert lock.nvs.operations == 0, "what anybody can send costs no flash"


def test_a_code_that_was_given_up_is_no_good_and_a_new_one_begins_anew():
    lock = Lock()
    assert lock.take(signed(time=MS + 50_000)) == 7
    lock.keys = [(7, b"n" * 16)]
    assert lock.take(signed(time=MS + 50_001)) is None
    assert lock.take(signed(time=MS, key=b"n" * 16)) == 7
    assert len(lock.nvs.kept["home_marks"]) == 12, "the old mark is gone"


def test_marks_of_six_tenants_fit():
    lock = Lock(keys=[(n, bytes([n]) * 16) for n in range(1, 7)])
    for time in (MS, MS + 1):
        for lease, key in lock.keys:
            assert lock.take(signed(time=time, key=key)) == lease
            assert lock.take(signed(time=time, key=key)) is None


def test_what_is_signed_cannot_be_lengthened_or_split_otherwise():
    """The code stands in front of each hash, and the command and the time have but one form."""
    lock = Lock()
    good = json.loads(signed())
    for change in (
        {"command": "UNLOCK "},
        {"command": "LOCK"},
        {"command": ["UNLOCK"]},
        {"command": None},
        {"time": str(MS)},
        {"time": float(MS)},
        {"time": True},
        {"time": -MS},
        {"time": MS * 10},
        {"time": 1 << 80},
        {"mac": good["mac"][:-1]},
        {"mac": good["mac"].upper()},
        {"mac": good["mac"][:-1] + "\xe9"},
        {"mac": 5},
        {"mac": None},
        {"more": 1},
    ):
        order = dict(good)
        order.update(change)
        assert lock.take(json.dumps(order).encode()) is None, change
    assert lock.take(signed("OPEN")) is None
    assert lock.nvs.operations == 0
    assert lock.take(signed()) == 7


def test_mangled_ones_are_refused():
    lock, good = Lock(), signed()
    for text in (b"", b"UNLOCK", b"[]", b"5", b"null", b'"UNLOCK"', b"{}", b"[" * 256, b"\xff" * 20):
        assert lock.take(text) is None, text
    for place in range(len(good)):
        for other in (b"", b"\0", b"\xff", b"9", b"}", b'"'):
            bad = good[:place] + other + good[place + 1 :]
            if bad == good or place == len(good):
                continue
            try:
                if json.loads(bad) == json.loads(good):
                    continue  # a space more or less is none of anybody's
            except ValueError:
                pass
            assert lock.take(bad) is None, bad
    assert lock.take(good) == 7


def test_a_full_or_worn_nvs_lets_nobody_in():
    lock = Lock()
    lock.nvs.full = True
    assert lock.take(signed()) is None


def test_a_power_cut_between_the_mark_and_the_bolt_opens_once_at_most():
    message, opened = signed(), []

    def check(nvs, lock, done):
        opened.append((done is not None) + (Lock(nvs).take(message) is not None))

    cuts = cut_everywhere(Lock, lambda nvs, lock: lock.take(message), check)
    assert cuts >= 6
    assert max(opened) == 1
    assert 0 in opened, "the mark was there and the bolt was not: the command is void"
    print("home command: %d cuts, good once at most" % cuts)
