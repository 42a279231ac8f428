"""Gives a simulated board the OTA layout: two application partitions, the first with an image in it."""

import json
from pathlib import Path

SIZE = 0x180000
"""Bytes of each partition, in MicroPython's partitions-4MiB-ota.csv."""

VALID = 2


def give(workdir: Path, image: bytes) -> None:
    """Before the board is made, or while it has no power."""
    workdir.mkdir(parents=True, exist_ok=True)
    blank = b"\xff" * (2 * SIZE - len(image))
    (workdir / "ota.img").write_bytes(image + blank)
    (workdir / "ota.json").write_text(json.dumps([0, 0, VALID]), "utf-8")


def starts(workdir: Path) -> tuple[int, bool]:
    """The partition that the bootloader starts, and whether it is there for good."""
    boots, _, state = json.loads((workdir / "ota.json").read_text("utf-8"))
    return boots, state == VALID


def contents(workdir: Path, number: int, size: int) -> bytes:
    """The first `size` bytes of a partition."""
    with (workdir / "ota.img").open("rb") as file:
        file.seek(number * SIZE)
        return file.read(size)
