"""A resident with any phone gets in by one button, with neither the phone nor the lock on a network."""

from playwright.async_api import expect

from menshen.phone.leaflet import words
from menshen.simulator.provision import DEMO_PIN
from tests.page.helpers.browsing import chromium
from tests.page.helpers.phones import fragment_of, keep_key, phone, site
from tests.simulated_lock import Lock


async def test_one_button_makes_a_code_for_oneself_that_opens_once(make_lock) -> None:
    settings = {"relay": {"unlock_level": 1, "seconds": 1}, "phone": {"page": "https://codes.example/door/"}}
    lock: Lock = await make_lock(settings=settings, sntp=True)
    await lock.wait_armed()
    assert (await lock.wait_online())["json"]["clock"] == "network"
    await lock.network(False)
    fragment = await fragment_of(lock, DEMO_PIN)
    async with chromium() as browser, site() as served, phone(browser) as context:
        page = await context.new_page()
        await page.goto(served.url + fragment)
        await keep_key(page)
        await context.set_offline(True)
        await page.locator("#myself").click()
        await expect(page.locator("#result")).to_be_focused()
        await expect(page.locator("#result-title")).to_contain_text(words("en")["me"])
        code = (await page.locator("#sheet .digits [aria-hidden]").inner_text()).replace(" ", "")
    await lock.keys(f"{code}#")
    await lock.wait_unlocked()
    await lock.wait_locked()
    await lock.keys(f"{code}#")
    await lock.wait_light("denied")
