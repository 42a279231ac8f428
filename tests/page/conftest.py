"""A browser of its own for each test that asks for one, and the resident's page on a web server."""

import pytest_asyncio

from tests.page.helpers.browsing import chromium
from tests.page.helpers.phones import site


@pytest_asyncio.fixture
async def browser():
    """A headless Chromium, until the test ends."""
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture
async def served():
    """The resident's page, served like by any web server."""
    async with site() as served:
        yield served
