"""An update has the memory to itself, and only one that is the operator's: a bad order moves nobody."""

import asyncio
import sys

from update.manager import Manager


class Module:
    """Stands for a module that is loaded for its time."""

    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


class Lock:
    """Settings, board, residents, doorkeeper, reports and topics of one lock; `did` is what was done."""

    lock, unread = "demo", False

    def __init__(self, found):
        self.found, self.did, self.handler = found, [], None
        self.failure = None

    def update(self, *what):
        pass

    def quiet(self):
        return True

    async def subscribe(self, topic, handler):
        self.handler = handler

    async def begin(self, *parts):
        self.did.append("begun")

    async def find_release(self, *parts):
        self.did.append("found")
        return self.found

    async def fetch(self, *parts):
        self.did.append("updated")
        if self.failure:
            raise self.failure

    @property
    def size(self):
        return 5

    retained = False

    async def read(self, limit):
        return b"order"

    def load(self):
        sys.modules["update.trial"] = Module(begin=self.begin)
        sys.modules["update.session"] = Module(find_release=self.find_release)
        sys.modules["update.updater"] = Module(update=self.fetch)


async def until(wanted):
    for _ in range(500):
        if wanted():
            return
        await asyncio.sleep_ms(10)
    raise AssertionError("it did not come")


async def start(lock, memory):
    lock.load()
    running = asyncio.create_task(Manager(lock, lock, None, (lock, lock, lock), memory, lock).run())
    await until(lambda: lock.handler)
    return running


def test_an_update_waits_for_the_memory_and_gives_it_back():
    async def main():
        lock, memory = Lock("a release"), asyncio.Lock()
        await memory.acquire()
        running = await start(lock, memory)
        await lock.handler(lock)
        await until(lambda: memory.waiting.peek() is not None)
        assert lock.did == ["begun", "found"]
        memory.release()
        await until(lambda: lock.did[-1] == "updated")
        await asyncio.wait_for_ms(memory.acquire(), 5000)
        running.cancel()

    asyncio.run(main())


def test_a_failed_update_gives_it_back_too():
    async def main():
        lock, memory = Lock("a release"), asyncio.Lock()
        lock.failure = MemoryError()
        running = await start(lock, memory)
        await lock.handler(lock)
        try:
            await asyncio.wait_for_ms(running, 5000)
        except MemoryError:
            pass
        assert lock.did[-1] == "updated"
        assert not memory.locked()

    asyncio.run(main())


def test_an_order_that_is_none_moves_nobody():
    async def main():
        lock, memory = Lock(None), asyncio.Lock()
        await memory.acquire()
        running = await start(lock, memory)
        await lock.handler(lock)
        await until(lambda: lock.did == ["begun", "found"])
        await asyncio.sleep_ms(50)
        assert memory.waiting.peek() is None
        running.cancel()

    asyncio.run(main())


def test_without_the_memory_to_judge_an_order_it_is_refused_and_the_next_is_judged():
    async def main():
        lock, memory = Lock(None), asyncio.Lock()
        said = []
        lock.update = lambda *what: said.append(what)
        running = await start(lock, memory)

        async def find_nothing(*parts):
            lock.did.append("no memory")
            raise MemoryError

        sys.modules["update.session"] = Module(find_release=find_nothing)
        await lock.handler(lock)
        await until(lambda: said)
        assert said == [(None, "refused", "no memory")]
        sys.modules["update.session"] = Module(find_release=lock.find_release)
        await lock.handler(lock)
        await until(lambda: lock.did[-1] == "found")
        running.cancel()

    asyncio.run(main())
