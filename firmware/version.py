"""The version of the application, and the slot that it runs from. The version is written here alone.

When SECURITY is raised, no release with a lower one can be installed any more.
"""

import sys

VERSION = "0.1.0"
SECURITY = 1


def slot() -> str:
    """The application slot that this code runs from: "a" or "b"; "?" if none."""
    for folder in sys.path:
        if folder.startswith("/slots/"):
            return folder[7:]
    return "?"
