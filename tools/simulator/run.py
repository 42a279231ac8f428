"""`menshen run`: the demo lock with its world, its page and its broker, until Ctrl-C."""

import asyncio
import errno
import os
import signal
import socket
from pathlib import Path

import click

from menshen import build_app, checkout, ending
from menshen.cli import numbers
from menshen.errors import MenshenError

from .board import ChipFailed
from .loop import new_loop
from .outfit import Chip, Outfit, Services
from .provision import DEMO_PIN
from .server import Server, listen_on
from .world import World

_DEMO = checkout.TOP / "build" / "demo"
_TOOLCHAIN = checkout.TOP / "build" / "toolchain" / "bin" / "micropython"


def micropython() -> Path:
    """The Unix port that plays the chip: the one that set-up has found, else $MICROPYTHON."""
    return _TOOLCHAIN if _TOOLCHAIN.exists() else Path(os.environ.get("MICROPYTHON", _TOOLCHAIN))


async def serve(listener: socket.socket, workdir: Path) -> None:
    """Run the lock and its page until a signal comes; everything has ended on return."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    _say("Compiling the firmware")
    app_dir = await asyncio.to_thread(build_app.build)
    _say("Starting the broker and the lock")
    # the page of the simulator opens its own copy of what would be at this address
    settings = {"phone": {"page": f"https://127.0.0.1:{listener.getsockname()[1]}/phone/"}}
    chip = Chip(micropython(), app_dir.parent / "fakes")
    world = World(workdir, app_dir, chip, Outfit(settings, secure=True), Services(sntp=True))
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


@click.command("run")
@click.option(
    "--port",
    type=numbers.Whole(0, 65535),
    default=8000,
    show_default=True,
    help="Of the page; 0 lets the system choose.",
)
@click.option(
    "--workdir",
    type=click.Path(file_okay=False, path_type=Path),
    default=_DEMO,
    show_default="build/demo",
    help="Keeps the lock's key and flash.",
)
def run(port: int, workdir: Path) -> None:
    """Run a simulated lock with its page.

    With its broker, and a door to open, until Ctrl-C. The page is at http://127.0.0.1:8000: type 246810 #,
    open the door, pull the network cable, open it again.

    \b
        menshen run --port 8080
    """
    try:
        listener = listen_on(port)
    except OSError as error:
        said = os.strerror(error.errno)
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({said})"
        raise MenshenError(f"Port {port} {why}: choose another, as in `make run PORT=8001`.") from error
    try:
        with listener, asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(serve(listener, workdir))
    except (build_app.BuildError, ChipFailed, OSError, ValueError) as error:
        raise MenshenError(f"The simulated lock cannot run: {error}") from error
