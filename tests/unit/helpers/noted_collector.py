"""Stands for the garbage collector and the clock of firmware/loader.py."""

import asyncio
import gc

import loader

_OFTEN = 4096


class Noted:
    """Stands for gc, and for the time: what was asked of the collector, and when."""

    def __init__(self):
        self.now, self.found, self.free = 0, [], 20_000

    def mem_free(self):
        return self.free

    def collect(self):
        self.found.append(self.now)

    def threshold(self, size):
        self.found.append("often" if size == _OFTEN else "never")

    def run(self, story):
        async def rest():  # what earlier tests have left to do
            while loader.Late._sweeps:
                await asyncio.sleep_ms(1)

        asyncio.run(rest())
        ticks = loader.ticks_ms
        loader.gc, loader.ticks_ms = self, lambda: self.now
        try:
            asyncio.run(story)
            asyncio.run(rest())
        finally:
            loader.gc, loader.ticks_ms = gc, ticks
        return self.found
