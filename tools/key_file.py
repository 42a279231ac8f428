"""A lock's key in a file, as provisioning writes it (32 raw bytes) or as people copy it (64 digits)."""

import re
from pathlib import Path

from .cli import files
from .errors import InputError

SIZE = 32
"""Bytes."""


def read_lock_key(path: Path, option: str) -> bytes:
    """The key in the file that was named by this option. Raises InputError, which never contains the key."""
    data = files.contents(path)
    if len(data) == SIZE:
        return data
    text = data.decode("ascii", "replace").strip()
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        raise InputError(f"{option} {path}: must hold a lock's key: 32 bytes, or 64 hexadecimal digits")
    return bytes.fromhex(text)
