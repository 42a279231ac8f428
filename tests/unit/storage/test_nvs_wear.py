"""What a stranger can do to the flash: writes an hour at the worst, and years until it is worn out.

The whole lock on a virtual clock, app.py and all. Counted are entries of NVS (32 bytes: one for a number, two
and the data for a blob) and erased blocks of the file system.
"""

from binascii import hexlify
from hashlib import sha256
from time import ticks_add

from list_parts import offer, record, sign, whole
from ram_numbers import RamNvs
from virtual_lock import KEY, NOW, PIN, Board, Seldom, VirtualLock, clock

from link import subscriptions

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
CYCLES = 100_000  # of a block, by the flash's data sheet
PAGES, GAINED = 6, 63  # of NVS: 24 KB; an erased page has place for 126 entries, and half of them are in use
FREE = 100  # blocks of the file system, of 240, when it holds two long lists and two releases
LEAST_YEARS = 10
COUNT, LONGEST = 1500, 10_000  # records of a list that is sent, and of the longest


class CountingNvs(RamNvs):
    """`entries` were written."""

    entries = 0

    def set_i32(self, name, value):
        self.entries += 1
        super().set_i32(name, value)

    def set_blob(self, name, value):
        self.entries += 2 + (len(value) + 31) // 32
        super().set_blob(name, value)


def worn(what, do, lasts=10 * MINUTE, begin=MINUTE, door=50, larger=1, **settings):
    """Have do(lock) done again and again, as it says when next; years of that until 100,000 cycles."""
    Seldom.times = door
    lock = VirtualLock(**settings)
    Board.nvs = nvs = CountingNvs()
    start, counts = clock.now + begin, []

    def note():
        counts.append((nvs.entries, lock.flash.erased))

    def step():
        wait = do(lock)
        if wait and clock.now + wait < start + lasts:
            clock.at(clock.now + wait, step)

    clock.at(start - 1, note)
    clock.at(start, step)
    clock.at(start + lasts, note)
    lock.run(begin + lasts + SECOND)
    Seldom.times = 50
    (entries, erased), (later, more) = counts
    return years(what, (later - entries) * HOUR / lasts, larger * (more - erased) * HOUR / lasts)


def years(what, entries, erased):
    """Until 100,000 cycles, by entries of NVS and erased blocks in an hour."""
    pages = entries / GAINED
    lasts = min(PAGES * CYCLES / pages if pages else 1e9, FREE * CYCLES / erased if erased else 1e9)
    lasts /= 24 * 365.25
    print(
        "%-52s %7.0f entries of NVS and %6.0f blocks an hour: %s years"
        % (what, entries, erased, "%.0f" % lasts if lasts < 100_000 else "any number of")
    )
    return lasts


def pressing(lock, code):
    for key in code:
        lock.keeper.key(key)


def test_keys_and_cards_wear_nothing_out():
    numbers = iter(range(100_000, 700_000))

    def wrong_code(lock):
        pressing(lock, "%06d#" % next(numbers))
        return SECOND + lock.keeper._gate._throttle.left_ms(clock.now)

    assert worn("wrong codes, as soon as each wait is over", wrong_code, HOUR) > LEAST_YEARS

    def right(lock):
        pressing(lock, PIN.decode() + "#")
        return MINUTE

    assert worn("a right PIN every minute, day and night", right) > LEAST_YEARS

    def card(lock):
        lock.keeper.card(clock.now.to_bytes(4, "big"))
        return SECOND

    assert worn("a stranger's card every second", card, cards={"plain_uid": True}) > LEAST_YEARS


def test_a_door_that_is_shaken_and_a_case_that_is_opened_wear_nothing_out():
    def shaken(pin, every):
        def shake(lock):
            part = getattr(lock.board, pin)
            part.value(1 - part.value())
            return every

        return shake

    for what, pin in (
        ("the leaf opened and closed by force, as fast as it is seen", "contact"),
        ("the case's switch, as fast", "tamper"),
        ("the exit button, as fast", "exit_button"),
    ):
        assert worn(what, shaken(pin, 100), door=5) > LEAST_YEARS

    def hold(lock):
        """Out by the button, and the leaf stands open until it is held open."""
        at = clock.now
        lock.move("exit_button", 0, at)
        lock.move("exit_button", 1, at + 2 * SECOND)
        lock.move("contact", 1, at + 3 * SECOND)
        lock.move("contact", 0, at + 35 * SECOND)
        return 40 * SECOND

    assert worn("the leaf held open again and again", hold) > LEAST_YEARS


