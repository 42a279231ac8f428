"""A headless Chromium that ends with its test for certain."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import psutil
from playwright.async_api import Browser, Page, async_playwright, expect

from menshen.setup import browser

PATIENCE_S = 60  # for what never comes
expect.set_options(timeout=PATIENCE_S * 1000)


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The machine's, or the one that set-up has fetched."""
    program = browser.program()
    assert program, "there is no Chromium here: `make setup-tests` says why"
    async with contextlib.AsyncExitStack() as ends:
        ends.callback(_sweep, psutil.Process().children(recursive=True))
        async with asyncio.timeout(PATIENCE_S):
            playwright = await async_playwright().start()
            ends.push_async_callback(_soon, playwright.stop)
            started = await playwright.chromium.launch(executable_path=program)
            ends.push_async_callback(_soon, started.close)
        yield started


async def until(page: Page, condition: str) -> None:
    """Wait for this JavaScript. Playwright's `wait_for_function` has the page evaluate a text at each look,
    which a content security policy forbids at any but the first.
    """
    look = "() => new Promise((done) => { const look = () => (%s) ? done() : setTimeout(look, 20); look(); })"
    async with asyncio.timeout(PATIENCE_S):
        await page.evaluate(look % condition)


def _sweep(others: list[psutil.Process]) -> None:
    """Kill what is left of Playwright: its driver, and the browser, whose profile it has named."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process not in others and "playwright" in " ".join(process.cmdline()):
                process.kill()


async def _soon(end: Callable) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await end()
