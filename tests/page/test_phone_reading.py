"""A key is found in pasted text, whatever a mail program has put around it; and a slip in it is seen."""

from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.page.helpers.phones import KEY, Site, phone

pytestmark = pytest.mark.asyncio(loop_scope="module")
GROUPS = " ".join(KEY[n : n + 4] for n in range(0, 32, 4))
NOTE = f"Menshen guest key of demo: {GROUPS}"
WHOLE = {
    "as it is": NOTE,
    "in small and capital letters": NOTE.upper(),
    "with a signature that begins like digits": f"{NOTE}\n\n-- \nBea Decade\nSent from my phone",
    "with a signature right behind": f"{NOTE} Best, Dad",
    "without the mail's line breaks": f"Hello,{NOTE}",
    "wrapped": NOTE.replace("0809", "0809\n").replace("guest key", "guest\nkey"),
    "wrapped by \\r\\n": NOTE.replace("0809 ", "0809\r\n"),
    "quoted": "On Monday Ana wrote:\n> Menshen guest key of demo:\n> " + GROUPS.replace(" 0809", "\n> 0809"),
    "quoted twice": "> > Menshen guest key of demo: 0001 0203\n> > " + GROUPS[10:],
    "in a table of a chat": f"| {NOTE}",
    "behind a byte order mark": f"\ufeff{NOTE}",
    "with zero-width spaces": "\u200b".join(NOTE),
    "with soft hyphens and marks of direction": NOTE.replace(" ", " \u00ad\u200e\u202a"),
    "with hard spaces": NOTE.replace(" ", "\u00a0"),
    "with wide letters of a Chinese keyboard": "".join(
        chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in NOTE
    ),
    "the mail's address": "mailto:?body=" + quote(NOTE),
    "the mail's address with plus signs": "mailto:?body=" + quote(NOTE).replace("%20", "+"),
    "a mail's source": NOTE.replace("0809", "08=\r\n09").replace(" 0a", "=20\r\n0a"),
    "the page's address": f"https://codes.example/door/#lock=demo&key={KEY}",
    "that address in a mail": f"see <https://codes.example/#lock=demo&key={KEY}> thanks",
    "that address, escaped": quote(f"https://codes.example/#lock=demo&key={KEY}", safe=""),
    "behind an old key": f"Menshen guest key of demo: {'0001' * 8}\n{NOTE}",
    "twice": f"{NOTE}\n{NOTE}",
}
NOT_WHOLE = {
    "a digit missing": NOTE[:-1],
    "two digits missing": NOTE[:-2],
    "one wrong": NOTE[:-1] + "1",
    "two swapped": NOTE.replace("0203", "0302"),
    "a key of 0.1.0": "Menshen guest key of demo: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f",
}
NONE = (
    *("", " ", "\0", "hello", "%", "%zz", "#", "=" * 999),
    *("Menshen guest key of demo:", "Menshen home code of demo: abcd"),
)


_READ = """async (text) => {
  const { readKey } = await import("/source/reading.js");
  try {
    const { lock, bytes } = await readKey(text);
    return [lock.toLowerCase(), Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")];
  } catch (wrong) { return wrong.message; }
}"""


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, served: Site):
    async with phone(browser) as context:
        page = await context.new_page()
        await page.goto(served.url + "source/icon.svg")
        yield page


async def test_a_whole_key_is_found_whatever_is_around_it(page: Page) -> None:
    found = {name: await page.evaluate(_READ, text) for name, text in WHOLE.items()}
    assert found == {name: ["demo", KEY] for name in WHOLE}


async def test_the_digits_alone_are_a_key_of_some_lock(page: Page) -> None:
    for text in (KEY, GROUPS, f" {GROUPS}\n"):
        assert await page.evaluate(_READ, text) == ["", KEY]


async def test_a_slip_is_seen_and_told_apart_from_no_key(page: Page) -> None:
    told = {name: await page.evaluate(_READ, text) for name, text in NOT_WHOLE.items()}
    assert told == {name: "noKey" if "missing" in name else "badKey" for name in NOT_WHOLE}
    assert [await page.evaluate(_READ, text) for text in NONE] == ["noKey"] * len(NONE)


async def test_a_slip_in_any_digit_is_seen(page: Page) -> None:
    slips = [KEY[:n] + f"{int(KEY[n], 16) ^ 5:x}" + KEY[n + 1 :] for n in range(32)]
    assert [await page.evaluate(_READ, f"Menshen guest key of demo: {slip}") for slip in slips] == [
        "badKey"
    ] * 32
