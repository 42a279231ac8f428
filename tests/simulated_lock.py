"""The lock under test as its people and its operator see it: through the simulator's JSON interface."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from menshen import build_app, ending
from menshen.simulator.loop import JumpingLoop, new_loop
from menshen.simulator.outfit import sort
from menshen.simulator.pn532 import Pn532
from menshen.simulator.run import micropython
from menshen.simulator.server import Server, listen_on
from menshen.simulator.world import World, now_us

TIMEOUT_S = 90  # a limit for what never comes; a busy computer may take long over all else
Event = dict
Test = Callable[[Event], bool]


class Lock:
    """A client of one simulated lock. `events` are all since its start, each with its "us" stamp.

    `wait_event` and its kin look at what happened since the last thing that was done (`since_us`), so a
    test says what it does, then what it awaits. `world` is the simulator, for what the interface lacks.
    """

    def __init__(self, world: World, url: str, session: aiohttp.ClientSession) -> None:
        self.world, self.url, self.session = world, url, session
        self.events: list[Event] = []
        self.since_us = 0
        self._news = asyncio.Condition()

    # -- the calls

    async def call(self, method: str, path: str, body: object = None, **options: object) -> tuple[int, dict]:
        """Make one call of the interface, good or bad; the HTTP status and the answer."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        async with self.session.request(method, self.url + path, data=data, **options) as response:
            return response.status, await response.json()

    async def _do(self, method: str, path: str, body: object = None) -> dict:
        self.since_us = now_us()
        status, answer = await self.call(method, path, body)
        assert status == 200, answer
        return answer

    async def state(self) -> dict:
        return (await self.call("GET", "/api/state"))[1]

    async def console(self) -> list[str]:
        return (await self.call("GET", "/api/console"))[1]["lines"]

    async def keys(self, keys: str) -> None:
        await self._do("POST", "/api/keys", {"keys": keys})

    async def hold(self, card: str) -> None:
        """Hold a card to the reader, once the lock has seen that the last one is gone."""
        await self.last_card_is_gone()
        await self._do("PUT", "/api/card", {"card": card})

    async def last_card_is_gone(self) -> None:
        """Until the lock has seen it. One that comes back sooner is the same to it, and tells nothing."""
        await self.until(lambda: not self.world.reader.misses_card, "the last card's end was seen")

    async def take_away(self) -> None:
        """Take the card away; it is no action of its own, so `since_us` stays."""
        assert (await self.call("DELETE", "/api/card"))[0] == 200

    @contextlib.asynccontextmanager
    async def tap(self, card: str) -> AsyncIterator[None]:
        """Hold a card to the reader for as long as the block lasts."""
        await self.hold(card)
        try:
            yield
        finally:
            await self.take_away()

    async def open_leaf(self, force: bool = False) -> None:
        await self._do("POST", "/api/door", {"open": True, "force": force})

    async def close_leaf(self) -> None:
        await self._do("POST", "/api/door", {"open": False})

    async def press_exit(self) -> None:
        await self._do("POST", "/api/exit")

    async def fire(self, burns: bool) -> None:
        """Have the house's fire alarm go off, or end."""
        await self._do("POST", "/api/fire", {"burns": burns})

    async def tamper(self, is_open: bool) -> None:
        await self._do("POST", "/api/tamper", {"open": is_open})

    async def network(self, up: bool) -> None:
        await self._do("POST", "/api/network", {"up": up})

    async def power(self, on: bool) -> None:
        await self._do("POST", "/api/power", {"on": on})

    async def faults(self, **faults: str | int) -> None:
        """broker, dns, dhcp or reader="one of its MODES in world.py", cut_at=n."""
        await self._do("PUT", "/api/faults", faults)

    async def publish(self, topic: str, payload: str, retain: bool = False) -> None:
        """Publish to `topic`, or to the lock's own topic of that name if it has no slash."""
        topic = topic if "/" in topic else self.world.provision.topic(topic)
        await self._do("POST", "/api/publish", {"topic": topic, "payload": payload, "retain": retain})

    async def publish_list(self, version: int, credentials: list, retain: bool = False) -> None:
        """Publish a list as its operator does: the chunks, then the head."""
        *chunks, (_, head) = self.world.provision.list_messages(version, credentials)
        for topic, chunk in chunks:
            await self.world.publish(topic, chunk, True)
        await self.publish("list", head.decode(), retain)

    # -- what happens

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Until this is true of the simulator, which tells nobody; fails where it does not come to that."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not true():  # noqa: ASYNC110 (there is nothing to wait on)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not in {TIMEOUT_S} s: {what}") from None

    def since(self) -> list[Event]:
        """The events since the last thing that was done."""
        return [event for event in self.events if event["us"] >= self.since_us]

    async def wait_event(self, wanted: Test, timeout: float = TIMEOUT_S) -> Event:
        """The first event since the last action for which `wanted` is true; fails with what came instead."""
        try:
            async with asyncio.timeout(timeout), self._news:
                while True:
                    for event in self.since():
                        if wanted(event):
                            return event
                    await self._news.wait()
        except TimeoutError:
            told = [e for e in self.events if e["type"] != "reader" and not self._is_anothers(e)]
            seen = [str(e) for e in told if e["us"] >= self.since_us]
            before = "\n".join([str(e) for e in told if e["us"] < self.since_us][-40:])
            shown = "\n".join(seen if len(seen) <= 90 else [*seen[:30], "...", *seen[-60:]])
            said = f"not seen within {timeout} s; instead:\n{shown}\nand before that:\n{before}"
            raise AssertionError(said) from None

    def _is_anothers(self, event: Event) -> bool:
        return event["type"] == "operator" and f"/{self.world.provision.lock}/" not in event["topic"]

    async def wait_pin(self, name: str, level: int | None, timeout: float = TIMEOUT_S) -> Event:
        """The edge of a pin, by its name in the wiring table, to a level."""
        return await self.wait_event(
            lambda event: event["type"] == "pin" and event["name"] == name and event["level"] == level,
            timeout,
        )

    async def wait_unlocked(self, timeout: float = TIMEOUT_S) -> Event:
        return await self.wait_pin("relay", 1, timeout)

    async def wait_locked(self, timeout: float = TIMEOUT_S) -> Event:
        return await self.wait_pin("relay", 0, timeout)

    async def wait_light(self, name: str, timeout: float = TIMEOUT_S) -> Event:
        """The LED takes the colour that has this name: granted, denied, throttled, ...

        Who is granted may be shown that there is something new.
        """
        names = ("granted", "new way in") if name == "granted" else (name,)
        return await self.wait_event(lambda event: event["type"] == "led" and event["name"] in names, timeout)

    async def wait_message(self, leaf: str, timeout: float = TIMEOUT_S) -> Event:
        """The lock publishes to its topic `leaf`; JSON of the payload is in "json"."""
        topic = self.world.provision.topic(leaf)
        event = await self.wait_event(
            lambda event: (
                event["type"] == "mqtt"
                and (event["packet"], event["direction"], event["topic"]) == ("PUBLISH", "out", topic)
            ),
            timeout,
        )
        return {**event, "json": json.loads(event["payload"])}

    async def wait_armed(self, timeout: float = TIMEOUT_S) -> str:
        """The line in which the lock says that it is armed, since its last start."""
        return await self.world.board.wait_armed(timeout)

    async def wait_online(self, timeout: float = TIMEOUT_S) -> Event:
        return await self.wait_message("state", timeout)

    async def tap_to_relay(self, card: str) -> int:
        """Microseconds from the card's entry into the field to the relay's edge."""
        async with self.tap(card):
            entered = await self.wait_event(lambda event: event["type"] == "card" and event["card"] == card)
            return (await self.wait_unlocked())["us"] - entered["us"]

    @contextlib.asynccontextmanager
    async def stream(self, query: str = "", **options: object) -> AsyncIterator[aiohttp.StreamReader]:
        """The raw stream of events, to be read line by line."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self.session.get(f"{self.url}/api/events{query}", timeout=timeout, **options) as response:
            yield response.content

    async def listen(self, up_to_date: asyncio.Event) -> None:
        """Collect the server-sent events, until the stream ends or this is cancelled."""
        async with self.stream() as content:
            async for line in content:
                up_to_date.set()
                if line.startswith(b"data: "):
                    async with self._news:
                        self.events.append(json.loads(line[6:]))
                        self._news.notify_all()


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict:
    """Timers better than epoll's millisecond, for the UART's bytes are 87 us apart; or none at all."""
    return {"jumping": JumpingLoop} if "reader" in item.fixturenames else {"precise": new_loop}


class Reader:
    """The model of the PN532 seen from the host's end of its line; `irqs` are the edges of its P70_IRQ.

    A test that has this fixture runs on a clock that jumps.
    """

    def __init__(self) -> None:
        self.irqs: list[int] = []
        self.last_byte_at = 0.0
        self._said = bytearray()
        self.chip = Pn532(self._hear, self.irqs.append)

    def _hear(self, data: bytes) -> None:
        self._said += data
        self.last_byte_at = asyncio.get_running_loop().time()

    async def send(self, data: str | bytes = "", wait_s: float = 1.0) -> str:
        """Send, and give in hex all that comes back within `wait_s`."""
        self._said.clear()
        self.chip.feed(bytes.fromhex(data) if isinstance(data, str) else data)
        await asyncio.sleep(wait_s)
        return self._said.hex()


@pytest_asyncio.fixture
async def reader() -> Reader:
    """A reader that has just been given power."""
    reader = Reader()
    reader.chip.power(True)
    return reader


@pytest.fixture(scope="session")
def app_dir() -> Path:
    """The compiled application; the fakes lie beside it."""
    return build_app.build()


@pytest_asyncio.fixture
async def make_lock(tmp_path: Path, app_dir: Path) -> AsyncIterator[Callable]:
    """`await make_lock(**options, power=True, app=...)` gives a running lock; it ends with the test.

    The options are the fields of what is in simulator/outfit.py: settings, files, sntp, heapsize, ...

    A second call with the same `workdir` finds the flash as the first one left it.
    """
    async with contextlib.AsyncExitStack() as ends:

        async def make(
            workdir: Path = tmp_path / "lock", power: bool = True, app: Path = app_dir, **options: object
        ) -> Lock:
            chip = {"micropython": micropython(), "fakes": app.parent / "fakes"}
            world = World(workdir, app, *sort(chip | options))
            ends.push_async_callback(world.stop)
            server = Server(world)
            ends.push_async_callback(server.stop)
            await world.start(power=False)
            listener = listen_on(0)
            await server.start(listener)
            session = await ends.enter_async_context(aiohttp.ClientSession())
            lock = Lock(world, f"http://127.0.0.1:{listener.getsockname()[1]}", session)
            connected = asyncio.Event()
            listening = asyncio.ensure_future(lock.listen(connected))
            ends.push_async_callback(ending.end, listening)
            async with asyncio.timeout(TIMEOUT_S):
                await connected.wait()
            if power:
                await lock.power(True)
            return lock

        yield make


@pytest_asyncio.fixture
async def lock(make_lock: Callable) -> Lock:
    """The demo lock, armed, with everything well."""
    lock = await make_lock()
    await lock.wait_armed()
    return lock
