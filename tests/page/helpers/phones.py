"""The resident's page as any web server serves it, and phones that open it."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, FrameLocator, Page, expect

from menshen.phone import build
from tests.page.helpers.browsing import PATIENCE_S
from tests.simulated_lock import Lock

KEY = "000102030405060708090a0b0c0d8c70"
FRAGMENT = f"#lock=demo&key={KEY}"
SIZE = {"width": 360, "height": 780}
LOCALES = {"en": "en-GB", "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", "de": "de-AT", "es": "es-MX"}
"""A phone's own locale, by the language in which the page should speak to it."""

_KINDS = {"js": "text/javascript", "webmanifest": "application/manifest+json", "svg": "image/svg+xml"}


@dataclass
class Site:
    """A web server; `asked` are the paths that it was asked for, `heard` is all that it could write down."""

    url: str
    asked: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def site(broker: str = "") -> AsyncIterator[Site]:
    """Serves the built page at /, and below /source/ its modules as they stand in the project."""
    files, served = build.files(broker), Site("")

    async def answer(request: web.Request) -> web.Response:
        path = request.match_info["path"] or "index.html"
        served.asked.append(path)
        served.heard.append(f"{request.raw_path} {dict(request.headers)} {await request.text()}")
        if path.startswith("source/"):
            data = (build.HERE / path.removeprefix("source/")).read_bytes()
        elif path in files:
            data = files[path]
        else:
            raise web.HTTPNotFound
        kind = _KINDS.get(path.rpartition(".")[2], "text/html")
        return web.Response(body=data, content_type=kind, charset="utf-8")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        listener = web.TCPSite(runner, "127.0.0.1", 0)
        await listener.start()
        served.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        yield served
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def phone(chromium: Browser, locale: str = "en-GB", **more: str) -> AsyncIterator[BrowserContext]:
    """A phone of somebody in Berlin, whose page must raise no error and must not be wider than the screen."""
    context = await chromium.new_context(viewport=SIZE, locale=locale, timezone_id="Europe/Berlin", **more)
    context.set_default_timeout(PATIENCE_S * 1000)
    troubles: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: said.type == "error" and troubles.append(said.text))

    context.on("page", watch)
    yield context
    for page in context.pages:
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, "the page is wider than the screen"
    await context.close()
    assert not troubles


async def fragment_of(lock: Lock, pin: str, order: str = "4") -> str:
    """The fragment of the address that a phone at the reader opens after PIN * 4 #, or 8."""
    await lock.keys(f"{pin}*{order}#")
    await lock.wait_light("enrolling")
    async with lock.tap("phone"):
        await lock.wait_event(lambda event: event["type"] == "phone")
    return "#" + (await lock.state())["phone"]["link"].partition("#")[2]


async def keep_key(page: Page | FrameLocator, door: str = "Home", person: str = "") -> None:
    """Name the key that has come, and keep it."""
    await expect(page.locator("#naming")).to_be_visible()
    await page.locator("#naming [name=door]").fill(door)
    await page.locator("#naming [name=person]").fill(person)
    await page.locator("#naming button").first.click()
    await expect(page.locator("#make")).to_be_visible()


async def make_code(page: Page | FrameLocator, **fields: str) -> list[str]:
    """Fill the form for a guest's code, and press the button; the digits that come, all of them."""
    for name, value in fields.items():
        place = page.locator(f"{'#which' if name == 'owner' else '#make'} [name={name}]")
        if name in ("kind", "language", "owner"):
            await place.select_option(value)
        else:
            await place.fill(value)
    await page.locator("#make button").first.click()
    await expect(page.locator("#result")).to_be_focused()
    shown = await page.locator("#sheet .digits [aria-hidden]").all_inner_texts()
    return [digits.replace(" ", "") for digits in shown]


async def ready(page: Page) -> None:
    """Wait until its service worker has what it needs when there is no network."""
    await page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
