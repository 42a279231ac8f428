"""A release's head is made of the running one's where the broker tells what differs, else fetched."""

import asyncio

from small_lock import KEYS, Release, delta
from update_parts import COMMON, NEW_FILES, OLD, make_lock

from update.delta import make

CHANGED = Release("1.1.0", dict(NEW_FILES, **{"app.mpy": b"other" * 300}))


class Turns:
    async def __call__(self):
        await asyncio.sleep_ms(0)


def _made(old, new):
    for path, data in (("/old", old.whole), ("/delta", delta(old, new))):
        with open(path, "wb") as file:
            file.write(data)
    asyncio.run(make("/old", "/delta", "/head", Turns()))
    with open("/head", "rb") as file:
        return file.read()


def test_what_differs_makes_the_head_of_any_release_out_of_any_other():
    some = dict(COMMON)
    some.pop("app.mpy")
    every = [Release("1.0.1", files) for files in (COMMON, NEW_FILES, some, {}, CHANGED.contents)]
    every.append(Release("1.0.1", {"a": b"first", "zz/last.mpy": b"last" * 9000}))
    every.append(Release("1.0.1", {"m%03d.mpy" % n: b"many" * n for n in range(1, 120)}))
    make_lock().start()  # its flash
    for old in every:
        for new in every:
            if len(delta(old, new)) < 32768:
                assert _made(old, new) == new.head


def test_then_only_files_that_have_changed_are_fetched():
    for new in Release("1.1.0", NEW_FILES), CHANGED:
        lock = make_lock(new)
        lock.deltas[new.head_name] = delta(OLD, new)
        assert lock.run(new) is new
        changed = {name for name in new.contents if new.contents[name] != OLD.contents.get(name)}
        assert sorted(lock.fetched) == sorted(len(new.contents[name]) for name in changed)


def test_one_that_is_wrong_costs_the_head_and_nothing_else():
    new = Release("1.1.0", NEW_FILES)
    right = delta(OLD, new)
    for wrong in (
        b"",
        right[:12],
        right[:-1],
        right + b"zz 7\n" + bytes(32),
        right[:12] + b"log.mpy x\n" + bytes(32),
        right[:12] + b"log.mpy -900\n" + bytes(32),
        right[:12] + b"log.mpy " + b"9" * 400 + b"\n" + bytes(32),
        right[:12] + b"\n" * 2000,
        b"\xff" * 2048,
        right + bytes(2049 - len(right)),
        delta(new, OLD),
    ):
        lock = make_lock(new)
        lock.deltas[new.head_name] = wrong
        assert lock.run(new) is new, wrong
        assert lock.fetched == [len(new.head), len(NEW_FILES["log.mpy"])], wrong


def test_where_the_running_release_is_damaged_the_whole_head_is_fetched():
    new = Release("1.1.0", NEW_FILES)
    lock = make_lock(new)
    lock.deltas[new.head_name] = delta(OLD, new)
    lock.start()
    lock.end()
    with open("/slots/a.pack", "r+b") as file:
        file.seek(len(OLD.head) - len(KEYS) % 32 - 40)
        file.write(b"rot")
    damaged = Release("1.0.0", COMMON)
    with open("/slots/a.pack", "rb") as file:
        damaged.whole = file.read()
    lock.releases = [damaged, new]
    assert lock.run(new) is new
    assert len(new.head) in lock.fetched


def test_a_full_flash_is_told_by_what_comes_after_it():
    new = Release("1.1.0", dict(NEW_FILES, **{"big%d.mpy" % n: bytes((n,)) * 9000 for n in range(4)}))
    lock = make_lock(new, blocks=16)
    lock.deltas[new.head_name] = delta(OLD, new)
    assert lock.run(new) is OLD
    assert lock.said[-1] == ("1.1.0", "refused", "flash full")
    assert lock.opens()
