"""The resident's page in a real browser: keys come in and stay, codes are right, nothing goes out."""

import json
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from menshen.phone import build
from tests.conftest import TOP
from tests.page.helpers.browsing import until
from tests.page.helpers.phones import (
    FRAGMENT,
    KEY,
    Site,
    keep_key,
    make_code,
    phone,
    ready,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
VECTORS = json.loads((TOP / "tests/vectors/guest_codes.json").read_text())["vectors"]
OTHER = "8f3c2a917be05d46c1d2e3f40516b5d2"
FIRST_PAINT_MS = 1000
SLOWED = 4  # times: what makes a computer's processor a cheap phone's

_FORM_SHOWN = """
const look = () => {
  if (document.querySelector("#make")?.checkVisibility()) window.formShown = performance.now();
  else requestAnimationFrame(look);
};
look();
"""
"""Notes when the form for a code is there, in ms since the page was asked for."""

_STORED = """() => new Promise((resolve) => {
  const asked = indexedDB.open("menshen");
  asked.onsuccess = () => {
    const all = asked.result.transaction("keys").objectStore("keys").getAll();
    all.onsuccess = () => resolve(Promise.all(all.result.map(async ({ key, ...rest }) => {
      const read = await crypto.subtle.exportKey("raw", key).then(() => true, () => false);
      return [key.extractable, read, JSON.stringify(rest)];
    })));
  };
})"""


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser):
    async with phone(browser) as context:
        yield context


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext, served: Site) -> Page:
    """With a key."""
    page = await context.new_page()
    await page.goto(served.url + FRAGMENT)
    await keep_key(page)
    return page


async def test_the_published_vectors(context: BrowserContext, served: Site) -> None:
    page = await context.new_page()
    await page.goto(served.url + "source/icon.svg")
    made = await page.evaluate(
        """async (vectors) => {
          const { makeCode, importKey, isComplete, endOf } = await import("/source/codes.js");
          return Promise.all(vectors.map(async (vector) => {
            const bytes = Uint8Array.from(vector.key.match(/../g), (two) => parseInt(two, 16));
            const key = await importKey(bytes);
            const { start_half_hour: start, duration_class: kind } = vector;
            return [await isComplete(bytes), await makeCode(key, start, kind), endOf(start, kind)];
          }));
        }""",
        VECTORS,
    )
    assert made == [[True, vector["code"], vector["ends"] * 1000] for vector in VECTORS]


async def test_the_key_leaves_the_address_at_once_and_can_be_read_by_nobody(page: Page, served: Site) -> None:
    assert page.url == served.url
    assert await page.evaluate("history.length") <= 2
    await page.go_back()
    await page.go_forward()
    assert KEY not in page.url
    [[extractable, read, rest]] = await page.evaluate(_STORED)
    assert not extractable
    assert not read
    assert KEY not in rest
    assert KEY not in await page.content()
    assert not [path for path in served.asked if KEY in path]


async def test_a_key_that_comes_while_the_page_is_open_leaves_the_address_too(page: Page) -> None:
    await page.evaluate(f"location.hash = 'lock=flat-2&key={OTHER}'")
    await keep_key(page, "Office")
    assert "#" not in page.url
    await expect(page.locator("#keys li")).to_have_count(2)


async def test_a_code_is_made_for_a_guest(page: Page) -> None:
    [code] = await make_code(page, note="Ana", **{"from": "2026-12-24T19:00", "kind": "2"})
    assert code == VECTORS[0]["code"]
    shown = page.locator("#result")
    await expect(shown.locator("h2")).to_have_text("For Ana")
    await expect(shown.locator(".spoken")).to_have_text("7 3 6, 3 4 1, 7 4 3, 4 2 6")
    await expect(shown).to_contain_text("Home: type 736 341 743 426 at the keypad, then #.")
    await expect(shown).to_contain_text("from Thu, Dec 24, 19:00 until Thu, Dec 24, 23:00.")


