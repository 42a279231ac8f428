"""The page, in a real headless browser, on a real simulated lock."""

import itertools
import os
import re
from collections.abc import Callable

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from menshen.simulator import lights
from menshen.simulator.server import PAGE
from tests.conftest import TOP
from tests.page.helpers.browsing import PATIENCE_S, chromium, until
from tests.simulated_lock import Lock

_SIZES = {"desktop": (1280, 860), "phone": (360, 780)}
_TURNS = itertools.cycle(_SIZES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All at both sizes by night; by day the whole story, and the others by turns at the one or the other."""
    if "page" in metafunc.fixturenames:
        is_story = metafunc.function.__name__.startswith("test_a_person_")
        is_at_both = is_story or os.environ.get("MENSHEN_NIGHTLY")
        metafunc.parametrize("page", _SIZES if is_at_both else [next(_TURNS)], indirect=True)


@pytest_asyncio.fixture
async def lock(make_lock: Callable) -> Lock:
    """The demo lock, whose strike lets go long enough for a browser that is slow."""
    lock = await make_lock(settings={"relay": {"unlock_level": 1, "seconds": 30}})
    await lock.wait_armed()
    return lock


@pytest_asyncio.fixture
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


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=str)
async def test_pin_menu_and_the_lights_meaning_are_above_the_fold(page: Page, size: tuple[int, int]) -> None:
    width, height = size
    await page.set_viewport_size({"width": width, "height": height})
    await page.evaluate("scrollTo(0, 0)")
    for keys in ("#pin kbd", "[data-try='open'] kbd"):
        await expect(page.locator(keys)).to_have_text("2 4 6 8 1 0 #")
    await expect(page.locator("#meaning")).not_to_be_empty()
    beside = ("#says", "#network", "#power", "#tries") if width > 1080 else ()
    for part in ("#pin", "#menu", "#signal", "#meaning", "#keypad", *beside):
        await expect(page.locator(part)).to_be_visible()
        box = await page.locator(part).bounding_box()
        assert box, part
        assert 0 <= box["y"] <= box["y"] + box["height"] <= height, (part, box)


async def test_the_keys_of_the_menu_do_what_is_written_there(page: Page, lock: Lock) -> None:
    await page.locator("#menu [data-order='1']").click()
    await expect(page.locator("#signal")).to_have_text("enrolling")
    await expect(page.locator("#meaning")).to_contain_text("Blue: go on")
    await page.locator("#pin button").click()  # one's own PIN opens in the dialogue, too
    await lock.wait_unlocked()
    await expect(page.locator("#says")).to_contain_text("bolt is free")
    await page.locator("#menu [data-order='']").click()  # a phone that has no key, at least, does no harm
    await expect(page.locator("#signal")).to_have_text("enrolling")


async def test_where_no_pin_is_known_the_page_asks_for_it(page: Page, lock: Lock) -> None:
    async def state_of_a_house(route: Route) -> None:
        await route.fulfill(json=await lock.state() | {"pin": ""})

    await page.route("**/api/state", state_of_a_house)
    await page.reload()
    await expect(page.locator("#pin")).to_be_hidden()
    await expect(page.locator("[data-try='open'] kbd")).to_have_text("PIN #")
    await page.locator("#menu [data-order='1']").click()
    await expect(page.locator("#own")).to_be_focused()
    await page.locator("#own").fill("246810")
    await page.locator("#menu [data-order='1']").click()
    await expect(page.locator("#signal")).to_have_text("enrolling")


async def test_the_exit_button_lets_the_strike_go_by_its_own_wire(page: Page, lock: Lock) -> None:
    await page.locator("#power").click()  # without the lock, too
    await expect(page.locator("#signal")).to_have_text("no power")
    await page.locator("#exit").click()
    await expect(page.locator("#says")).to_contain_text("exit button")
    await expect(page.locator("#exit small")).to_have_text("the door lets go")
    await expect(page.locator("#exit small")).to_have_text("inside")  # and only for a moment


async def test_times_and_bytes_are_those_of_the_wire(page: Page, lock: Lock) -> None:
    """Whoever opens the page late, and twice, reads when it was and how much it was."""
    await lock.wait_online()
    sent = [e for e in lock.events if e["type"] == "mqtt" and e["direction"] == "out"]
    assert sent
    await page.clock.set_fixed_time("2030-01-01")
    await page.reload()
    wire = (await lock.state())["wire"]["out"]
    assert wire["bytes"] >= sum(e["size"] for e in sent)
    await expect(page.locator("#out-bytes")).to_have_text(str(wire["bytes"]))
    await expect(page.locator("#out-count")).to_have_text(str(wire["messages"]))
    wall = await page.evaluate(f"new Date({sent[0]['at']}).toLocaleTimeString([], {{ hour12: false }})")
    await expect(page.locator("#messages time").last).to_have_text(wall)


async def test_the_demo_starts_over(page: Page, lock: Lock) -> None:
    await lock.keys("246810*1#735194#735194#")
    await expect(page.locator("#signal")).to_have_text("kept")
    await page.locator("#network").click()
    await expect(page.locator("#network small")).to_have_text("pulled out")
    await page.locator("#start-over").click()
    await expect(page.locator("#network small")).to_have_text("plugged in")
    await expect(page.locator("#start-over")).to_be_enabled()
    await lock.wait_armed()
    await lock.keys("246810#")
    await lock.wait_unlocked()


def test_each_signal_and_each_number_has_its_words() -> None:
    words = (PAGE / "words.js").read_text()
    light, _, menu = words.partition("export const MENU")
    said = set(re.findall(r'^  (?:"([^"]+)"|(\w+)): "', light, re.MULTILINE))
    assert {a or b for a, b in said} == set(lights.names().values()) | _every_signal()
    orders = re.search(r'_ORDERS = b" ([\d ]+) "', (TOP / "firmware/access/gate.py").read_text())
    assert orders
    assert set(re.findall(r'^  \["(\d+)"', menu, re.MULTILINE)) == set(orders[1].split())


def _every_signal() -> set[str]:
    return {*lights.signals(), *lights.conditions()}


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


async def test_a_door_that_is_open_is_not_called_locked_when_the_power_goes(page: Page, lock: Lock) -> None:
    await lock.open_leaf(force=True)
    await lock.power(False)
    await expect(page.locator("#signal")).to_have_text("no power")
    await expect(page.locator("#says")).to_contain_text("The door is open")
    await page.locator("#door").click()
    await expect(page.locator("#says")).to_contain_text("stays locked")


async def test_a_door_kicked_in_is_seen_and_heard(page: Page, lock: Lock) -> None:
    await page.locator("#faults summary").click()
    await page.locator("#force").click()
    await expect(page.locator("#signal")).to_have_text("forced")
    await until(page, "document.querySelector('#buzzer').textContent.includes('3200 Hz')")
