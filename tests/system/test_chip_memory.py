"""ESP-IDF's account of the simulated chip, and what main.py does about it."""

import re
from pathlib import Path

import pytest

from menshen.simulator.memory import Memory
from tests.system.helpers.chip import ROOT, make_board, running

_LEFT = "sum([region[1] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])"
_WIFI = "network.WLAN(network.STA_IF).active(True)"
_FIRST = 56 * 1024
"""What MicroPython's heap has at first; a list of 16,000 words does not fit in."""


def _figures(lines: list[str], name: str) -> list[int]:
    """The numbers of the line that begins with `name`."""
    return next([int(n) for n in re.findall(r"\d+", line)] for line in lines if line.startswith(name))


@pytest.mark.parametrize(("version", "left"), [("1.24", 40 * 1024), ("1.27", 32 * 1024)])
async def test_a_heap_that_is_full_doubles_and_leaves_so_much_beside_wifi(
    tmp_path: Path, version: str, left: int
) -> None:
    main = f"""
import esp32, network
before = {_LEFT}
kept = [None] * 16000
print("grown by", before - {_LEFT})
{_WIFI}
print("left", {_LEFT})
print("ready")
"""
    async with running(make_board(tmp_path, main, memory=Memory(version))) as board:
        assert _figures(board.lines, "grown by") == [_FIRST]
        assert _figures(board.lines, "left") == [left]


async def test_a_heap_that_is_not_full_does_not_grow(tmp_path: Path) -> None:
    main = (
        f"import esp32\nbefore = {_LEFT}\nkept = [None] * 8000\nprint('grown by', before - {_LEFT}, 'ready')"
    )
    async with running(make_board(tmp_path, main)) as board:
        assert _figures(board.lines, "grown by") == [0]


async def test_stacks_are_espidfs_until_their_threads_end(tmp_path: Path) -> None:
    main = f"""
import _thread, esp32
lock = _thread.allocate_lock()
lock.acquire()
left = {_LEFT}
_thread.stack_size(50_000)
_thread.start_new_thread(lock.acquire, ())
print("taken", left - {_LEFT})
try:
    _thread.start_new_thread(lock.acquire, ())
    _thread.start_new_thread(lock.acquire, ())
except OSError as error:
    print("no room", error.errno)
lock.release()
print("ended", left - {_LEFT}, "ready")
"""
    async with running(make_board(tmp_path, main)) as board:
        assert 50_000 < _figures(board.lines, "taken")[0] < 52_000
        assert _figures(board.lines, "no room") == [12]
        assert _figures(board.lines, "ended") == [0]


_APP = f"""
import esp32, network
def main(watchdog):
    print("largest", max([region[2] for region in esp32.idf_heap_info(esp32.HEAP_DATA)]))
    kept = [None] * 16000
    try:
        {_WIFI}
    except OSError as error:
        print("no Wi-Fi", error)
    print("left", {_LEFT}, "ready")
    while True:
        watchdog.feed()
"""


async def _left_by_main(folder: Path, memory: Memory) -> int:
    """What ESP-IDF has left beside an application that takes more than 56 KB and Wi-Fi, under main.py."""
    app = {"/app.py": _APP.encode()}
    start = {"/lib/start.py": (ROOT / "lib/start.py").read_bytes()}
    if memory.lacks == "idf_heap_info":
        # who cannot ask, does not
        app = {"/app.py": re.sub(r"sum\(.*\)\]\)|max\(.*\)\]\)", "0", _APP).encode()}
    board = make_board(folder, (ROOT / "main.py").read_text(), memory=memory, extra_files=app | start)
    async with running(board):
        return _figures(board.lines, "left")[0]


@pytest.mark.parametrize("version", ["1.24", "1.27"])
async def test_main_leaves_espidf_what_tls_takes(tmp_path: Path, version: str) -> None:
    assert await _left_by_main(tmp_path, Memory(version)) >= 43 * 1024


async def test_main_does_nothing_where_there_is_psram(tmp_path: Path) -> None:
    left = await _left_by_main(tmp_path, Memory("PSRAM"))
    assert left == 4_100_000 - _FIRST - 12 * 1024, "the heap doubles by itself, and by no more"


@pytest.mark.parametrize(("lacks", "left"), [("_thread", 32 * 1024), ("idf_heap_info", 0)])
async def test_main_starts_the_application_on_a_micropython_that_lacks_it(
    tmp_path: Path, lacks: str, left: int
) -> None:
    assert await _left_by_main(tmp_path, Memory(lacks=lacks)) == left
