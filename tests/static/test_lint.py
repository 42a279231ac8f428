"""ruff finds nothing to mend and nothing to format."""

import subprocess
import sys

import pytest

from tests.static.helpers.sources import TOP


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [(["check"], "make lint"), (["format", "--check"], "make format")],
    ids=["lint", "format"],
)
def test_ruff_is_content(arguments: list[str], cure: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "."], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"`{cure}` may help:\n{result.stdout}{result.stderr}"
