"""esp32.Partition of the simulated chip: none to update into on a stock image; on trial until it is valid."""

from pathlib import Path

from menshen.simulator import ota
from tests.system.helpers.chip import make_board, running

IMAGE = b"\xe9" + b"first" * 3000

SAY = """
from esp32 import Partition
running = Partition(Partition.RUNNING)
print("runs", running.info()[4])
"""
SWITCH = (
    SAY
    + """
other = running.get_next_update()
block = bytearray(4096)
running.readblocks(0, block)
other.writeblocks(0, block)
other.writeblocks(1, b"second" + b"\\xff" * 4090)
other.set_boot()
print("boots", Partition(Partition.BOOT).info()[4])
print("ready")
"""
)


async def test_a_stock_image_has_nothing_to_update_into(tmp_path: Path) -> None:
    board = make_board(
        tmp_path,
        """
from esp32 import Partition
for name in ("get_next_update", "set_boot", "mark_app_valid_cancel_rollback"):
    try:
        getattr(Partition(Partition.RUNNING), name)()
        print("worked")
    except OSError as error:
        print("OSError")
print("ready")
""",
    )
    async with running(board):
        assert list(board.lines)[:3] == ["OSError"] * 3


async def test_a_partition_runs_once_on_trial_and_goes_back_at_any_reset(tmp_path: Path) -> None:
    ota.give(tmp_path / "board", IMAGE)
    board = make_board(tmp_path, SWITCH)
    async with running(board):
        assert list(board.lines)[:2] == ["runs ota_0", "boots ota_1"]
    assert ota.starts(tmp_path / "board") == (1, False)
    written = ota.contents(tmp_path / "board", 1, 4102)
    assert written == IMAGE[:4096] + b"second"
    board.write_file("/main.py", SAY.encode() + b"print('ready')\nimport machine\nmachine.reset()\n")
    seen = []
    board.on_event(lambda event: seen.append(event.get("line")))
    async with board:
        await board.power_on()
        await board.wait_line("runs ota_0")
    assert [line for line in seen if line and line.startswith("runs")][:2] == ["runs ota_1", "runs ota_0"]
    assert ota.starts(tmp_path / "board") == (0, True)


async def test_a_partition_marked_valid_stays(tmp_path: Path) -> None:
    ota.give(tmp_path / "board", IMAGE)
    board = make_board(tmp_path, SWITCH)
    async with running(board):
        pass
    mark = b"Partition.mark_app_valid_cancel_rollback()\nprint('ready')\n"
    board.write_file("/main.py", SAY.encode() + mark)
    async with running(board):
        assert "runs ota_1" in board.lines
    assert ota.starts(tmp_path / "board") == (1, True)
    board.lines.clear()
    async with running(board):
        assert board.lines[0] == "runs ota_1"


async def test_only_an_application_image_is_started(tmp_path: Path) -> None:
    ota.give(tmp_path / "board", IMAGE)
    board = make_board(
        tmp_path,
        """
from esp32 import Partition
other = Partition(Partition.RUNNING).get_next_update()
print(other.ioctl(4, 0), other.ioctl(5, 0), other.info())
for call in (other.set_boot, lambda: other.writeblocks(384, bytes(4096)), lambda: Partition("factory")):
    try:
        call()
        print("worked")
    except OSError as error:
        print("OSError", error.errno)
print("ready")
""",
    )
    async with running(board):
        assert board.lines[0] == "384 4096 (0, 17, 1638400, 1572864, 'ota_1', False)"
        assert list(board.lines)[1:4] == [f"OSError {-0x1503}", f"OSError {-0x102}", "OSError 2"]


async def test_a_cut_while_the_bootloader_notes_the_trial_starts_one_or_the_other(tmp_path: Path) -> None:
    for n in (1, 2, 3):
        folder = tmp_path / str(n)
        folder.mkdir()
        ota.give(folder / "board", IMAGE)
        board = make_board(folder, SWITCH)
        async with running(board):
            pass
        board.write_file("/main.py", SAY.encode() + b"print('ready')\n")
        board.cut_at(n)
        await board.power_on()
        await board.power_off()
        board.lines.clear()
        async with running(board):
            assert board.lines[0] in ("runs ota_0", "runs ota_1")
