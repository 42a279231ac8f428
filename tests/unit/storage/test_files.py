"""Files are whole at every instant: a cut at any operation of the flash leaves the old one or the new one."""

import os

import vfs
from knife_flash import BLOCK, Flash, Knife, PowerCut
from ram_flash import RamFlash
from unmounting import unmount

from storage import files

OLD, NEW = b"old " * 700, b"new " * 900
PATH = "/cut/whole"
BLOCKS = 16


def mounted(knife, data):
    unmount("/cut")
    device = Flash(knife, data)
    vfs.mount(vfs.VfsLfs2(device, readsize=32, progsize=32, lookahead=32), "/cut")


def fresh():
    """A flash that holds the old file."""
    data, knife = bytearray(b"\xff" * (BLOCK * BLOCKS)), Knife()
    vfs.VfsLfs2.mkfs(Flash(knife, data))
    mounted(knife, data)
    files.write(PATH, (OLD,))
    return bytes(data)


def read(path=PATH):
    with open(path, "rb") as file:
        return file.read()


def test_a_cut_at_any_operation_leaves_the_old_file_or_the_new_one_whole():
    before = fresh()
    seen, cuts = set(), 0
    for n in range(1, 500):
        data, knife = bytearray(before), Knife()
        mounted(knife, data)
        knife.set(n)
        try:
            files.write(PATH, (NEW[:1000], NEW[1000:]))
            break
        except PowerCut:
            cuts += 1
        knife = Knife()
        mounted(knife, data)
        found = read()
        assert found in (OLD, NEW), "cut %d: %d bytes" % (n, len(found))
        seen.add(found)
        files.write(PATH, (b"after",))  # and the flash is one that can be written to
        assert read() == b"after"
    print("cuts:", cuts)
    assert cuts > 20
    assert OLD in seen


def test_a_flash_without_room_keeps_the_old_file_and_no_rest_of_the_new_one():
    flash = RamFlash("/cut", BLOCKS)
    files.write(PATH, (OLD,))
    flash.fill()
    try:
        files.write(PATH, (bytes(1000) for _ in range(20)))
    except OSError:
        pass
    else:
        raise AssertionError("there was room")
    assert read() == OLD
    assert "whole.new" not in os.listdir("/cut")


def test_what_the_parts_raise_leaves_the_old_file():
    RamFlash("/cut", BLOCKS)
    files.write(PATH, (OLD,))

    def parts():
        yield NEW
        raise ValueError("no more")

    try:
        files.write(PATH, parts())
    except ValueError:
        pass
    assert read() == OLD
    files.write(PATH, (NEW,))
    assert read() == NEW


def test_what_is_not_there_can_be_removed():
    RamFlash("/cut", BLOCKS)
    files.remove(PATH)
    assert not files.exists(PATH)
    files.write(PATH, (OLD,))
    assert files.exists(PATH)
    files.remove(PATH)
    assert not files.exists(PATH)
