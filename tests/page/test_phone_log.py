"""A resident's own log: read by a tap, decrypted in the browser, shown by day; nothing of it is stored."""

import json

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, expect

from menshen.phone import build
from menshen.phone.leaflet import LANGUAGES, words
from tests.conftest import TOP
from tests.page.helpers.browsing import chromium
from tests.page.helpers.phones import LOCALES, Site, phone
from tests.simulated_lock import Lock

pytestmark = pytest.mark.asyncio(loop_scope="module")
VECTORS = json.loads((TOP / "tests/vectors/log.json").read_text())


def _tap(log: str) -> str:
    return f"location.hash = '#lock=front&log={log}'"


async def test_the_published_vectors(browser: Browser, served: Site) -> None:
    """The modules as they stand here read them, the first hand-over before the second, and not without it."""
    async with phone(browser) as context:
        page = await context.new_page()
        await page.goto(served.url)
        read = """async ([texts]) => {
            const {findLog, readLog} = await import("/source/log.js");
            const known = [];
            let log;
            for (const text of texts) {
                const {lock, bytes} = await findLog(text);
                log = await readLog(bytes, known);
                known.splice(0, 1, log.keep);
            }
            return log.entries;
        }"""
        plain = await context.browser.new_context(bypass_csp=True)
        page = await plain.new_page()
        await page.goto(served.url)
        texts = [f"lock=front&log={VECTORS[name]}" for name in ("first", "later")]
        entries = await page.evaluate(read, [texts])
        wanted = [bytes.fromhex(one) for one in VECTORS["entries"]]
        told = [
            {
                "time": int.from_bytes(one[:4], "little"),
                "what": one[4],
                "more": one[5],
                "detail": int.from_bytes(one[6:], "little"),
            }
            for one in wanted
            if one[4]
        ]
        assert entries == told
        alone = await page.evaluate(read, [texts[1:]])
        assert alone == told[:2], "a phone that comes later reads the hour that runs"
        mail = VECTORS["later"]
        lines = "\r\n> ".join(mail[at : at + 70] for at in range(0, len(mail), 70))
        pasted = (
            f"mailto:?body=Menshen%20log%20of%20front:%20{mail}",
            f"> Menshen log of front: {lines}\r\n\r\nSent from it",
        )
        for text in pasted:
            assert await page.evaluate(read, [[texts[0], text]]) == told
        broken = texts[1][:-9] + "A" + texts[1][-8:]
        refused = """async (text) => {
            const {findLog} = await import("/source/log.js");
            return findLog(text).then(() => "read", (wrong) => wrong.message);
        }"""
        assert await page.evaluate(refused, broken) == "badLog"
        assert await page.evaluate(refused, texts[1][:900]) == "badLog"
        await plain.close()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_is_shown_by_day_in_each_language_and_stored_nowhere(
    browser: Browser, served: Site, language: str
) -> None:
    said = words(language)["logs"]
    async with phone(browser, LOCALES[language]) as context:
        page = await context.new_page()
        await page.goto(served.url)
        await expect(page.locator("html")).to_have_attribute("lang", language)
        await page.evaluate(_tap(VECTORS["first"]))
        await expect(page.locator("#entries")).to_contain_text(said["begun"])
        assert "log=" not in page.url
        await page.locator("#close-log").click()
        await expect(page.locator("#log")).to_be_hidden()
        await page.reload()
        await page.evaluate(_tap(VECTORS["later"]))
        await expect(page.locator("#log")).to_be_focused()
        assert await page.locator("#entries li").count() == 13
        days = await page.locator("#entries h3").all_inner_texts()
        assert said["unknown"] in days
        assert len(days) >= 4
        text = await page.locator("#entries").inner_text()
        for part in (
            said["what"][1],
            said["role"][0],
            said["alarm"][0],
            said["alarm"][2],
            "3fa2",
            "1c07",
            "beef",
        ):
            assert part in text
        assert "undefined" not in text
        assert "{" not in text
        await page.evaluate(AXE_SCRIPT)
        found = await page.evaluate(
            "axe.run().then(({violations}) => violations.map(({id, help}) => id + help))"
        )
        assert found == []
        stored = await page.evaluate(
            """() => new Promise((go) => { indexedDB.open("menshen").onsuccess = ({target}) => {
                 target.result.transaction("logs").objectStore("logs").getAll().onsuccess = (all) =>
                   go(all.target.result.map(({key, ...rest}) =>
                     ({...rest, readable: key.extractable}))); } })"""
        )
        assert stored == [{"id": 1, "lock": "front", "steps": 1000, "readable": False}]


async def test_forgetting_its_key_forgets_what_was_before(browser: Browser, served: Site) -> None:
    async with phone(browser) as context:
        page = await context.new_page()
        await page.goto(served.url)
        await page.evaluate(_tap(VECTORS["first"]))
        await page.locator("#forget-log").click()
        await page.locator("#sure button").first.click()
        await expect(page.locator("#log")).to_be_hidden()
        await page.evaluate(_tap(VECTORS["later"]))
        await expect(page.locator("#entries li")).to_have_count(2)
        assert set(served.asked) <= set(build.files()), (
            "the page, and what installs it: a log asks for nothing"
        )


@pytest.mark.asyncio(loop_scope="function")
async def test_a_resident_reads_it_from_the_keypad_on_with_the_network_down(make_lock) -> None:
    settings = {"relay": {"unlock_level": 1, "seconds": 1}, "phone": {"page": "https://codes.example/door/"}}
    lock: Lock = await make_lock(settings=settings, sntp=True)
    await lock.wait_armed()
    await lock.wait_online()
    await lock.network(False)
    async with chromium() as browser, phone(browser) as context:
        page = await context.new_page()
        await page.goto(lock.url)
        entries = page.frame_locator("#resident").locator("#entries")
        for said in (words("en")["logs"]["begun"], words("en")["logs"]["what"][1]):
            await lock.keys("246810*8#")
            await lock.wait_light("enrolling")
            await page.locator("[data-card=phone]").click()
            await expect(entries).to_contain_text(said)
            await page.locator("[data-card=phone]").click()
            await lock.keys("*")
            await lock.keys("246810#")
            await lock.wait_unlocked()
            await lock.wait_locked()
        assert await entries.locator("h3").count() == 1
