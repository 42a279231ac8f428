"""Passphrases: from the keyboard, or from a file that the environment names; never from the command line."""

import getpass
import os
from pathlib import Path

import click

from menshen.errors import InputError

SHORTEST = 8
"""Characters."""

_LONGEST = 4096  # bytes of a file's first line, which a device may never end


def passphrase(of: str, named_by: str, again: bool = False, descriptor: int | None = None) -> bytes:
    """The passphrase for `of`: from the descriptor, from the file in the variable `named_by`, or typed.

    It is typed twice if `again`. Raises InputError, also where there is no terminal to type it at.
    """
    if descriptor is not None:
        found = _read(Path(f"/dev/fd/{descriptor}"), f"--passphrase-fd {descriptor}")
    elif named := os.environ.get(named_by):
        found = _read(Path(named), f"${named_by}")
    else:
        found = _typed(of, named_by, again)
    if len(found) < SHORTEST:
        raise InputError(f"the passphrase of {of}: must have at least {SHORTEST} characters")
    return found


def _read(file: Path, named: str) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.readline(_LONGEST).rstrip(b"\r\n")
    except OSError as error:
        raise InputError(f"{named}: {error.strerror}; it is to hold a passphrase") from error


def _typed(of: str, named_by: str, again: bool) -> bytes:
    confirm = "The same again" if again else False
    try:
        return click.prompt(
            f"Passphrase of {of}", hide_input=True, confirmation_prompt=confirm, err=True
        ).encode()
    except getpass.GetPassWarning as error:  # an error by cli/program.py
        raise InputError(
            f"the passphrase of {of}: there is no terminal to type it at; ${named_by} may name a file with it"
        ) from error
