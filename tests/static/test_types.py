"""pyright, with the ESP32's stubs, finds no error in what runs on the chip."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.static.helpers.sources import ON_CHIP, TOP, name


def _pyright(*arguments: str | Path) -> dict:
    result = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", *arguments],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
    )
    assert result.stdout.startswith("{"), f"pyright did not run:\n{result.stdout}{result.stderr}"
    return json.loads(result.stdout)


def test_firmware_has_no_type_errors() -> None:
    if not ON_CHIP:
        return
    report = _pyright()
    found = [
        f"{name(Path(item['file']))}:{item['range']['start']['line'] + 1}: {item['message']}"
        for item in report["generalDiagnostics"]
        if item["severity"] == "error"
    ]
    assert not found, "\n".join(found)
    assert report["summary"]["filesAnalyzed"] == len(ON_CHIP)


def test_the_stubs_are_those_of_the_chip(tmp_path: Path) -> None:
    """Were the stubs not found, CPython's would take their place and much would pass unseen."""
    (tmp_path / "firmware").mkdir()
    (tmp_path / "build").symlink_to(TOP / "build")
    (tmp_path / "pyproject.toml").write_text((TOP / "pyproject.toml").read_text())
    (tmp_path / "firmware/sample.py").write_text(
        "import asyncio\nimport machine\nimport pathlib\n"
        "machine.Pin(1).nonsense()\nasyncio.wait_for_ms\nimport aiohttp\n"
    )
    report = _pyright("--project", tmp_path)
    lines = {item["range"]["start"]["line"] + 1 for item in report["generalDiagnostics"]}
    assert lines == {3, 4, 6}
