"""What was being written when it was given up."""

import os


def tidy(part: str) -> None:
    """Remove what is left of others that were to go to the same place: path, a dot, and another name."""
    folder, _, own = part.rpartition("/")
    begin = own.rpartition(".")[0] + "."
    for name in os.listdir(folder or "/"):
        if name.startswith(begin) and name != own:
            os.remove(folder + "/" + name)
