"""The tenant's leaflet, printed by a real browser: one page of A4 in each language, and axe finds nothing."""

import json
import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from click.testing import CliRunner
from playwright.async_api import Browser

from menshen.cli.main import main
from menshen.phone.leaflet import LANGUAGES
from menshen.phone.sheet import sheet
from menshen.setup import browser as chromium

_WHOLE = {
    "lock": "front",
    "home": {"host": "hub"},
    "homeassistant": True,
    "phone": {"page": "https://codes.example/door/", "remote": True},
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_all_of_it_is_one_page(browser: Browser, language: str, tmp_path: Path) -> None:
    path = tmp_path / "leaflet.html"
    path.write_text(sheet(language, _WHOLE, "1234 5678", "flat 3"))
    page = await browser.new_page()
    await page.goto(path.as_uri())
    pdf = await page.pdf(prefer_css_page_size=True, path=tmp_path / f"{language}.pdf")
    await page.set_viewport_size({"width": 794, "height": 1123})
    await page.screenshot(path=tmp_path / f"{language}.png")
    await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate("axe.run().then(({ violations }) => violations.map(({ id }) => id))")
    await page.close()
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1
    assert found == []


def test_the_command_makes_the_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = chromium.program()
    assert program
    (tmp_path / "front.json").write_text(json.dumps(_WHOLE))
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    out = tmp_path / "leaflet.pdf"
    line = [
        "lease",
        "sheet",
        "--settings",
        str(tmp_path / "front.json"),
        "--language",
        "zh-Hant",
        "--pdf",
        str(out),
    ]
    done = CliRunner().invoke(main, line)
    assert (done.exit_code, done.output) == (0, "")
    pdf = out.read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1
