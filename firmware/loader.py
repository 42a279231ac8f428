"""Code that is needed now and then: loaded for its time, and then gone from RAM."""

import asyncio
import gc
import sys

from micropython import const

OFTEN = const(4096)  # bytes: what lasts comes to lie close together, and room in one piece is left


def unload(*names: str) -> None:
    """Forget modules by name; their code is freed once nobody holds a part of them any more."""
    for name in names:
        parent, _, child = name.rpartition(".")
        if sys.modules.pop(name, None) is not None and child and parent in sys.modules:
            try:
                delattr(sys.modules[parent], child)
            except (AttributeError, KeyError):  # it failed to load, and its parent does not know it
                pass
    gc.collect()


async def collect(threshold: int) -> None:
    """Collect in a step of its own; bytes until the next collection, -1 for none in what now follows.

    -1 is for right before code is loaded, in the midst of which collections would make a long step of it;
    OFTEN for right after: no more garbage is left than one module's load makes.
    """
    await asyncio.sleep_ms(0)
    gc.collect()
    await asyncio.sleep_ms(0)
    gc.threshold(threshold)


def drop(kind: type, *methods: str) -> None:
    """Give the code of methods that nobody calls any more back to the heap."""
    for name in methods:
        setattr(kind, name, None)  # to delete it would leave the code where it is
