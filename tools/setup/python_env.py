"""The virtual environment .venv, and the stubs of the chip's modules for pyright."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from . import debian, pins, step

PYTHON = step.VENV / "bin" / "python"
STUBS = step.BUILD / "stubs"
# An environment for pyright to look in, lest it take the computer's own modules for the chip's.
_NO_PACKAGES = Path("no-packages/lib/python3.11/site-packages")

PROJECT = step.VENV / "project"
"""Its stamp alone lies there."""

_PROJECT = tomllib.loads((step.TOP / "pyproject.toml").read_text("utf-8"))["project"]
PACKAGES = {**dict(line.split("==") for line in _PROJECT["dependencies"]), **pins.PACKAGES}
"""What goes into .venv."""

VENV_MARK = step.fingerprint(PACKAGES, pins.CONSTRAINTS)
STUBS_MARK = step.fingerprint(pins.STUBS, str(_NO_PACKAGES))


def prepare() -> None:
    """Make .venv, with the command `menshen` in it, and build/stubs as pins.py says."""
    if not (PYTHON.exists() and step.is_done(step.VENV, VENV_MARK)):
        _make_venv()
        step.say(f"installing {len(PACKAGES)} Python packages into .venv (once; a minute or so)")
        with step.scratch() as folder:
            constraints = folder / "constraints.txt"
            constraints.write_text("".join(f"{line}\n" for line in _pinned(pins.CONSTRAINTS)), "utf-8")
            pip("install", "--constraint", constraints, *_pinned(PACKAGES))
        step.done(step.VENV, VENV_MARK)

    mark = project_mark(step.TOP)
    if not step.is_done(PROJECT, mark):
        step.say("installing menshen into .venv")
        pip("install", "--no-deps", "--no-index", "--no-build-isolation", "--editable", step.TOP)
        PROJECT.mkdir(exist_ok=True)
        step.done(PROJECT, mark)

    if not step.is_done(STUBS, STUBS_MARK):
        step.say("installing the ESP32's type stubs into build/stubs")
        with step.scratch() as folder:
            pip("install", "--no-deps", "--no-compile", "--target", folder / "stubs", *_pinned(pins.STUBS))
            (folder / "stubs" / _NO_PACKAGES).mkdir(parents=True)
            step.done(folder / "stubs", STUBS_MARK)
            step.replace(STUBS, folder / "stubs")


def project_mark(top: Path) -> str:
    """Changes with what is fixed at installation: the version, what it needs, where its folder is."""
    known = (top / name for name in ("pyproject.toml", "firmware/version.py"))
    return step.fingerprint(str(top), *(path.read_text("utf-8") for path in known))


def pip(*arguments: str | Path, env: dict[str, str] | None = None) -> None:
    """Run the environment's pip, configured as the machine is."""
    command = [PYTHON, "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
    try:
        step.run(command, env={"PIP_USER": "0", "PYTHONPATH": "", **(env or {})})
    except subprocess.CalledProcessError as failure:
        raise step.CannotGoOnError(
            "pip could not get the Python packages that Menshen needs "
            f"({step.error_line(failure, 'ERROR:', 'error:')}); is the network up? "
            "Everything it said is in build/setup.log."
        ) from failure


def _pinned(packages: dict[str, str]) -> list[str]:
    return [f"{name}=={version}" for name, version in packages.items()]


def _make_venv() -> None:
    step.say("making the virtual environment .venv")
    shutil.rmtree(step.VENV, ignore_errors=True)
    ensurepip = importlib.util.find_spec("ensurepip")
    bundled = ensurepip is not None and ensurepip.origin is not None
    try:
        step.run(
            [sys.executable, "-m", "venv", *([] if bundled else ["--without-pip"]), step.VENV],
            env={"PYTHONPATH": ""},
        )
    except subprocess.CalledProcessError as failure:
        raise step.CannotGoOnError(
            f"{sys.executable} cannot make a virtual environment "
            f"({step.error_line(failure, 'Error:', 'ERROR:')}): install its venv module "
            "(on Debian: apt install python3-venv)."
        ) from failure
    if not bundled:
        _bring_pip()


def _bring_pip() -> None:
    """Debian keeps pip apart from Python: take its own package, which needs no root this way."""
    step.say("this Python has no ensurepip: fetching pip from Debian")
    with step.scratch() as folder:
        try:
            debian.fetch({"all": pins.DEBIAN_PIP}, folder)
        except debian.UnavailableError as reason:
            raise step.CannotGoOnError(
                f"this Python has no ensurepip, and Debian's pip could not be fetched ({reason}): "
                "install it (on Debian: apt install python3-venv)."
            ) from reason
        wheels = folder / "all" / "usr" / "share" / "python-wheels"
        wheel = next(wheels.glob("pip-*.whl"))
        step.run(
            [PYTHON, wheel / "pip", "--no-input", "install", "--no-index", wheel],
            env={"PIP_USER": "0", "PYTHONPATH": "", "PIP_CONFIG_FILE": os.devnull},
        )