async def test_a_cleaners_weeks_keep_their_hour_over_the_change_of_the_clocks(page: Page) -> None:
    codes = await make_code(page, weeks="3", **{"from": "2027-03-21T09:30", "kind": "1"})
    assert len(set(codes)) == 3
    texts = await page.locator("#sheet li").all_inner_texts()
    assert all("09:30" in text and "11:30" in text for text in texts)
    await page.reload()
    await expect(page.locator("#codes li")).to_have_count(3)


async def test_a_code_for_one_entry(page: Page) -> None:
    await page.locator("#make [name=once]").check()
    await expect(page.locator("#make [name=kind] option")).to_have_count(4)
    [code] = await make_code(page, **{"from": "2026-12-24T19:00", "kind": "12"})
    assert code == VECTORS[1]["code"]
    await expect(page.locator("#result")).to_contain_text("opens once")


async def test_what_was_made_can_be_looked_up_and_forgotten(page: Page) -> None:
    [code] = await make_code(page, note="Ana", kind="5")
    await page.reload()
    await expect(page.locator("#result")).to_be_hidden()
    await page.get_by_role("button", name="Show: Ana").click()
    assert (await page.locator(".digits [aria-hidden]").inner_text()).replace(" ", "") == code
    stored = await page.evaluate("indexedDB.databases().then((all) => all.length)")
    assert stored == 1
    await page.get_by_role("button", name="Forget: Ana").click()
    await expect(page.locator("#codes li")).to_have_count(0)


async def test_the_guest_is_told_in_their_language_by_the_phones_own_dialogue(page: Page) -> None:
    await page.evaluate("navigator.share = async (what) => { window.shared = what; }")
    await make_code(page, language="zh-Hans", kind="5")
    await page.locator("#share").click()
    shared = await page.evaluate("window.shared")
    assert "在键盘上输入" in shared["text"]
    assert list(shared) == ["text"]


async def test_without_that_dialogue_it_is_copied(page: Page, context: BrowserContext) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await make_code(page, kind="5")
    await page.locator("#copy").click()
    await expect(page.locator("#note")).to_have_text("Copied.")
    assert "Home: type" in await page.evaluate("navigator.clipboard.readText()")


async def test_the_sheet_prints_the_codes_and_nothing_else(page: Page) -> None:
    await make_code(page, kind="5", weeks="2")
    await page.emulate_media(media="print")
    for name in ("header", "#make", "#keyring", "#made", "#get", "#share", "#copy"):
        await expect(page.locator(name)).to_be_hidden()
    await expect(page.locator("#sheet li")).to_have_count(2)
    await page.emulate_media(media="screen")


async def test_a_new_key_says_what_it_voids(page: Page) -> None:
    await make_code(page, note="Ana", kind="5", weeks="2")
    await page.fill("#get textarea", f"Menshen guest key of demo: {OTHER}")
    await page.locator("#get button").click()
    options = page.locator("#naming [name=place] option")
    await expect(options.nth(1)).to_have_text("In place of Home. Its codes open no more; not yet over: 2")
    await page.locator("#naming [name=place]").select_option(index=1)
    await page.locator("#naming button").first.click()
    await expect(page.locator("#keys li")).to_have_count(1)
    await expect(page.locator("#codes li.over")).to_have_count(2)
    await expect(page.locator("#codes li").first).to_contain_text("void")
    await expect(page.locator("#result")).to_be_hidden()


async def test_a_key_is_forgotten_after_a_question_only(page: Page) -> None:
    await make_code(page, kind="5")
    forget = page.get_by_role("button", name="Forget this key: Home")
    await forget.click()
    await expect(page.locator("#sure-text")).to_contain_text("go on opening: 1")
    await page.keyboard.press("Escape")
    await expect(page.locator("#keys li")).to_have_count(1)
    await forget.click()
    await page.locator("#sure button").first.click()
    await expect(page.locator("#keys li")).to_have_count(0)
    await expect(page.locator("#make")).to_be_hidden()
    await expect(page.locator("#codes li")).to_have_count(0)


