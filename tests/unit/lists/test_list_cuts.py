"""The power goes in every flash operation of a list's taking: the tenant opens after each of them.

Every cut tears the operation that it falls into; with a flash that reorders, what came before it since the
last sync may be missing too. How many cuts that were is printed. By day each operation is torn in one of
two ways, and of the snapshot every second.
"""

import asyncio
import os

import vfs
from knife_flash import BLOCK, Flash, Knife
from list_parts import PUT, REMOVE, delta, digests, offer, opened, record, sign, tend, whole
from lock_with_list import sync_of
from postman import Postman
from reordering_flash import CutFlash, ReorderingFlash
from unmounting import unmount

TENANT = b"\x55" * 16
_BLOCKS = 40
_MOST = 3000
_SEEDS, _STEP, _LONG_STEP = (range(10), 1, 1) if os.getenv("MENSHEN_NIGHTLY") else (range(2), 2, 4)


def listing(*others):
    return sorted([record(TENANT, 9)] + [record(d) for d in others])


OLD = listing(*digests(300))
NEW = listing(*digests(330, b"new"))
FRESH = digests(3, b"fresh")
CHANGES = delta(*sorted([(PUT, record(d)) for d in FRESH] + [(REMOVE, OLD[7])], key=lambda c: c[1]))
MERGED = sorted([r for r in OLD if r != OLD[7]] + [record(d) for d in FRESH])


class Reports:
    def __init__(self):
        self.said = []

    def list_accepted(self, version, base, digest):
        self.said.append(version)

    def list_refused(self, version, reason):
        self.said.append(reason)


def mount(data, knife, kind=CutFlash):
    asyncio.new_event_loop()
    unmount("/access")
    vfs.mount(vfs.VfsLfs2(kind(knife, data), readsize=32, progsize=32, lookahead=32), "/access")


async def approve(listed):
    """The lease guard, which wants the tenant."""
    if not any(digest == TENANT for digest, _ in listed()):
        raise ValueError


def take(*heads):
    """Take these lists one after the other; what was said, and the chunks fetched."""
    post, reports = Postman(whole(OLD), whole(NEW), whole(MERGED)), Reports()
    credentials = opened()

    async def run():
        for head in heads:
            await sync_of(credentials, approve, reports, post).receive([head], 0, lambda now, echo: None)

    asyncio.run(run())
    return reports.said, post.chunks()


def start(*heads):
    """A flash that holds what these lists make of it, and its spare copy."""
    data = bytearray(b"\xff" * (BLOCK * _BLOCKS))
    vfs.VfsLfs2.mkfs(Flash(Knife(), data))
    mount(data, Knife())
    take(*heads)
    tend(opened())
    return bytes(data)


def holds(wanted):
    """The version in force, which must be one of these, whole, with the tenant in it."""
    credentials = opened()
    assert credentials.whole
    found = [digest for digest, _ in credentials.each()]
    assert found == [r[:16] for r in wanted[credentials.version]], credentials.version
    tenant = credentials.find(TENANT)
    assert tenant is not None
    assert tenant.lease == 9
    for digest in found[::29]:
        assert credentials.find(digest) is not None
    return credentials.version


def cut_everywhere(what, before, head, wanted, kind, seed, step):
    """Cut in the 1st, 2nd, ... operation of taking a list, by day in each `step`th; how many there were."""
    versions = []
    for n in range(1 + seed % step, _MOST, step):
        data, knife = bytearray(before), Knife()
        mount(data, knife, kind)
        knife.set(n, seed)
        try:
            take(head)
        except OSError:
            pass
        fell = knife.dead
        mount(data, Knife())
        versions.append(holds(wanted))
        tend(opened())
        assert holds(wanted) == versions[-1]
        said, _ = take(head)
        assert said == [max(wanted)]
        assert holds(wanted) == max(wanted)
        if not fell:
            assert versions[0] == min(wanted), versions
            assert versions[-1] == max(wanted)
            return n - 1
    raise AssertionError("%s does not end" % what)


def cut(what, before, head, wanted, least, step=_STEP):
    cuts = 0
    for kind in (CutFlash, ReorderingFlash):
        for seed in _SEEDS:
            count = cut_everywhere(what, before, head, wanted, kind, seed, step)
            assert count >= least, count
            cuts += count // step
    print("%s: the tenant opens after each of %d cuts" % (what, cuts))


FIRST = sign(offer(1, whole(OLD)))


def test_cuts_while_a_snapshot_is_fetched():
    cut("snapshot", start(FIRST), sign(offer(2, whole(NEW))), {1: OLD, 2: NEW}, 80, _LONG_STEP)


def test_cuts_while_changes_are_taken():
    cut("changes", start(FIRST), sign(offer(2, whole(OLD), CHANGES, 1)), {1: OLD, 2: MERGED}, 8)


def test_cuts_while_changes_are_merged():
    before = start(FIRST, sign(offer(2, whole(OLD), CHANGES, 1)))
    cut("merge", before, sign(offer(3, whole(MERGED), b"", 2)), {2: MERGED, 3: MERGED}, 80)


def test_cuts_while_the_first_copy_is_made():
    cuts = 0
    data = bytearray(b"\xff" * (BLOCK * _BLOCKS))
    vfs.VfsLfs2.mkfs(Flash(Knife(), data))
    mount(data, Knife())
    take(FIRST)
    before = bytes(data)
    for kind in (CutFlash, ReorderingFlash):
        for n in range(1, _MOST):
            data, knife = bytearray(before), Knife()
            mount(data, knife, kind)
            knife.set(n)
            try:
                tend(opened())
            except OSError:
                pass
            fell = knife.dead
            mount(data, Knife())
            assert holds({1: OLD}) == 1
            tend(opened())
            assert holds({1: OLD}) == 1
            if not fell:
                break
            cuts += 1
    print("copy: the tenant opens after each of %d cuts" % cuts)
    assert cuts > 150
