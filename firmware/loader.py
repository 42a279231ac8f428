"""Lends code for its time, and gives back exactly what came with it; nothing else touches the collector.

    async with Loan():
        from lists.sync import Sync

        await Sync(...).receive(...)

What the imports at the head of the block bring is forgotten when the block ends, in whatever way; its memory
is free once nobody holds a part of it, so the block is the last thing in its function. A plain `with` is for
what cannot wait. `Late` is for what is loaded after the door is armed, and stays. Where memory is plenty
nothing is given back, by the same two classes.

Code is loaded between two collections, each a step of its own, and none falls in between: together they
would hold up the door for five times as long as each.
"""

import asyncio
import gc
import sys

from micropython import const

_OFTEN = const(4096)  # bytes: what lasts comes to lie close together, and room in one piece is left
_NEVER = const(-1)
_PLENTY = const(1_000_000)  # bytes: of a board with PSRAM, whose collections are few and long
_IS_PLENTY = gc.mem_free() > _PLENTY


class Late:
    """What the imports at the head of the block bring stays, unless one of them fails."""

    _lends = False
    # Of all loans together, as sys.modules and the collector are there once:
    _open: "Late | None" = None  # the one whose imports are under way
    _sweeps = False  # a collection will come of what was given back

    def __init__(self) -> None:
        self._before: "set[str] | None" = None
        self._brought: "list[str]" = []

    def __enter__(self) -> "Late":
        self._begin()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._note()
        if kind is not None or self._lends:
            self._give_back()

    async def __aenter__(self) -> "Late":
        await asyncio.sleep_ms(0)
        gc.collect()
        await asyncio.sleep_ms(0)
        self._begin()
        gc.threshold(_NEVER)
        asyncio.create_task(self._go_on())
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        self.__exit__(kind, error, trace)

    def _begin(self) -> None:
        """From here on what is imported is this one's, until the next begins or its task has its turn."""
        if Late._open is not None:
            Late._open._note()
        self._before = set(sys.modules)
        Late._open = self

    async def _go_on(self) -> None:
        """The imports are done: from now on little garbage is left lying."""
        self._note()
        await collect()

    def _note(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            Late._open = None
            self._brought = [name for name in sys.modules if name not in before]

    def _give_back(self) -> None:
        if _IS_PLENTY:
            return
        for name in self._brought:
            sys.modules.pop(name, None)
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:
                try:
                    delattr(sys.modules[parent], child)
                except (AttributeError, KeyError):  # it failed to load, and its parent does not know it
                    pass
        if self._brought and not Late._sweeps:
            Late._sweeps = True
            asyncio.create_task(_sweep())


class Loan(Late):
    """What the imports at the head of the block bring is given back at its end."""

    _lends = True


async def _sweep() -> None:
    await asyncio.sleep_ms(0)
    Late._sweeps = False
    gc.collect()


async def collect() -> None:
    """Collect in a step of its own, and from now on whenever a little garbage has come together."""
    await asyncio.sleep_ms(0)
    gc.collect()
    gc.threshold(_NEVER if _IS_PLENTY else _OFTEN)


def spent(*parts: object) -> None:
    """Stands for a constructor that has run: the build puts it there, see tools/shrink/once.py."""
    raise RuntimeError("there is one of these, and it has been made")
