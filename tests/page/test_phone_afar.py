"""A resident opens from afar: two questions, one message to the one broker, which may say of the lock."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSMsgType, web
from playwright.async_api import Browser, Page, expect

from menshen.phone.leaflet import words
from tests.conftest import TOP
from tests.page.helpers.browsing import PATIENCE_S
from tests.page.helpers.phones import FRAGMENT, KEY, keep_key, phone, site

pytestmark = pytest.mark.asyncio(loop_scope="module")
VECTORS = json.loads((TOP / "tests/vectors/remote_opening.json").read_text())["vectors"]
_ENGLISH = words("en")


_TOPIC = b"menshen/v1/demo/tenant"
_TAKES, _TAKES_5 = b"\x20\x02\0\0", b"\x20\x03\0\0\0"  # CONNACK of 3.1.1, and of 5


class Broker:
    """What a broker hears over its WebSocket, and its answers: by the version in CONNECT, and to PUBLISH.

    Without an answer it ends the connection.
    """

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.ended = asyncio.Event()
        self.greets = {5: _TAKES_5, 4: _TAKES}
        self.answers = b"\x40\x02\0\1"
        self.url = ""

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("mqtt",))
        await socket.prepare(request)
        async for message in socket:
            assert message.type == WSMsgType.BINARY
            self.heard.append(message.data)
            kind = message.data[0]
            answer = (
                self.greets.get(message.data[8]) if kind == 0x10 else self.answers if kind == 0x32 else None
            )
            await (socket.send_bytes(answer) if answer else socket.close())
        self.ended.set()
        return socket


@contextlib.asynccontextmanager
async def _broker() -> AsyncIterator[Broker]:
    broker, app = Broker(), web.Application()
    app.router.add_get("/mqtt", broker.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        broker.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/mqtt"
        yield broker
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _page(browser: Browser, broker: str) -> AsyncIterator[Page]:
    async with site(broker) as served, phone(browser) as context:
        page = await context.new_page()
        await page.goto(served.url + FRAGMENT)
        await keep_key(page)
        yield page


async def _answer(page: Page, *answers: str) -> None:
    await page.locator("#open").click()
    for question, answer in zip(("openSure", "openSurer"), answers, strict=False):
        await expect(page.locator("#sure-text")).to_have_text(_ENGLISH[question].replace("{name}", "Home"))
        await page.locator(f"#sure button[value={answer}]").click()


async def test_the_published_vectors(browser: Browser) -> None:
    async with _page(browser, "") as page:
        await page.goto(page.url + "source/icon.svg")
        signed = await page.evaluate(
            """async (vectors) => {
              const { importKey, markOf } = await import("/source/codes.js");
              const { signOpening } = await import("/source/afar.js");
              return Promise.all(vectors.map(async ({ key, lock, time }) => {
                const bytes = Uint8Array.from(key.match(/../g), (two) => parseInt(two, 16));
                const mark = await markOf(bytes);
                const made = await signOpening(await importKey(bytes), mark, lock, time * 1000 + 999);
                return [mark, Array.from(made, (byte) => byte.toString(16).padStart(2, "0")).join("")];
              }));
            }""",
            VECTORS,
        )
    assert signed == [[vector["number"], vector["message"]] for vector in VECTORS]


async def test_after_two_questions_one_message_goes_to_the_broker(browser: Browser) -> None:
    async with _broker() as broker, _page(browser, broker.url) as page:
        await expect(page.locator("#afar")).to_contain_text("can see that somebody opened from afar")
        began = int(time.time())
        await _answer(page, "yes", "yes")
        await expect(page.locator("#note")).to_have_text(_ENGLISH["online"])
        async with asyncio.timeout(PATIENCE_S):
            await broker.ended.wait()
    connect, publish, disconnect = broker.heard
    assert connect == b"\x10\x0d\0\x04MQTT\x05\x02\0\x1e\0\0\0"
    assert publish[:2] == bytes((0x32, 2 + len(_TOPIC) + 3 + 24))
    assert publish[2:-24] == b"\0" + bytes((len(_TOPIC),)) + _TOPIC + b"\0\1\0"
    assert began <= int.from_bytes(publish[-20:-16], "little") <= time.time()
    assert disconnect == b"\xe0\0"
    assert bytes.fromhex(KEY) not in b"".join(broker.heard)


@pytest.mark.parametrize("answers", [("no",), ("yes", "no")])
async def test_a_slip_of_the_thumb_sends_nothing(browser: Browser, answers: tuple[str, ...]) -> None:
    async with _broker() as broker, _page(browser, broker.url) as page:
        await _answer(page, *answers)
        await expect(page.locator("#sure")).to_be_hidden()
    assert broker.heard == []


async def _said(page: Page, name: str) -> None:
    """Open once more, and read this."""
    await page.evaluate("document.getElementById('note').textContent = ''")
    await _answer(page, "yes", "yes")
    await expect(page.locator("#note")).to_have_text(_ENGLISH[name])


_ANSWERS = {
    b"\x40\x02\0\1": "online",
    b"\x40\x03\0\1\0": "online",
    b"\x40\x04\0\1\0\0": "online",
    b"\x40\x03\0\1\x10": "offline",
    b"\x40\x04\0\1\x10\0": "offline",
    b"\x40\x03\0\1\x87": "notSent",  # not authorised
    b"\xe0\x01\x9b": "notSent",  # QoS is not supported
    b"": "sent",  # and nobody knows what became of it
}
"""To a PUBLISH of MQTT 5."""


async def test_the_page_says_of_the_lock_what_the_broker_says(browser: Browser) -> None:
    async with _broker() as broker, _page(browser, broker.url) as page:
        for broker.answers, says in _ANSWERS.items():
            broker.heard.clear()
            await _said(page, says)
            assert [packet[0] for packet in broker.heard][:2] == [0x10, 0x32]


async def test_a_broker_of_an_older_version_is_sent_the_message_once_and_cannot_tell(
    browser: Browser,
) -> None:
    async with _broker() as broker, _page(browser, broker.url) as page:
        for broker.greets[5] in (b"\x20\x02\0\1", b"\x20\x03\0\x84\0"):
            broker.heard.clear()
            await _said(page, "sent")
            first, connect, publish = broker.heard[:3]
            assert (first[8], connect) == (5, b"\x10\x0c\0\x04MQTT\x04\x02\0\x1e\0\0")
            assert publish[2:-24] == b"\0" + bytes((len(_TOPIC),)) + _TOPIC + b"\0\1"
            assert len([packet for packet in broker.heard if packet[0] == 0x32]) == 1


_OLDER = b"\x20\x02\0\1"
_REFUSALS: list[tuple[dict[int, bytes], list[int]]] = [
    ({5: b"\x20\x03\0\x87\0"}, [5]),
    ({5: b"\x20\x02\0\5"}, [5]),
    ({}, [5]),
    ({5: _OLDER, 4: _OLDER}, [5, 4]),
]
"""The answers to CONNECT, and the versions in which the page asks."""


async def test_a_broker_that_takes_nobody_is_told_of(browser: Browser) -> None:
    async with _broker() as broker, _page(browser, broker.url) as page:
        for broker.greets, asked in _REFUSALS:
            broker.heard.clear()
            await _said(page, "notSent")
            assert [(packet[0], packet[8]) for packet in broker.heard] == [
                (0x10, version) for version in asked
            ]


async def test_a_page_without_a_broker_does_not_speak_of_it(browser: Browser) -> None:
    async with _page(browser, "") as page:
        await expect(page.locator("#make")).to_be_visible()
        await expect(page.locator("#afar")).to_be_hidden()
