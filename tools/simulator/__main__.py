"""`python -m menshen.simulator`: the demo lock with its world, its page and its broker, until Ctrl-C."""

import argparse
import asyncio
import errno
import os
import signal
import socket
import sys
from pathlib import Path

from menshen import build_app, ending

from .board import ChipFailed
from .provision import DEMO_PIN
from .server import Server, listen_on, new_loop
from .world import World

_TOP = Path(__file__).resolve().parents[2]
_DEMO = _TOP / "build" / "demo"
_TOOLCHAIN = _TOP / "build" / "toolchain" / "bin" / "micropython"


def micropython() -> Path:
    """The Unix port that plays the chip: the one that set-up has found, else $MICROPYTHON."""
    return _TOOLCHAIN if _TOOLCHAIN.exists() else Path(os.environ.get("MICROPYTHON", _TOOLCHAIN))


async def run(listener: socket.socket, workdir: Path) -> None:
    """Run the lock and its page until a signal comes; everything has ended on return."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    _say("Compiling the firmware")
    app_dir = await asyncio.to_thread(build_app.build)
    _say("Starting the broker and the lock")
    world = World(workdir, app_dir, app_dir.parent / "fakes", micropython(), sntp=True)
    server = Server(world)
    async with ending.running(_live(world, server, listener)) as life, ending.running(ended.wait()) as over:
        await asyncio.wait((life, over), return_when=asyncio.FIRST_COMPLETED)
        if not life.done():
            _say("\nEnding: the lock, its page and its broker")
    if not life.cancelled():
        life.result()


async def _live(world: World, server: Server, listener: socket.socket) -> None:
    try:
        await world.start()
        await server.start(listener)
        host, port = listener.getsockname()
        _say(f"Menshen: the door is at http://{host}:{port}  (PIN {DEMO_PIN} #) - Ctrl-C ends it")
        await asyncio.Event().wait()
    finally:
        await server.stop()
        await world.stop()


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m menshen.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="of the page; 0 lets the system choose")
    parser.add_argument("--workdir", type=Path, default=_DEMO, help="keeps the lock's key and flash")
    options = parser.parse_args()
    if not 0 <= options.port <= 65535:
        parser.error("--port: a number from 0 to 65535 would be right")
    try:
        listener = listen_on(options.port)
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"is not ours ({os.strerror(error.errno)})"
        return _fail(f"Port {options.port} {why}: choose another, as in `make run PORT=8001`.")
    try:
        with listener, asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(run(listener, options.workdir))
    except (build_app.BuildError, ChipFailed, OSError, ValueError) as error:
        return _fail(f"The simulated lock cannot run: {error}")
    return 0


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
