"""Makes a PDF of a page by the computer's own browser, which knows every script's fonts and line breaks."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from menshen.errors import MenshenError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")
_PATIENCE_S = 120


class NoPdfError(MenshenError):
    """No PDF could be made; the message says why, and what would help."""


def write_pdf(page: str, out: Path) -> None:
    """Print a page of HTML, which names no other file, into `out`. Raises NoPdfError."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        names = ", ".join(BROWSERS)
        raise NoPdfError(f"there is no Chromium on the PATH ({names}): without --pdf any browser prints it")
    # As root Chromium does not start with its sandbox; the page has no script, and is our own.
    alone = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, "utf-8")
        options = [
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
            *alone,
        ]
        try:
            done = subprocess.run(
                [program, *options, f"--print-to-pdf={made}", source.as_uri()],
                capture_output=True,
                text=True,
                timeout=_PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NoPdfError(f"{program} made no PDF within {_PATIENCE_S} s") from error
        if not made.exists():
            said = done.stderr.strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
            raise NoPdfError(f"{program} made no PDF: {said[0]}")
        shutil.copyfile(made, out)
