"""Starts the project's commands as their users do."""

import subprocess
import sys

from tests.conftest import TOP


def command(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run menshen with these, from the top of the project."""
    line = [sys.executable, "-m", "menshen", *arguments]
    return subprocess.run(line, cwd=TOP, input=stdin, capture_output=True, text=True, timeout=60, check=False)
