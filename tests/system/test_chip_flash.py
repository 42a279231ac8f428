"""Flash and NVS of the simulated chip keep what they were given, and are cut in the middle."""

import json
from pathlib import Path

import pytest

from menshen import littlefs_image
from tests.system.helpers.chip import FAKES, make_board, running

WRITE_FOR_EVER = """
n = 0
while True:
    n += 1
    with open("/count.new", "w") as file:
        file.write("%08d" % n * 100)
    import os
    os.rename("/count.new", "/count")
    print("wrote", n)
"""


async def test_the_flash_holds_what_it_was_given(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
import os, sys
print(open("/access/a").read(), open("/config.json").read(), sys.path)
print(os.statvfs("/")[:3])
print("ready")
""",
        extra_files={"/access/a": b"records"},
    )
    async with running(lock):
        assert "records {} ['', '.frozen', '/lib']" in lock.lines
        assert "(4096, 4096, 240)" in lock.lines
    assert lock.read_file("/access/a") == b"records"
    lock.write_file("/access/a", b"other")
    async with running(lock):
        assert "other {} ['', '.frozen', '/lib']" in lock.lines


async def test_what_was_written_survives_a_killed_process(tmp_path: Path) -> None:
    lock = make_board(tmp_path, WRITE_FOR_EVER)
    async with running(lock, "wrote 20"):
        pass
    said = max(int(line.split()[1]) for line in lock.lines if line.startswith("wrote "))
    kept = lock.read_file("/count")
    assert len(kept) == 800
    assert int(kept[:8]) in (said, said + 1)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 21, 34])
async def test_a_cut_in_the_nth_operation_leaves_the_old_or_the_new(tmp_path: Path, n: int) -> None:
    lock = make_board(tmp_path, WRITE_FOR_EVER)
    lock.cut_at(n)
    await lock.power_on()
    await lock.wait_off()
    assert not lock.powered
    assert lock.events[-1] | {"us": 0} == {"type": "power", "on": False, "us": 0}
    said = sum(line.startswith("wrote ") for line in lock.lines)
    if "/count" in littlefs_image.names(lock.flash_path):
        kept = lock.read_file("/count")
        assert len(kept) == 800
        assert int(kept[:8]) in (said, said + 1)
    else:
        assert said == 0
    async with running(lock, "wrote 3"):  # and it goes on
        pass


async def test_programming_only_clears_bits_and_torn_work_is_torn(tmp_path: Path) -> None:
    """The block device by itself, below littlefs, in a program in the place of chip.py."""
    (tmp_path / "fakes").mkdir()
    for source in FAKES.glob("*.py"):
        (tmp_path / "fakes" / source.name).write_text(source.read_text())
    (tmp_path / "fakes/chip.py").write_text("""
import bus, flash, machine, network, pins
wire = bus.Bus()
pads = pins.Pads(wire)
wire.on(b"net", lambda near: None)
wire.on(b"dhcp", lambda mode: None, True)
knife = flash.Knife(wire)
device = flash.Flash(knife)
def block():
    buf = bytearray(4096)
    device.readblocks(200, buf)
    return buf
device.ioctl(6, 200)
assert block() == b"\\xff" * 4096
device.writeblocks(200, b"\\x0f" * 256, 64)
device.writeblocks(200, b"\\x3c" * 32, 96)
got = block()
assert got[64:96] == b"\\x0f" * 32 and got[96:128] == b"\\x0c" * 32 and got[128:320] == b"\\x0f" * 192
assert got[:64] == b"\\xff" * 64 and got[320:] == b"\\xff" * (4096 - 320)
device.writeblocks(200, b"\\x55" * 4096)
assert block() == b"\\x55" * 4096
assert knife._counts == [2, 3, 0]
print("sound")
wire.send(b"boot 1 0 0\\n")
device.ioctl(6, 201)
wire.pump()
while True:
    device.writeblocks(201, b"\\0" * 4096, 0)
""")
    lock = make_board(tmp_path, "", fakes=tmp_path / "fakes")
    left = []
    for n in (7, 6):  # 7 programs a block of zeros; 6 erases the same block before that
        lock.cut_at(n)
        await lock.power_on()
        await lock.wait_off()
        assert "sound" in lock.lines
        left.append(lock.flash_path.read_bytes()[201 * 4096 : 202 * 4096])
    programmed, erased = left
    assert 0 < programmed.count(0) < 4096
    assert programmed.startswith(bytes(programmed.count(0)))
    assert erased not in (programmed, b"\xff" * 4096)
    lock.cut_at(1)  # before the chip says that it boots: power_on returns, with the power off
    await lock.power_on()
    assert not lock.powered


async def test_only_committed_nvs_values_outlive_the_power(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
import esp32
nvs = esp32.NVS("lock")
buf = bytearray(8)
def get(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return error.errno
numbers = [get(nvs.get_i32, name) for name in ("kept", "lost")]
print("found", numbers, get(nvs.get_blob, "blob", buf), bytes(buf[:3]))
nvs.set_i32("kept", -7)
nvs.set_blob("blob", b"abc")
nvs.commit()
nvs.set_i32("lost", 8)
too_short, too_long = get(nvs.get_blob, "blob", bytearray(2)), get(nvs.set_i32, "name of sixteen.", 1)
print("now", nvs.get_i32("lost"), too_short, too_long)
print("ready")
""",
    )
    async with running(lock):
        assert lock.lines[0] == f"found {[-0x1102, -0x1102]} {-0x1102} {bytes(3)}"
        assert lock.lines[1] == f"now 8 {-0x110C} {-0x1109}"
        assert (await lock.flash_stats())["commits"] == 1
    async with running(lock):
        assert lock.lines[3] == f"found {[-7, -0x1102]} 3 b'abc'"


async def test_a_cut_in_a_commit_leaves_the_old_or_the_new_values(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
import esp32
nvs = esp32.NVS("lock")
n = 0
while True:
    n += 1
    nvs.set_i32("a", n)
    nvs.set_i32("b", n)
    nvs.commit()
""",
    )
    outcomes = set()
    for n in range(2, 12):
        lock.nvs_path.unlink(missing_ok=True)
        lock.cut_at(n)
        await lock.power_on()
        await lock.wait_off()
        values = json.loads(lock.nvs_path.read_text())["lock"]
        assert values["a"] == values["b"]
        outcomes.add(n - values["a"])
    assert outcomes == {0, 1}


async def test_a_file_that_does_not_fit_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    lock = make_board(tmp_path, "", extra_files={"/a": b"old"})
    before = lock.flash_path.read_bytes()
    with pytest.raises(OSError, match="No space left"):
        lock.write_file("/a", bytes(1_000_000))
    assert lock.flash_path.read_bytes() == before
