"""The version of the application; it stands nowhere else. SECURITY rises when none before may return."""

import sys

VERSION = "0.1.0"
SECURITY = 1


def slot() -> str:
    """The name of the application slot that this code was started from."""
    for folder in sys.path:
        if folder.startswith("/slots/"):
            return folder[7:]
    return "?"
