"""Removes partial files whose writing was abandoned."""

import os


def tidy(part: str) -> None:
    """Remove other partial files of the same target; `part` is the target's path, a dot, and a name."""
    folder, _, own = part.rpartition("/")
    begin = own.rpartition(".")[0] + "."
    for name in os.listdir(folder or "/"):
        if name.startswith(begin) and name != own:
            os.remove(folder + "/" + name)
