"""A resident opens at the door by a tap with Web NFC: the page answers the one lock that it was asked to."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, Page, expect

from menshen.phone import build
from menshen.phone.leaflet import LANGUAGES, words
from tests.conftest import TOP
from tests.page.helpers.browsing import chromium
from tests.page.helpers.phones import FRAGMENT, LOCALES, Site, keep_key, phone, site
from tests.simulated_lock import Lock

pytestmark = pytest.mark.asyncio(loop_scope="module")
VECTORS = json.loads((TOP / "tests/vectors/phone_opening.json").read_text())["vectors"]
_ENGLISH = words("en")

_NFC = """
globalThis.NDEFReader = class {
  async scan({signal}) {
    if (globalThis.refuses) throw new DOMException("", "NotAllowedError");
    globalThis.tag = this;
    signal.onabort = () => { globalThis.isOver = true; };
  }
  async write({records}) {
    if (globalThis.moves-- > 0) throw new DOMException("", "NetworkError");
    globalThis.written = records.map(({recordType, data}) => [recordType, ...data]);
  }
};
globalThis.moves = 0;
globalThis.read = (recordType, text) => globalThis.tag.onreading?.(
  {message: {records: [{recordType, data: new DataView(new TextEncoder().encode(text).buffer)}]}});
"""


@contextlib.asynccontextmanager
async def _page(browser: Browser, nfc: str = _NFC, locale: str = "en-GB") -> AsyncIterator[tuple[Page, Site]]:
    """With the key of the vectors' first lock, and with Web NFC in the browser."""
    async with site() as served, phone(browser, locale) as context:
        await context.add_init_script(nfc)
        page = await context.new_page()
        await page.goto(served.url + FRAGMENT)
        await keep_key(page)
        yield page, served


async def _says(page: Page, name: str) -> None:
    await expect(page.locator("#note")).to_have_text(_ENGLISH[name].replace("{name}", "Home"))


async def test_the_published_vectors(browser: Browser) -> None:
    async with _page(browser) as (page, _):
        await page.goto(page.url + "source/icon.svg")
        signed = await page.evaluate(
            """async (vectors) => {
              const { importKey, hex } = await import("/source/codes.js");
              const { signChallenge } = await import("/source/door.js");
              return Promise.all(vectors.map(async ({ key, lock, challenge }) => {
                const bytes = Uint8Array.from(key.match(/../g), (two) => parseInt(two, 16));
                return "d50010" + hex(await signChallenge(await importKey(bytes), lock, challenge));
              }));
            }""",
            VECTORS,
        )
    assert signed == [vector["message"] for vector in VECTORS]


async def test_one_lock_is_answered_once_and_whatever_else_is_held_to_the_phone_is_not(
    browser: Browser,
) -> None:
    asked, answer = VECTORS[0]["read"], bytes.fromhex(VECTORS[0]["message"])[3:]
    async with _page(browser) as (page, served):
        before = list(served.asked)
        await page.locator("#tap").click()
        await _says(page, "tapNow")
        for kind, text, says in (
            ("url", asked, "noLock"),
            ("text", "Menshen guest key of demo: 0001", "noLock"),
            ("text", asked[:-1], "noLock"),
            ("text", asked + "0", "noLock"),
            ("text", asked.replace("demo", "office"), "otherLock"),
        ):
            await page.evaluate("([kind, text]) => read(kind, text)", [kind, text])
            await _says(page, says)
            assert await page.evaluate("globalThis.written") is None
        await page.evaluate("moves = 1")
        await page.evaluate("(text) => read('text', text)", asked)
        await _says(page, "tapAgain")
        await page.evaluate("(text) => read('text', text)", asked)
        await _says(page, "answered")
        assert await page.evaluate("globalThis.written") == [["unknown", *answer]]
        assert await page.evaluate("isOver")
        await page.evaluate("written = null")
        await page.evaluate("(text) => read('text', text)", asked)
        assert await page.evaluate("globalThis.written") is None
        assert served.asked == before, "a tap asks nobody for anything"


