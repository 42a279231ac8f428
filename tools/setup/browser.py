"""build/toolchain/browser: a headless Chromium, which only the tests of the page need.

Chromium looks for its files beside the program that runs, and starts itself again by that program's name.
Started through the loader that was fetched with it, that program is the loader: a copy of it lies beside
Chromium's files, and the wrapper names itself as what is to be started again.
"""

import shutil
import subprocess
from pathlib import Path

from . import debian, extra, pins, step, toolchain
from .extra import Extra

FOLDER = toolchain.FOLDER / "browser"

_OF_THE_MACHINE = ("chromium", "chromium-browser", "google-chrome")
_FETCHED = FOLDER / "bin/chromium"

# The process from which Chromium forks its children, its zygote, would be started without the wrapper.
_WRAPPER = """\
#!/bin/sh
here=$(cd "${{0%/*}}/.." && pwd)
FONTCONFIG_FILE=$here/bin/fonts.conf XDG_CACHE_HOME=$here/cache
export FONTCONFIG_FILE XDG_CACHE_HOME
exec "$here/usr/lib/chromium/loader" --library-path "$here/{libraries}:$here/{libraries}/pulseaudio" \\
    "$here/usr/lib/chromium/chromium-headless-shell" --no-zygote \\
    --browser-subprocess-path="$here/bin/chromium" "$@"
"""
_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir prefix="relative">../usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""
_SEEN = "it starts"
_PATIENCE_S = "120"


def program() -> Path | None:
    """The Chromium to use: the machine's own, else the one that was fetched, else None."""
    own = next(filter(None, map(shutil.which, _OF_THE_MACHINE)), None)
    return Path(own) if own else _FETCHED if _FETCHED.exists() else None


def prepare() -> None:
    """Fetch one where the machine has none."""
    if program() in {None, _FETCHED}:
        extra.prepare(CHROMIUM)


def _write_wrapper(top: Path, loader: str, libraries: str) -> None:
    shutil.copy(top / loader, top / "usr/lib/chromium/loader")
    (top / "bin").mkdir()
    (top / "bin/fonts.conf").write_text(_FONTS, "utf-8")
    toolchain.write_program(top / "bin/chromium", _WRAPPER.format(libraries=libraries))
    _see_it_start(top / "bin/chromium")


def _see_it_start(chromium: Path) -> None:
    """Check that it starts: Debian stable gets new Chromiums, which may need a library not in pins.py."""
    page = f"data:text/html,{_SEEN}"
    try:
        said = step.run(["timeout", _PATIENCE_S, chromium, "--no-sandbox", "--dump-dom", page])
    except subprocess.CalledProcessError as failure:
        said = failure.output
    if _SEEN not in said:
        raise debian.UnavailableError(
            "the one that was fetched does not start here; what it said is in build/setup.log"
        )


CHROMIUM = Extra(
    "a headless Chromium",
    FOLDER,
    pins.DEBIAN_BROWSER,
    (_WRAPPER, _FONTS),
    _write_wrapper,
    megabytes=110,
    without="and the page's tests will fail",
)
