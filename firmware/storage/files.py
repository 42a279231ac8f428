"""Writes files so that they are whole at every instant: under another name, closed, then renamed.

littlefs commits data when a file is closed, and renames atomically. The garbage collector closes a file that
was left open, and so commits it, however little of it was written.
"""

import os


def exists(path: str) -> bool:
    """Whether there is a file or folder of this name."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def remove(path: str) -> None:
    """Remove the file if there is one."""
    if exists(path):
        os.remove(path)


def write(path: str, parts) -> None:
    """Write the parts (an iterable of bytes) to path; the old file stays until the new one is whole.

    OSError where the flash is full: the old file stays then too.
    """
    new = path + ".new"
    try:
        with open(new, "wb") as file:
            for part in parts:
                file.write(part)
    except OSError:
        remove(new)
        raise
    os.rename(new, path)


def tidy(part: str) -> None:
    """Remove other partial files of the same target; `part` is the target's path, a dot, and a name."""
    folder, _, own = part.rpartition("/")
    begin = own.rpartition(".")[0] + "."
    for name in os.listdir(folder or "/"):
        if name.startswith(begin) and name != own:
            os.remove(folder + "/" + name)
