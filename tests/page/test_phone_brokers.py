"""The page at each broker as shipped: it says whether the lock is online, where the broker can tell."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from menshen.phone.leaflet import words
from tests.integration.helpers.phones import PHONES_AT, WithPhones
from tests.integration.helpers.process import started
from tests.integration.helpers.rights import ROOT, listener
from tests.page.helpers.browsing import chromium
from tests.page.helpers.phones import FRAGMENT, keep_key, phone, site

LOCK, OTHER = "demo", "other"
_ENGLISH = words("en")


@pytest_asyncio.fixture(params=PHONES_AT)
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WithPhones]:
    kind = PHONES_AT[request.param]
    if reason := kind.missing():
        pytest.skip(reason)
    broker = await started(lambda: kind(tmp_path, [LOCK, OTHER]))
    try:
        yield broker
    finally:
        await broker.stop()


async def _says(page: Page, name: str) -> None:
    await page.locator("#open").click()
    for _ in range(2):
        await page.locator("#sure button[value=yes]").click()
    await expect(page.locator("#note")).to_have_text(_ENGLISH[name])


async def test_the_page_says_whether_the_lock_listens(broker: WithPhones) -> None:
    """The lock is somebody who subscribes as it does, and goes; another lock and the operator stay."""
    knows = broker.name != "nats"  # which speaks MQTT 3.1.1 alone
    address = f"ws://{broker.host}:{broker.inner}/mqtt"
    async with (
        chromium() as browser,
        site(address) as served,
        phone(browser) as context,
        listener(broker, broker.operator(), "operator-1") as operator,
        listener(broker, broker.lock(OTHER), OTHER) as other,
    ):
        await operator.client.subscribe(f"{ROOT}/+/state", qos=1)
        await other.client.subscribe(f"{ROOT}/{OTHER}/tenant", qos=0)
        page = await context.new_page()
        await page.goto(served.url + FRAGMENT)
        await keep_key(page)
        await _says(page, "offline" if knows else "sent")
        async with listener(broker, broker.lock(LOCK), LOCK) as lock:
            await lock.client.subscribe(f"{ROOT}/{LOCK}/tenant", qos=0)
            await _says(page, "online" if knows else "sent")
            assert await lock.until(lambda heard: len(heard) == 1)
        await _says(page, "offline" if knows else "sent")
