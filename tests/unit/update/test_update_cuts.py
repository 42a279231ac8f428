"""The power goes in every flash operation of an update and of the way back: always a whole release starts.

Every cut tears the operation that it falls into, as in the simulator of MCUboot; how many is printed. By day
every eighth operation of an application's update is torn, in four ways by turns, and every twentieth of the
other stories.
"""

import os

from knife_flash import PowerCut
from small_lock import Release, SmallLock, delta

COMMON = {"%s.mpy" % name: name.encode() * 700 for name in ("app", "board", "door/relay", "link/mqtt")}
OLD = Release("1.0.0", dict(COMMON, **{"log.mpy": b"old log" * 200, "gone.mpy": b"gone" * 100}))
NEW = Release("1.1.0", dict(COMMON, **{"log.mpy": b"new log" * 300, "added.mpy": b"added" * 900}))
MOST = 2000
BY_NIGHT = os.getenv("MENSHEN_NIGHTLY")
SEEDS = 1, 2, 3, 4


def image(fill, size=41_000):
    head = bytearray(b"\xe9" + bytes(31) + b"\x32\x54\xcd\xab")
    return bytes(head) + bytes((fill,)) * (size - len(head))


def padded(data):
    return data + b"\xff" * (65536 - len(data))


def make_lock(new, told=False, **options):
    """`told`: the broker tells what the new head differs in."""
    lock = SmallLock(OLD, **options)
    if told:
        lock.deltas[new.head_name] = delta(OLD, new)
    lock.releases.append(new)
    lock.blobs.update(new.blobs)
    return lock


def check(lock, new_image=None):
    """Settled: confirmed, whole, and MicroPython is that of the release."""
    assert lock.opens()
    assert lock.nvs.values.get("choice", 0) == lock.slot
    if new_image:
        is_new = lock.release is not OLD
        assert (bytes(lock.ota.images[lock.ota.runs]) == padded(new_image)) == is_new
        assert lock.ota.state == lock.ota.VALID


def cut_everywhere(
    what, new, works=lambda release: True, end=None, new_image=None, seed=1, step=20, first=1, **options
):
    """Cut in the 1st, 2nd, ... operation until the story comes to its end whole; by day in each `step`th."""
    lock = make_lock(new, **options)
    before = lock.save()
    ends = set()
    for cuts, n in enumerate(range(1, MOST) if BY_NIGHT else range(first, MOST, step)):
        lock.end()
        lock.restore(before)
        lock.knife.set(n, seed)
        try:
            lock.run(new, works=works)
            fell = False
        except PowerCut:
            fell = True
        lock.knife.set(0)
        after = lock.save()
        lock.restore(after)
        lock.run(None, works=works)  # the network never comes back: it settles on a whole release
        check(lock, new_image)
        ends.add(lock.release.version)
        lock.end()
        lock.restore(after)
        lock.run(new, works=works)  # the network is there: it ends on the one it should
        check(lock, new_image)
        assert lock.release.version == (end or new.version), (n, lock.said[-5:])
        if not fell:
            print("%s: a whole release after each of %d cuts in %d operations" % (what, cuts, n - 1))
            return n - 1, ends
    raise ValueError("no end")


def test_cuts_in_download_check_switch_trial_and_confirmation():
    for seed in SEEDS:
        what = "application, tears %d" % seed
        told = seed % 2 == 0
        cuts, ends = cut_everywhere(what, NEW, seed=seed, step=8 * len(SEEDS), first=8 * seed, told=told)
        assert cuts > 60
        assert ends == {"1.0.0", "1.1.0"}


def test_cuts_on_the_way_back():
    cuts, ends = cut_everywhere(
        "a release that does not work", NEW, works=lambda release: release is OLD, end="1.0.0"
    )
    assert cuts > 60
    assert ends == {"1.0.0"}


def test_cuts_with_an_image_of_micropython():
    new_image = image(0x22)
    new = Release("1.1.0", dict(COMMON, **{"log.mpy": b"new log" * 300}), new_image)
    cuts, ends = cut_everywhere(
        "application and image", new, images=[padded(image(0x11)), b"\xff" * 65536], new_image=new_image
    )
    assert cuts > 100
    assert ends == {"1.0.0", "1.1.0"}


def test_cuts_on_the_way_back_from_an_image():
    new_image = image(0x22)
    new = Release("1.1.0", dict(COMMON, **{"log.mpy": b"new log" * 300}), new_image)
    cuts, ends = cut_everywhere(
        "image that does not work",
        new,
        works=lambda release: release is OLD,
        end="1.0.0",
        images=[padded(image(0x11)), b"\xff" * 65536],
        new_image=new_image,
    )
    assert cuts > 100
    assert ends == {"1.0.0"}
