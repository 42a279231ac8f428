"""Programs of Debian that only some tests need: each in a folder of its own, ready to start."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import debian, step, toolchain


@dataclass(frozen=True)
class Extra:
    """What is in `folder`: `packages` of Debian, and what `finish` makes of them.

    finish(top, loader, libraries) writes what starts them below top; the other two are paths from there.
    `texts` are what it writes: if they change, the folder is made anew.
    """

    name: str
    folder: Path
    packages: tuple[str, ...]
    texts: tuple[str, ...]
    finish: Callable[[Path, str, str], None]
    megabytes: int
    without: str
    """What happens where they cannot be had: the end of a sentence."""


def prepare(extra: Extra) -> None:
    """Fetch them and make them ready to start, if that is not done; say so if it is not possible."""
    mark = step.fingerprint(extra.packages, *extra.texts)
    if step.is_done(extra.folder, mark):
        return
    try:
        native = toolchain.native()
        step.say(f"fetching {extra.name} from Debian (once; about {extra.megabytes} MB)")
        with step.scratch() as folder:
            debian.fetch({native: extra.packages}, folder)
            extra.finish(folder / native, *toolchain.LOADERS[native])
            step.done(folder / native, mark)
            step.replace(extra.folder, folder / native)
    except debian.UnavailableError as reason:
        step.say(f"going on without {extra.name}, {extra.without}: {reason}")
