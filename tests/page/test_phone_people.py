"""The resident's page is for everybody: five languages, a keyboard alone, a voice, and axe finds nothing."""

import itertools
import os

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, Page, expect

from menshen.phone.leaflet import LANGUAGES, words
from tests.page.helpers.phones import FRAGMENT, KEY, LOCALES, Site, keep_key, make_code, phone

pytestmark = pytest.mark.asyncio(loop_scope="module")
_SCHEMES = ("light", "dark")
_SEEN = list(zip(LANGUAGES, itertools.cycle(_SCHEMES), strict=False))  # by day each language in one
if os.environ.get("MENSHEN_NIGHTLY"):
    _SEEN = list(itertools.product(LANGUAGES, _SCHEMES))


async def _findings(page: Page) -> list[str]:
    """What axe has to say of the page as it is."""
    await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate(
        """async () => (await axe.run()).violations.flatMap(({ id, help, nodes }) =>
             nodes.map(({ html }) => `${id}: ${help}: ${html}`))"""
    )
    return list(found)


@pytest.mark.parametrize(("language", "scheme"), _SEEN)
async def test_axe_finds_nothing(browser: Browser, served: Site, language: str, scheme: str) -> None:
    async with phone(browser, LOCALES[language], color_scheme=scheme) as context:
        page = await context.new_page()
        await page.goto(served.url)
        await expect(page.locator("html")).to_have_attribute("lang", language)
        assert await _findings(page) == []
        await page.goto(served.url + FRAGMENT)
        await page.reload()
        await page.evaluate(f"location.hash = '{FRAGMENT}'")
        await expect(page.locator("#naming")).to_be_visible()
        assert await _findings(page) == []
        await keep_key(page)
        await make_code(page, note="Ana", kind="5", weeks="2")
        await page.locator("#help summary").click()
        assert await _findings(page) == []
        await page.locator("#keys button").click()
        await expect(page.locator("#sure")).to_be_visible()
        assert await _findings(page) == []
        await page.keyboard.press("Escape")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_speaks_the_phones_language_and_no_other(
    browser: Browser, served: Site, language: str
) -> None:
    async with phone(browser, LOCALES[language]) as context:
        page = await context.new_page()
        await page.goto(served.url)
        await expect(page.locator("#get h2")).to_have_text(words(language)["get"])
        other = LANGUAGES[LANGUAGES.index(language) - 1]
        await page.locator("#language").select_option(other)
        await expect(page.locator("#get h2")).to_have_text(words(other)["get"])
        await page.reload()
        await expect(page.locator("#get h2")).to_have_text(words(other)["get"])
        assert await page.locator("[data-say]").evaluate_all("all => all.every((part) => part.textContent)")


async def test_every_chinese_is_told_from_the_other(browser: Browser, served: Site) -> None:
    for locale, language in {
        "zh": "zh-Hans",
        "zh-SG": "zh-Hans",
        "zh-Hans-HK": "zh-Hans",
        "zh-HK": "zh-Hant",
        "zh-Hant-CN": "zh-Hant",
        "fr-FR": "en",
    }.items():
        async with phone(browser, locale) as context:
            page = await context.new_page()
            await page.goto(served.url)
            await expect(page.locator("html")).to_have_attribute("lang", language)


async def test_a_keyboard_is_enough(browser: Browser, served: Site) -> None:
    async with phone(browser) as context:
        page = await context.new_page()
        await page.goto(served.url)

        async def go_to(place: str) -> None:
            for _ in range(40):
                await page.keyboard.press("Tab")
                if await page.evaluate("(place) => document.activeElement.matches(place)", place):
                    return
            pytest.fail(f"no Tab comes to {place}")

        await go_to("#get textarea")
        await page.keyboard.type(f"Menshen guest key of demo: {KEY}")
        await go_to("#get button")
        await page.keyboard.press("Enter")
        await expect(page.locator("#naming [name=door]")).to_be_focused()
        await page.keyboard.type("Home")
        await page.keyboard.press("Enter")
        await go_to("#make [name=note]")
        await page.keyboard.type("Ana")
        await page.keyboard.press("Enter")
        await expect(page.locator("#result")).to_be_focused()
        await go_to("#copy")
        await go_to("#codes button")
        await page.keyboard.press("Space")
        await expect(page.locator("#result")).to_be_focused()
