"""A browser for all tests of a file, and the resident's page on a web server.

Such a file runs in one event loop, by `pytest.mark.asyncio(loop_scope="module")`. To start Playwright and
a Chromium takes a second of CPU time; a page in a context of its own, a sixth of it.
"""

import asyncio

import pytest_asyncio

from menshen import ending
from tests.page.helpers.browsing import chromium
from tests.page.helpers.phones import site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    """A headless Chromium, until the last test of the file ends; so does what its tests have left."""
    async with chromium() as started:
        yield started
    await ending.end(*asyncio.all_tasks() - {asyncio.current_task()})


@pytest_asyncio.fixture(loop_scope="module")
async def served():
    """The resident's page, served like by any web server."""
    async with site() as served:
        yield served
