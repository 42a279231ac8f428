"""`menshen house`: a house to try, with a page that shows its three doors, until Ctrl-C."""

import asyncio
import contextlib
import datetime as dt
import errno
import os
import signal
import socket
from html import escape
from pathlib import Path

import click
from aiohttp import web

from menshen import build_app, checkout, ending
from menshen.cli import numbers
from menshen.errors import MenshenError

from . import local_web
from .board import ChipFailed
from .house import LOCKS, House
from .loop import new_loop
from .server import listen_on

_FOLDER = checkout.TOP / "build" / "house"
_PROGRAMS = checkout.TOP / "build" / "toolchain" / "bin"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A house to try</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{margin:0;font:16px sans-serif}}main{{display:flex;flex-wrap:wrap}}
section{{flex:1 1 30%;min-width:min(420px,100vw);height:100vh;display:flex;flex-direction:column}}
h1{{font-size:1rem;margin:.4rem}}iframe{{flex:1;border:0}}</style><main>{doors}</main></html>
"""
_DOOR = '<section><h1>{name}</h1><iframe title="{name}" src="http://127.0.0.1:{port}/"></iframe></section>'


async def serve(listeners: list[socket.socket], folder: Path, programs: Path = _PROGRAMS) -> None:
    """Run the house until a signal comes; everything has ended on return."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    _say("Compiling the firmware")
    app_dir = await asyncio.to_thread(build_app.build)
    house = House(folder, app_dir, programs, _say)
    async with ending.running(_live(house, listeners)) as life, ending.running(ended.wait()) as over:
        await asyncio.wait((life, over), return_when=asyncio.FIRST_COMPLETED)
        if not life.done():
            _say("\nEnding: the doors, their pages and the broker")
    if not life.cancelled():
        life.result()


async def _live(house: House, listeners: list[socket.socket]) -> None:
    overview, *doors = listeners
    async with contextlib.AsyncExitStack() as ends:
        await house.start(dict(zip(LOCKS, doors, strict=True)))
        ends.push_async_callback(house.stop)
        ports = [door.getsockname()[1] for door in doors]
        ends.push_async_callback(await _overview(overview, ports))
        _say("\n".join(_told(house, overview.getsockname()[1])))
        await asyncio.Event().wait()


async def _overview(listener: socket.socket, ports: list[int]):
    """Serve the page with all doors; gives what ends it."""
    doors = "".join(
        _DOOR.format(name=escape(name), port=port) for name, port in zip(LOCKS.values(), ports, strict=True)
    )

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=_PAGE.format(doors=doors), content_type="text/html")

    app = local_web.application()
    app.router.add_get("/", page)
    return (await local_web.serve(app, listener)).cleanup


def _told(house: House, port: int) -> list[str]:
    """What to type next."""
    menshen, next_year = ".venv/bin/menshen", dt.datetime.now(dt.UTC).year + 1
    return [
        "",
        f"The house is at http://127.0.0.1:{port}: three doors, and what the operator sees on the wire.",
        f"Move in to flat 1, at its door and at the house door: {house.codes['flat-1']} #, then a PIN twice,",
        "each with #. The cleaner's card opens in working hours, and the light says so to the next resident.",
        "",
        "In another terminal:",
        "",
        f"    export MENSHEN_FILE={house.file}",
        f"    {menshen} health",
        f"    {menshen} lease list",
        f"    {menshen} staff log",
        f'    {menshen} lease add house-door flat-2 --until {next_year}-12-31 --note "flat 2, second"',
        f"    {menshen} publish",
        "",
        "Ctrl-C ends it; the next `make house` begins a new one.",
    ]


def _say(line: str) -> None:
    print(line, flush=True)


@click.command("house")
@click.option(
    "--port",
    type=numbers.Whole(0, 65532),
    default=8000,
    show_default=True,
    help="Of the page; its doors are at the next three. 0: chosen.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=_FOLDER,
    show_default="build/house",
    help="Made anew each time.",
)
def house(port: int, folder: Path) -> None:
    """Run a house to try, with three doors.

    A Mosquitto over TLS with the shipped rules, three simulated locks provisioned as boards are, and a file
    with leases and staff, until Ctrl-C. It says what to type next.

    \b
        menshen house --port 8080
    """
    with contextlib.ExitStack() as opened:
        listeners: list[socket.socket] = []
        for each in (port + n if port else 0 for n in range(len(LOCKS) + 1)):
            try:
                listeners.append(opened.enter_context(listen_on(each)))
            except OSError as error:
                said = os.strerror(error.errno)
                why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({said})"
                raise MenshenError(
                    f"Port {each} {why}: choose another, as in `make house PORT=8100`."
                ) from error
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(serve(listeners, folder))
        except (build_app.BuildError, ChipFailed, OSError, ValueError) as error:
            raise MenshenError(f"The house cannot run: {error}") from error
