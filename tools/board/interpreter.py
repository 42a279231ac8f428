"""Which MicroPython a binary is, and whether a lock was seen at work on it."""

import re

SEEN = ("1.24", "1.25", "1.26", "1.27")
"""On these a lock was seen by TLS at its broker; on 1.26 and 1.27 by what start.py does about the heap."""

_BANNER = re.compile(rb"MicroPython v(\d+\.\d+)(\.\d+)?(-preview[-.\w]*)? on ")  # its banner
_MACHINE = re.compile(rb"MicroPython v[^;\0]{1,60}; ([\x20-\x7e]{1,80}? with ESP32\w*)")
_NAME = re.compile(r"-v(\d+\.\d+)(\.\d+)?(-preview[-.\w]*)?\.bin$")


def version(binary: bytes, name: str) -> str:
    """Like "1.25.0" or "1.26.0-preview.1": from its greeting, else from the file's name, else ""."""
    if found := _BANNER.search(binary):
        return b"".join(part or b"" for part in found.groups()).decode()
    named = _NAME.search(name)
    return "".join(part or "" for part in named.groups()) if named else ""


def machine(binary: bytes) -> str:
    """Its word for the board, like "Generic ESP32 module with ESP32", as its banner has it; else ""."""
    found = _MACHINE.search(binary)
    return found[1].decode() if found else ""


def warning(version: str) -> str:
    """A sentence for people if no lock was seen at work on this version; otherwise nothing."""
    if any(version == seen or version.startswith(f"{seen}.") for seen in SEEN) and "-" not in version:
        return ""
    what = f"This is MicroPython {version}." if version else "Which MicroPython this is, it does not say."
    seen = f"{', '.join(SEEN[:-1])} and {SEEN[-1]}"
    return f"{what} Locks were seen at work on {seen}: try one, with TLS, before you make more."