async def test_of_several_doors_the_one_that_is_chosen_is_answered(browser: Browser) -> None:
    async with _page(browser) as (page, _):
        await page.evaluate("location.hash = 'lock=office&key=8f3c2a917be05d46c1d2e3f40516b5d2'")
        await keep_key(page, "Office")
        await page.locator("#which select").select_option(label="Office")
        await page.locator("#tap").click()
        await page.evaluate("(text) => read('text', text)", VECTORS[0]["read"])
        await expect(page.locator("#note")).to_have_text(_ENGLISH["otherLock"].replace("{name}", "Office"))
        assert await page.evaluate("globalThis.written") is None
        await page.evaluate("(text) => read('text', text)", VECTORS[0]["read"].replace("demo", "office"))
        await expect(page.locator("#note")).to_have_text(_ENGLISH["answered"])


async def test_a_page_that_is_left_alone_answers_no_more_and_one_without_leave_says_so(
    browser: Browser,
) -> None:
    async with _page(browser) as (page, _):
        await page.clock.install()
        await page.locator("#tap").click()
        await _says(page, "tapNow")
        await page.clock.fast_forward(30_000)
        await _says(page, "noTap")
        await page.evaluate("(text) => read('text', text)", VECTORS[0]["read"])
        assert await page.evaluate("globalThis.written") is None
        await page.evaluate("refuses = true")
        await page.locator("#tap").click()
        await _says(page, "noNfc")


async def test_a_browser_without_web_nfc_does_not_speak_of_it(browser: Browser) -> None:
    async with _page(browser, "") as (page, _):
        await expect(page.locator("#make")).to_be_visible()
        await expect(page.locator("#at-door")).to_be_hidden()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_axe_finds_nothing_in_it_in_any_language(
    browser: Browser, language: str, tmp_path: Path
) -> None:
    async with _page(browser, locale=LOCALES[language]) as (page, _):
        await page.locator("#tap").click()
        await expect(page.locator("#note")).to_have_text(words(language)["tapNow"].replace("{name}", "Home"))
        await page.evaluate(AXE_SCRIPT)
        found = await page.evaluate(
            "axe.run().then(({violations}) => violations.map(({id, help}) => id + help))"
        )
        assert found == []
        await page.locator("main").screenshot(path=tmp_path / f"{language}.png")


@pytest.mark.asyncio(loop_scope="function")
async def test_the_page_opens_the_simulated_door_with_the_network_down(make_lock) -> None:
    """The same page beside the door of make run, whose stand-in for Web NFC is the simulated phone."""
    settings = {"relay": {"unlock_level": 1, "seconds": 1}, "phone": {"page": "https://codes.example/door/"}}
    lock: Lock = await make_lock(settings=settings)
    await lock.wait_armed()
    await lock.network(False)
    async with chromium() as browser, phone(browser) as context:
        page = await context.new_page()
        await page.goto(lock.url)
        await lock.keys("246810*4#")
        await lock.wait_light("enrolling")
        await page.locator("[data-card=phone]").click()
        frame = page.frame_locator("#resident")
        await keep_key(frame)
        await page.locator("[data-card=phone]").click()
        await frame.locator("#tap").click()
        await expect(frame.locator("#note")).to_have_text(_ENGLISH["tapNow"].replace("{name}", "Home"))
        began = len(lock.events)
        await lock.keys("*#")
        await lock.wait_light("enrolling")
        await page.locator("[data-card=phone]").click()
        await lock.wait_unlocked()
        await expect(frame.locator("#note")).to_have_text(_ENGLISH["answered"])
    out = [e for e in lock.events[began:] if e["type"] == "mqtt" and e["direction"] == "out"]
    assert not out
    assert b"connect-src" not in build.files()["index.html"], "it could not speak with anybody"