def test_whoever_runs_sntp_or_the_broker_wears_nothing_out():
    turns = iter(range(1_000_000))

    def lie(lock):
        ahead = 400 * 86_400 * (next(turns) % 3)
        lock.air.time = lambda: NOW + clock.now // SECOND + ahead
        (keeper,) = lock.timekeepers
        keeper._asked = None
        return 5 * SECOND

    assert worn("SNTP that lies otherwise every five seconds", lie) > LEAST_YEARS

    def cut(lock):
        lock.air.cut()
        return SECOND

    assert worn("a broker that cuts each connection", cut) > LEAST_YEARS

    bad = sign(offer(9, whole([])), key=b"another key" + bytes(21))
    garbage = (b"", b"\xff" * 900, b"{}", bad, sign(offer(1, whole([])), key=KEY))

    def say(lock):
        turn = next(turns)
        for topic in ("list", "command", "update"):
            lock.air.publish("menshen/v1/demo/" + topic, garbage[turn % len(garbage)], turn & 1)
        return 2 * SECOND

    assert worn("garbage and old messages on each topic", say) > LEAST_YEARS


def spoilt(pieces):
    """What a broker sends that has a true head, and not the chunks for it."""
    records = whole(sorted(record(sha256(b"%d" % n).digest()[:16], 2, 1, 2) for n in range(COUNT)))
    name = hexlify(sha256(records).digest()).decode()
    head = sign(offer(2, records), key=KEY)

    def send(lock):
        for n in range(0, len(records), 2048):
            chunk = records[n : n + 2048]
            lock.air.retained["menshen/v1/blob/%s/%d" % (name, n // 2048)] = pieces(chunk, n)
        lock.air.publish("menshen/v1/demo/list", head, True)
        return 5 * MINUTE

    return send


class Attacked(subscriptions.Subscriptions):
    """As after an hour and a half of wrong chunks, when the pauses have their full length (link/blobs.py)."""

    def __init__(self):
        super().__init__()
        self.spoilt = ticks_add(clock.now, -HOUR), HOUR


def test_a_plug_that_is_pulled_wears_nothing_out():
    """Every twenty seconds, whether somebody has typed a wrong code in between or not."""
    for what, code in (
        ("a power cut every twenty seconds", ""),
        ("the same, and a wrong code in each", "402817#"),
    ):
        lock = VirtualLock()
        Board.nvs = nvs = CountingNvs()
        for start in range(12):
            if start == 2:  # the first make what is kept
                before = nvs.entries, lock.flash.erased
            if code:
                lock.type(code, clock.now + 15 * SECOND)
            lock.run(20 * SECOND)
        each = 180 / 10
        entries, erased = (nvs.entries - before[0]) * each, (lock.flash.erased - before[1]) * each
        assert years(what, entries, erased) > LEAST_YEARS


def test_a_flood_of_what_opens_from_afar_wears_nothing_out():
    turns = iter(range(1_000_000))

    def forge(lock):
        lock.air.publish("menshen/v1/demo/tenant", next(turns).to_bytes(24, "big"), 0)
        return 100

    assert worn("a flood of forged messages to open", forge, MINUTE, phone={"remote": True}) > LEAST_YEARS


def test_a_true_head_without_its_chunks_wears_nothing_out():
    subscriptions.Subscriptions = Attacked
    last = COUNT * 32 // 2048 * 2048
    for what, pieces in (
        ("a long list whose chunks are others", lambda chunk, n: bytes(len(chunk))),
        (
            "a long list whose last chunk is another",
            lambda chunk, n: bytes(len(chunk)) if n >= last else chunk,
        ),
        ("a long list whose chunks are too short", lambda chunk, n: chunk[:-1]),
    ):
        assert worn(what, spoilt(pieces), HOUR, larger=LONGEST / COUNT) > LEAST_YEARS
