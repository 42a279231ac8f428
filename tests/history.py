"""The repository as it was, built by its own tools: the releases that locks in the field have."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from menshen import build_app


def tree(commit: str, folder: Path) -> Path:
    """What the repository was at a commit, with its application in build/app. Without it the test fails."""
    top = build_app.TOP
    archive = subprocess.run(["git", "archive", commit], cwd=top, capture_output=True, check=False)
    if archive.returncode:
        why = archive.stderr.decode().strip()
        pytest.fail(f"the history does not reach back to {commit}: git fetch --unshallow brings it ({why})")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    shutil.copytree(top / "lib/umqtt", folder / "lib/umqtt")  # set-up fetches these two
    (folder / "build").mkdir()
    (folder / "build/stubs").symlink_to(top / "build/stubs")
    run(folder, "-m", "tools.build_app")
    return folder


def run(folder: Path, *arguments: str | Path) -> bytes:
    """What this Python says to these arguments in the folder of a tree."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, check=True
    )
    return done.stdout
