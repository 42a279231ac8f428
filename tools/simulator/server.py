"""The page's JSON interface to the world, the stream of events, and the page itself, for this computer only.

Every answer is JSON; "error" in it says what is wrong with a call.
"""

import asyncio
import contextlib
import errno
import json
import os
import re
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from menshen import json_text
from menshen.errors import MenshenError
from menshen.phone import build

from . import local_web
from .local_web import BadCall
from .provision import KEYS
from .world import MODES, World

PAGE = Path(__file__).parent / "page"
_HISTORY = 200  # events that a new listener is told first
_BACKLOG = 50_000  # events that a listener may be behind before it is cut off
_HEARTBEAT_S = 15
_MAX_KEYS = 64
_MAX_CUT = 1_000_000
_PHONE_KINDS = {
    "html": "text/html",
    "js": "text/javascript",
    "webmanifest": "application/manifest+json",
    "svg": "image/svg+xml",
}
_KINDS = {bool: "true or false", str: "a string", int: "a whole number"}


_Handler = Callable[[web.Request], Awaitable[web.Response]]


def listen_on(port: int) -> socket.socket:
    """A socket bound to this port of 127.0.0.1, 0 for one that the system chooses; raises MenshenError."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        why = "is in use" if is_taken else f"cannot be opened ({os.strerror(error.errno or 0)})"
        raise MenshenError(f"Port {port} {why}: choose another, as in `make run PORT=8100`.") from error


class Feed:
    """Hands every event to every listener, the last _HISTORY to those who come late.

    `wire` counts the messages and bytes of MQTT in each direction since the demo began.
    """

    def __init__(self) -> None:
        self.wire = _nothing_sent()
        self._history: deque[tuple[int, dict]] = deque(maxlen=_HISTORY)
        self._count = 0
        self._queues: set[asyncio.Queue[tuple[int, dict] | None]] = set()

    def put(self, event: dict) -> None:
        """Number an event, say when it was (`at`, in ms since 1970), and pass it on.

        A listener that is too far behind is disconnected, and may come back.

        The scanning of the keypad, a thousand edges a second, is left out: it would drown everything else.
        """
        if event.get("name") == "":
            return
        if event["type"] == "start over":
            self.wire = _nothing_sent()
            self._history.clear()
        elif event["type"] == "mqtt":
            self.wire[event["direction"]]["messages"] += 1
            self.wire[event["direction"]]["bytes"] += event["size"]
        ago_ms = time.monotonic_ns() // 1_000_000 - event["us"] // 1000
        event = {**event, "at": time.time_ns() // 1_000_000 - ago_ms}
        self._count += 1
        self._history.append((self._count, event))
        for queue in list(self._queues):
            if queue.qsize() < _BACKLOG:
                queue.put_nowait((self._count, event))
            else:
                self._queues.discard(queue)
                queue.put_nowait(None)

    def end(self) -> None:
        """Let all listeners go."""
        for queue in self._queues:
            queue.put_nowait(None)

    @contextlib.contextmanager
    def listen(self, replay: int, after: int):
        """Give a queue of numbered events, the last `replay` above number `after` first; None ends it."""
        queue: asyncio.Queue[tuple[int, dict] | None] = asyncio.Queue()
        for told in list(self._history)[-replay:] if replay else []:
            if told[0] > after:
                queue.put_nowait(told)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)


def _nothing_sent() -> dict[str, dict[str, int]]:
    return {direction: {"messages": 0, "bytes": 0} for direction in ("in", "out")}


class Server:
    """Serves one world; `page` is the folder of the static files."""

    def __init__(self, world: World, page: Path = PAGE) -> None:
        self._world, self._page, self._feed = world, page, Feed()
        self._runner: web.AppRunner | None = None
        self._phone_page = build.files()
        world.on_event(self._feed.put)

    async def start(self, listener: socket.socket) -> None:
        """Answer on this socket; `stop` closes it."""
        app = local_web.application()
        app.on_shutdown.append(self._let_listeners_go)
        world, router = self._world, app.router
        router.add_get("/api/state", self._state)
        router.add_get("/api/console", self._console)
        router.add_get("/api/events", self._events, allow_head=False)
        router.add_post("/api/keys", self._call(self._keys, keys=str))
        router.add_put("/api/card", self._call(self._card, card=str))
        router.add_delete("/api/card", self._call(lambda: world.card(None)))
        router.add_put("/api/phone", self._call(world.phone_scans, scans=bool))
        router.add_post("/api/phone", self._call(self._phone_writes, message=str))
        router.add_post("/api/door", self._call(world.leaf, open=bool, force=(bool, False)))
        router.add_post("/api/exit", self._call(world.exit))
        router.add_post("/api/start-over", self._call(world.start_over))
        router.add_post("/api/tamper", self._call(world.tamper, open=bool))
        router.add_post("/api/fire", self._call(world.fire, burns=bool))
        router.add_post("/api/network", self._call(world.network, up=bool))
        router.add_post("/api/power", self._call(world.power, on=bool))
        modes = dict.fromkeys(MODES, (str, None))
        router.add_put("/api/faults", self._call(self._faults, **modes, cut_at=(int, None)))
        publish = self._call(self._publish, topic=str, payload=str, retain=(bool, False))
        router.add_post("/api/publish", publish)
        router.add_get("/phone/{name:[a-z.]*}", self._phone, allow_head=False)
        router.add_get("/{name:[a-z.]*}", self._file)
        self._runner = await local_web.serve(app, listener)

    async def stop(self) -> None:
        """End the streams and close the socket."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _let_listeners_go(self, app: web.Application) -> None:
        self._feed.end()

    def _call(self, act: Callable, **fields: type | tuple) -> _Handler:
        """Check the body's fields (a type, or a type and a default) and act with their values."""

        async def handle(request: web.Request) -> web.Response:
            values = _checked(await request.read(), fields)
            done = act(*values)
            if done is not None:
                await done
            return web.json_response({**self._world.state(), "wire": self._feed.wire})

        return handle

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = self._page / (request.match_info["name"] or "index.html")
        if not path.is_file():
            raise web.HTTPNotFound(text=f"the page has no {path.name}; the JSON interface is under /api/")
        return web.FileResponse(path)

    async def _phone(self, request: web.Request) -> web.StreamResponse:
        """The resident's page, as `make phone` builds it."""
        name = request.match_info["name"] or "index.html"
        if name not in self._phone_page:
            raise web.HTTPNotFound(text=f"the resident's page has no {name}")
        kind = _PHONE_KINDS[name.rpartition(".")[2]]
        return web.Response(body=self._phone_page[name], content_type=kind, charset="utf-8")

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response({**self._world.state(), "wire": self._feed.wire})

    async def _console(self, request: web.Request) -> web.Response:
        return web.json_response({"lines": list(self._world.board.lines)})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events, after the last ?replay=n (200 unless said) of those above Last-Event-ID."""
        replay = _number("replay", request.query.get("replay", str(_HISTORY)))
        after = _number("Last-Event-ID", request.headers.get("Last-Event-ID", "0"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        with contextlib.suppress(ConnectionError), self._feed.listen(replay, after) as queue:
            await response.prepare(request)
            await response.write(b": here is Menshen\n\n")
            while True:
                try:
                    async with asyncio.timeout(_HEARTBEAT_S):
                        told = await queue.get()
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                if told is None:
                    break
                await response.write(f"id: {told[0]}\ndata: {json.dumps(told[1])}\n\n".encode())
        return response

    async def _keys(self, keys: str) -> None:
        if not 0 < len(keys) <= _MAX_KEYS or set(keys) - set(KEYS):
            raise BadCall(f'keys: 1 to {_MAX_KEYS} of 0 to 9, * and # would be right, such as "246810#"')
        await self._world.keys(keys)

    async def _card(self, card: str) -> None:
        if card not in self._world.cards:
            raise BadCall(f"card: one of {', '.join(self._world.cards)} would be right")
        self._world.card(card)

    async def _phone_writes(self, message: str) -> None:
        if not re.fullmatch(r"([0-9a-f]{2}){1,200}", message):
            raise BadCall(
                "message: an NDEF message of up to 200 bytes in lower-case hexadecimal digits would be right"
            )
        await self._world.phone_writes(bytes.fromhex(message))

    async def _faults(self, *values: str | int | None) -> None:
        named = zip((*MODES, "cut_at"), values, strict=True)
        faults = {name: value for name, value in named if value is not None}
        for name, modes in MODES.items():
            if faults.get(name, modes[0]) not in modes:
                raise BadCall(f"{name}: one of {', '.join(modes)} would be right")
        if not 1 <= faults.get("cut_at", 1) <= _MAX_CUT:
            raise BadCall(
                f"cut_at: a whole number from 1 to {_MAX_CUT} would be right: at which flash operation"
            )
        await self._world.break_things(faults)

    async def _publish(self, topic: str, payload: str, retain: bool) -> None:
        if not 0 < len(topic.encode()) < 65536 or set(topic) & set("+#\0"):
            raise BadCall("topic: a name without + and # would be right, such as menshen/v1/demo/list")
        await self._world.publish(topic, payload.encode(), retain)


def _checked(text: bytes, fields: dict) -> list:
    """The values of a body's fields, in the order of `fields`."""
    try:
        body = json_text.typed(text) if text.strip() else {}
    except ValueError as error:
        raise BadCall(f"the body must be JSON, an object with the fields of this call: {error}") from None
    if not isinstance(body, dict):
        raise BadCall("the body: a JSON object would be right, with the fields of this call")
    for name in body:
        if name not in fields:
            raise BadCall(f"{name[:40]}: no field of this call, which has {', '.join(fields) or 'none'}")
    values = []
    for name, field in fields.items():
        kind, *default = field if isinstance(field, tuple) else (field,)
        if name not in body and not default:
            raise BadCall(f"{name}: missing; {_KINDS[kind]} would be right")
        value = body[name] if name in body else default[0]
        if name in body and type(value) is not kind:
            raise BadCall(f"{name}: {_KINDS[kind]} would be right")
        values.append(value)
    return values


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise BadCall(f"{name}: a whole number from 0 to 999999999 would be right")
    return int(text)
