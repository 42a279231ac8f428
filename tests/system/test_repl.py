"""The simulated chip's console: mpremote's own transport gets on with it as with a board."""

import asyncio
from pathlib import Path

import pytest
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from menshen.simulator.serial_port import SerialPort
from tests.system.helpers.chip import make_board, running

SERVE = """
import asyncio
async def serve():
    while True:
        await asyncio.sleep(60)
print("ready")
asyncio.run(serve())
"""
LONG = (
    "x = 0\n"
    + "x += 1  # a line that takes its place in the window of the raw paste mode\n" * 60
    + "print(x)"
)


def _talk(path: str, raw_paste: bool) -> None:
    port = SerialTransport(path, timeout=10)
    try:
        port.use_raw_paste = raw_paste
        port.enter_raw_repl()
        assert port.exec("print(6 * 7)") == b"42\n"
        assert port.exec(LONG).strip() == b"60"
        with pytest.raises(TransportExecError, match="ZeroDivisionError"):
            port.exec("print('before')\n1 / 0")
        with pytest.raises(TransportExecError, match="SyntaxError"):
            port.exec("1 +")
        port.fs_writefile("/note.txt", bytes(range(256)) * 5)
        assert port.fs_readfile("/note.txt") == bytes(range(256)) * 5
        assert port.eval("y if 'y' in globals() else 0") == 0
        port.exec("y = 1")
        assert port.eval("y") == 1
        port.exit_raw_repl()
    finally:
        port.close()


@pytest.mark.parametrize("raw_paste", [True, False], ids=["raw paste", "plain raw"])
@pytest.mark.parametrize("main", [SERVE, "print('ready')\n", "print('ready')\nwhile True: pass\n"])
async def test_mpremote_talks_to_the_chip(tmp_path: Path, main: str, raw_paste: bool) -> None:
    async with running(make_board(tmp_path, main)) as board:
        with SerialPort(board.repl) as port:
            await asyncio.to_thread(_talk, port.path, raw_paste)


async def test_mpremote_talks_to_the_chip_over_a_line_that_is_no_terminal(tmp_path: Path) -> None:
    """On a real port mpremote asks what waits, and on a pseudo-terminal it does not."""
    async with running(make_board(tmp_path, SERVE)) as board:

        async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            board.repl.attach(writer.write)
            while data := await reader.read(4096):
                board.repl.type(data)
            board.repl.detach(writer.write)
            writer.close()

        async with await asyncio.start_server(join, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.to_thread(_talk, f"socket://127.0.0.1:{port}", True)


async def test_a_soft_reset_from_the_raw_repl_forgets_and_leaves_main_out(tmp_path: Path) -> None:
    def twice(path: str) -> None:
        port = SerialTransport(path, timeout=10)
        port.enter_raw_repl()
        port.exec("z = 1")
        port.enter_raw_repl()
        assert port.eval("'z' in globals()") is False
        assert port.eval("booted") == 1
        port.close()

    async with running(make_board(tmp_path, SERVE, boot="booted = 1\n")) as board:
        with SerialPort(board.repl) as port:
            await asyncio.to_thread(twice, port.path)
        assert [line for line in board.lines if line == "ready"] == ["ready"]


async def test_ctrl_c_is_nothing_to_a_program_that_has_turned_it_off(tmp_path: Path) -> None:
    main = "import micropython\nmicropython.kbd_intr(-1)\n" + SERVE
    async with running(make_board(tmp_path, main)) as board:
        before = len(board.lines)
        board.repl.type(b"\x03\x03\x03\r\x01")
        assert (await board.memory())["free"] > 0, "the chip is alive"
        assert len(board.lines) == before
        assert not [event for event in board.events if event["type"] == "reset"]


async def test_a_pulled_cable_is_an_error_on_the_computer(tmp_path: Path) -> None:
    def talk(path: str) -> None:
        port = SerialTransport(path, timeout=5)
        port.enter_raw_repl()
        port.exec("a = 'pull here'")

    async with running(make_board(tmp_path, SERVE)) as board:
        port = SerialPort(board.repl)
        port.unplug_when(b"pull here")
        with pytest.raises((OSError, TransportError)):
            await asyncio.to_thread(talk, port.path)
        assert not port.plugged
