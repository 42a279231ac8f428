"""A resident opens from afar: two questions, one signed message to the one broker, and nothing else."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSMsgType, web
from playwright.async_api import Page, expect

from menshen.phone.leaflet import words
from tests.conftest import TOP
from tests.page.helpers.browsing import PATIENCE_S, chromium
from tests.page.helpers.phones import FRAGMENT, KEY, keep_key, phone, site

VECTORS = json.loads((TOP / "tests/vectors/remote_opening.json").read_text())["vectors"]
_ENGLISH = words("en")


class Broker:
    """What a broker hears over its WebSocket; `admits` says whether it takes anybody."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.ended = asyncio.Event()
        self.admits = True
        self.url = ""

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("mqtt",))
        await socket.prepare(request)
        async for message in socket:
            assert message.type == WSMsgType.BINARY
            self.heard.append(message.data)
            if message.data[0] == 0x10:
                await socket.send_bytes(b"\x20\x02\x00" + (b"\x00" if self.admits else b"\x05"))
            if message.data[0] == 0xE0:
                await socket.close()
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
async def _page(broker: str) -> AsyncIterator[Page]:
    async with chromium() as browser, site(broker) as served, phone(browser) as context:
        page = await context.new_page()
        await page.goto(served.url + FRAGMENT)
        await keep_key(page)
        yield page


async def _answer(page: Page, *answers: str) -> None:
    await page.locator("#open").click()
    for question, answer in zip(("openSure", "openSurer"), answers, strict=False):
        await expect(page.locator("#sure-text")).to_have_text(_ENGLISH[question].replace("{name}", "Home"))
        await page.locator(f"#sure button[value={answer}]").click()


async def test_the_published_vectors() -> None:
    async with _page("") as page:
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


async def test_after_two_questions_one_message_goes_to_the_broker() -> None:
    async with _broker() as broker, _page(broker.url) as page:
        await expect(page.locator("#afar")).to_contain_text("can see that somebody opened from afar")
        began = int(time.time())
        await _answer(page, "yes", "yes")
        await expect(page.locator("#note")).to_have_text(_ENGLISH["sent"])
        async with asyncio.timeout(PATIENCE_S):
            await broker.ended.wait()
    connect, publish, disconnect = broker.heard
    assert connect == b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x1e\x00\x00"
    topic = b"menshen/v1/demo/tenant"
    assert publish[:2] == bytes((0x30, 2 + len(topic) + 24))
    assert publish[2 : 4 + len(topic)] == b"\x00" + bytes((len(topic),)) + topic
    assert began <= int.from_bytes(publish[-20:-16], "little") <= time.time()
    assert disconnect == b"\xe0\x00"
    assert bytes.fromhex(KEY) not in b"".join(broker.heard)


@pytest.mark.parametrize("answers", [("no",), ("yes", "no")])
async def test_a_slip_of_the_thumb_sends_nothing(answers: tuple[str, ...]) -> None:
    async with _broker() as broker, _page(broker.url) as page:
        await _answer(page, *answers)
        await expect(page.locator("#sure")).to_be_hidden()
    assert broker.heard == []


async def test_a_broker_that_takes_nobody_is_told_of() -> None:
    async with _broker() as broker, _page(broker.url) as page:
        broker.admits = False
        await _answer(page, "yes", "yes")
        await expect(page.locator("#note")).to_have_text(_ENGLISH["notSent"])
    assert [packet[0] for packet in broker.heard] == [0x10]


async def test_a_page_without_a_broker_does_not_speak_of_it() -> None:
    async with _page("") as page:
        await expect(page.locator("#make")).to_be_visible()
        await expect(page.locator("#afar")).to_be_hidden()
