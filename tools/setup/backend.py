"""What pip builds the package `menshen` with: setuptools, whose files go to build/ and not to the top."""

from pathlib import Path

from setuptools.build_meta import *  # noqa: F403 (its hooks are ours)

Path("build").mkdir(exist_ok=True)
