"""Loads code for a time and unloads exactly what came with it; nothing else touches the garbage collector.

    async with Loan():
        from lists.sync import Sync

        await Sync(...).receive(...)

The modules that the imports at the head of the block bring are unloaded when the block ends, however it ends.
Their memory is free once nothing refers to them, so the block is the last thing in its function. A plain
`with` is for code that cannot wait. `Late` is for code that is loaded after the door is armed, and stays.
With plenty of memory (PSRAM) the same classes unload nothing.

Code is loaded between two garbage collections, each a step of its own in the event loop, and none runs in
between: load and collections in one step would hold up the door five times as long. While somebody is at the
door nothing is collected, see `hush`: a tap would have to wait for a dozen collections.
"""

import asyncio
import gc
import sys
from time import ticks_diff, ticks_ms

from micropython import const

_OFTEN = const(4096)  # bytes: what stays comes to lie close together, and large free blocks are left
_NEVER = const(-1)
_HUSH_MS = const(400)  # longer than a tap takes, whatever card it is
_LOOK_MS = const(50)
_MOST = const(40)  # looks: whoever types for ever puts nothing off for ever
_PLACES = const(99)  # at least as many as the table of sys.modules has
_PLENTY = const(1_000_000)  # bytes: a board with PSRAM, on which collections are few and long
_IS_PLENTY = gc.mem_free() > _PLENTY


class Late:
    """The modules that the imports at the head of the block bring stay loaded, unless one of them fails."""

    _lends = False
    # Shared by all blocks, since there is one sys.modules and one collector:
    _open: "Late | None" = None  # the block whose imports are under way
    _sweeps = False  # a collection of what was unloaded is scheduled
    _since: "int | None" = None  # ticks at which somebody at the door was seen last
    _starts = True  # what comes in a start stays: its collections wait for nobody

    def __enter__(self) -> "Late":
        """Imports are this block's from here on, until another block begins or the event loop runs."""
        if _IS_PLENTY:  # nothing is given back: who brought what need not be known
            return self
        gc.threshold(_NEVER)  # no collection falls into this step; _sweep() allows them again
        if Late._open is not None:
            Late._open._note()
        self._names = set(sys.modules)  # some 200 bytes; in a list each would be looked for one by one
        Late._open = self
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if _IS_PLENTY:
            return
        self._note()
        if kind is None and not self._lends:
            return
        if kind:  # a module that failed is in the table still, where its key was: seen in 1.25
            modules: dict = sys.modules
            for place in range(_PLACES):
                modules[place] = None
                del modules[place]
        for name in self._names:
            sys.modules.pop(name, None)
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:
                try:
                    delattr(sys.modules[parent], child)
                except (AttributeError, KeyError):  # it failed to load: its package has no such attribute
                    pass
        _sweep_later()

    async def begin(self) -> "Late":
        """What comes before the block. The build writes `async with` out with this name, made short."""
        await collect()
        asyncio.create_task(self._go_on())
        return self

    async def __aenter__(self) -> "Late":
        return (await self.begin()).__enter__()

    async def __aexit__(self, *error: object) -> None:
        self.__exit__(*error)

    async def _go_on(self) -> None:
        self._note()
        await collect()

    def _note(self) -> None:
        """The imports are done: note the names of the modules that they brought."""
        if Late._open is self:
            Late._open = None
            brought = []
            for name in sys.modules:
                if name not in self._names:
                    brought.append(name)  # noqa: PERF401 (a comprehension is a function more, which stays)
            self._names = brought


class Loan(Late):
    """The modules that the imports at the head of the block bring are unloaded at its end."""

    _lends = True


async def collect() -> None:
    """Collect garbage in a step of its own, and from now on after every 4 KB of allocations.

    While somebody is at the door this is left to hush(), but not in a start: its code would lie scattered for
    good. Nothing waits for that: when a message goes out must not depend on it. With plenty of memory nothing
    is collected until it is full.
    """
    await asyncio.sleep_ms(0)
    if Late._starts or Late._since is None:
        _sweep()
    await asyncio.sleep_ms(0)


def started() -> None:
    """What a start brings has come: from now on whoever is at the door waits for no collection."""
    Late._starts = False


def tidy() -> None:
    """Collect garbage at once: in a start, before anybody is at the door."""
    gc.collect()


def hush(past_ms: int = 0) -> None:
    """Somebody is at the door: collect nothing for a moment, unless memory is full; then in one step.

    `past_ms` of that moment are over already.
    """
    if not _IS_PLENTY:
        _sweep_later()
        Late._since = ticks_ms() - past_ms
        gc.threshold(_NEVER)


def _sweep() -> None:
    if not _IS_PLENTY:
        gc.collect()
    gc.threshold(_NEVER if _IS_PLENTY else _OFTEN)


def _sweep_later() -> None:
    if not Late._sweeps:
        Late._sweeps = True
        asyncio.create_task(_sweep_when_quiet())


async def _sweep_when_quiet() -> None:
    await asyncio.sleep_ms(1)  # after all that is ready to run now: of a start, what arms the door
    for _ in range(_MOST):
        if Late._since is None or ticks_diff(ticks_ms(), Late._since) >= _HUSH_MS:
            break
        await asyncio.sleep_ms(_LOOK_MS)
    Late._since, Late._sweeps = None, False
    _sweep()


def spent(*parts: object) -> None:
    """Stands in for a constructor that has run: the build puts it there, see tools/shrink/once.py."""
    raise RuntimeError("made twice")