async def test_several_locks_and_people_have_names_and_codes_of_their_own(page: Page) -> None:
    await page.fill("#get textarea", f"Menshen guest key of flat-2: {OTHER}")
    await page.locator("#get button").click()
    await keep_key(page, "Office", "Ben")
    await expect(page.locator("#which option")).to_have_text(["Home", "Office (Ben)"])
    first = await make_code(page, owner="1", **{"from": "2026-12-24T19:00", "kind": "2"})
    second = await make_code(page, owner="2", **{"from": "2026-12-24T19:00", "kind": "2"})
    assert first == [VECTORS[0]["code"]] != second


async def test_after_the_first_visit_no_network_is_needed_and_none_is_used(page: Page, served: Site) -> None:
    await ready(page)
    served.asked.clear()
    await page.context.set_offline(True)
    await page.reload()
    [code] = await make_code(page, **{"from": "2026-12-24T19:00", "kind": "2"})
    assert code == VECTORS[0]["code"]
    await page.context.set_offline(False)
    await page.reload()
    await expect(page.locator("#codes li")).to_have_count(1)
    await make_code(page, kind="5")
    assert [path for path in served.asked if path != "worker.js"] == []


async def test_the_first_paint_offline_takes_less_than_a_second_on_a_slow_phone(page: Page) -> None:
    """And that is all of the page: the form for a code is there with it, or soon after."""
    await ready(page)
    await page.context.set_offline(True)
    await page.context.add_init_script(_FORM_SHOWN)
    await (await page.context.new_cdp_session(page)).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    paints, forms = [], []
    for _ in range(5):  # the best of them: the computer may be busy with all else
        await page.reload()
        await until(page, "performance.getEntriesByName('first-contentful-paint').length && window.formShown")
        paints.append(
            await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        )
        forms.append(await page.evaluate("window.formShown"))
    slow = f"offline, processor slowed down by {SLOWED}"
    print(f"first paint, {slow}: {sorted(map(round, paints))} ms; form: {sorted(map(round, forms))} ms")
    assert min(paints) < FIRST_PAINT_MS
    assert min(forms) < FIRST_PAINT_MS


async def test_one_saved_file_does_the_same(browser: Browser, tmp_path: Path) -> None:
    saved = tmp_path / "menshen.html"
    saved.write_bytes(build.files()["index.html"])
    context = await browser.new_context(timezone_id="Europe/Berlin", locale="en-GB")
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(saved.as_uri() + FRAGMENT)
    await keep_key(page)
    assert page.url == saved.as_uri()
    assert await make_code(page, **{"from": "2026-12-24T19:00", "kind": "2"}) == [VECTORS[0]["code"]]
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    await context.close()


async def test_what_is_not_ours_neither_runs_nor_is_asked_for(browser: Browser, served: Site) -> None:
    """The content security policy, tried by what an injected script would do."""
    page = await browser.new_page()
    await page.goto(served.url)
    await page.evaluate(
        """(url) => {
          window.refused = [];
          document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) =>
            window.refused.push(effectiveDirective));
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          const image = document.createElement("img");
          image.src = "http://192.0.2.1/";
          document.body.append(image);
          fetch(url + "stolen").catch(() => {});
          navigator.sendBeacon(url + "stolen", "key");
          document.body.insertAdjacentHTML("beforeend", "<p style='color: red' onclick='1'>x</p>");
        }""",
        served.url,
    )
    await until(page, "window.refused.length >= 5")
    refused = set(await page.evaluate("window.refused"))
    assert {"script-src-elem", "style-src-attr", "img-src", "connect-src"} <= refused
    assert not await page.evaluate("window.ran")
    assert "stolen" not in served.asked
