"""The page, in a real headless browser, on a real simulated lock."""

from collections.abc import Callable

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.page.helpers.browsing import PATIENCE_S, chromium
from tests.simulated_lock import Lock

_SIZES = {"desktop": (1280, 860), "phone": (360, 780)}


@pytest_asyncio.fixture
async def lock(make_lock: Callable) -> Lock:
    """The demo lock, whose strike lets go long enough for a browser that is slow."""
    lock = await make_lock(settings={"relay": {"unlock_level": 1, "seconds": 30}})
    await lock.wait_armed()
    return lock


@pytest_asyncio.fixture(params=_SIZES)
async def page(request: pytest.FixtureRequest, lock: Lock):
    width, height = _SIZES[request.param]
    async with chromium() as program:
        page = await program.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE_S * 1000)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda r: r.url.startswith((lock.url, "data:")) or troubles.append(r.url))
        await page.goto(lock.url)
        await expect(page.locator("#power")).to_have_attribute("aria-pressed", "true")
        yield page
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not troubles
    assert not wide, "the page is wider than the screen"


async def test_a_person_opens_the_door_pulls_the_cable_and_opens_it_again(page: Page, lock: Lock) -> None:
    await lock.wait_online()
    for key in "246810#":
        await page.locator(f'#keypad [data-key="{key}"]').click()
    await lock.wait_unlocked()
    await expect(page.locator("#says")).to_contain_text("bolt is free")
    await page.locator("#door").click()
    await expect(page.locator("#house")).to_have_class("released open")
    await page.locator("#door").click()
    await expect(page.locator("#house")).to_have_class("")
    await page.locator("#network").click()
    await expect(page.locator("#network small")).to_have_text("pulled out")
    await page.locator('[data-card="tenant"]').click()
    await expect(page.locator("#house")).to_have_class("released")
    await page.locator("#door").click()
    await expect(page.locator("#tries li.done")).to_have_count(3)


async def test_a_card_is_dragged_to_the_reader(page: Page, lock: Lock) -> None:
    await page.drag_and_drop('[data-card="stranger"]', "#reader")
    await expect(page.locator("#signal")).to_have_text("denied")
    await expect(page.locator("#on-reader")).to_contain_text("stranger")
    await page.locator("#reader").click()
    await expect(page.locator("#on-reader")).to_contain_text("tap a card here")


async def test_the_phone_is_held_to_the_reader_and_shows_the_guest_key(page: Page, lock: Lock) -> None:
    await lock.wait_armed()
    phone = page.locator("[data-card=phone]")
    await expect(phone).to_contain_text("The tenant's phone")
    await lock.keys("246810*4#")
    await expect(page.locator("#signal")).to_have_text("enrolling")
    await phone.click()
    await expect(phone).to_contain_text("Menshen guest key of demo")
    await expect(page.locator("#on-reader")).to_contain_text("The phone is on the reader")
    text = (await lock.state())["phone"]["read"]
    await expect(phone.locator("small")).to_have_text(text.partition(": ")[2])
    await expect(page.locator("#tries [data-try=guest]")).to_have_class("done")


async def test_every_message_is_listed_in_both_directions(page: Page, lock: Lock) -> None:
    await lock.wait_online()
    await expect(page.locator("#messages .out", has_text="out").first).to_be_visible()
    await expect(page.locator("#messages")).to_contain_text("menshen/v1/demo/state")
    await lock.publish("list", "<b>rubbish</b>")
    await expect(page.locator("#messages")).to_contain_text("<b>rubbish</b>")
    await expect(page.locator("#messages")).to_contain_text("malformed")


async def test_the_plug_is_pulled_and_put_back(page: Page, lock: Lock) -> None:
    await page.locator("#power").click()
    await expect(page.locator("#signal")).to_have_text("no power")
    await page.locator("#door").click()
    await expect(page.locator("#says")).to_contain_text("It is locked")
    await page.locator("#power").click()
    await lock.wait_armed()
    await page.keyboard.type("246810")

    await page.locator('[data-key="#"]').click()
    await lock.wait_unlocked()


async def test_a_door_kicked_in_is_seen_and_heard(page: Page, lock: Lock) -> None:
    await page.locator("#faults summary").click()
    await page.locator("#force").click()
    await expect(page.locator("#signal")).to_have_text("forced")
    await page.wait_for_function("document.querySelector('#buzzer').textContent.includes('3200 Hz')")
