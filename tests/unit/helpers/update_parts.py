"""Releases and refusals for the tests of updates."""

import os

from small_lock import Release, SmallLock, digest

COMMON = {"app.mpy": b"app" * 500, "door/relay.mpy": b"relay" * 300}
OLD = Release("1.0.0", COMMON)
NEW_FILES = dict(COMMON, **{"log.mpy": b"log" * 300})


def make_lock(*releases, **options):
    lock = SmallLock(OLD, **options)
    for release in releases:
        lock.releases.append(release)
        lock.blobs.update(release.blobs)
    return lock


def tree(folder=""):
    found = {}
    for name, kind, *_ in os.ilistdir(folder or "/"):
        path = folder + "/" + name
        if kind == 0x4000:
            found.update(tree(path))
        else:
            with open(path, "rb") as file:
                found[path] = digest(file.read())
    return found


def refused(lock, release, reason, is_fetched=False):
    """The running slot and all else are as they were; the other slot at most has lost what it held."""
    lock.end()
    lock.start()
    lock.end()
    before = {path: held for path, held in tree().items() if not path.startswith("/slots/b")}
    lock.said, lock.fetched = [], []
    assert lock.run(release) is OLD
    lock.end()
    after = {path: held for path, held in tree().items() if not path.startswith("/slots/b")}
    assert lock.said[-1] == (release.version, "refused", reason), (reason, lock.said)
    assert after == before, reason
    assert bool(lock.fetched) == is_fetched
    assert lock.nvs.values.get("choice", 0) == 0
