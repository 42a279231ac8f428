"""An update has the memory to itself, and only one that is the operator's: a bad order moves nobody."""

import asyncio
import sys
from time import ticks_add, ticks_ms

import update.manager as room
from link.errors import Refused
from update import switch
from update.course import Course
from update.manager import Manager
from update.steps import BUILD, DONE, JUDGE, PLANNED


class Module:
    """Stands for a module that is loaded for its time."""

    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


class Lock:
    """Settings, board, residents, doorkeeper, reports and topics of one lock; `did` is what was done."""

    lock, board, unread = "demo", "devkit", False
    numbers = reset = None
    spread_ms, trial_ms, cause = 300, 300_000, "power-on"
    faults, reader, answered = frozenset(), "pn532", True

    def __init__(self, found):
        self.found, self.did, self.handler = found, [], None
        self.failure = self.refusal = None
        self.turn = asyncio.Lock()
        self.failures, self.never = 99, False
        self.ready = None
        self.said = []

    def reset_cause(self):
        return self.cause

    def update(self, *what):
        self.said.append(what)

    async def subscribe(self, topic, handler):
        self.handler = handler

    async def begin(self, update, given):
        self.did.append("begun")
        return DONE, None

    def read(self, parts, pending):
        pending.clear()
        self.did.append("read")
        return self.found

    async def request(self, update, given):
        self.did.append("requested")
        if self.refusal:
            raise self.refusal
        return JUDGE, bytearray(9)

    async def judge(self, update, message):
        self.did.append("opened")
        if self.never:
            raise MemoryError
        return BUILD, {PLANNED: []}

    async def build(self, update, release):
        self.did.append("updated")
        if self.failure and self.failures:
            self.failures -= 1
            raise self.failure
        if self.ready:
            update.reports.update(update.version, "fetched", "")
        return DONE, self.ready

    async def switch(self, update, ready):
        self.did.append("switched")
        return DONE, None

    def load(self):
        sys.modules["update.trial"] = Module(step=self.begin)
        sys.modules["update.session"] = Module(read=self.read)
        sys.modules["update.request"] = Module(step=self.request)
        sys.modules["update.manifest"] = Module(step=self.judge)
        sys.modules["update.slots"] = Module(step=self.build)
        sys.modules["update.switch"] = Module(step=self.switch)


class Payload:
    """A message of the topic `update`."""

    retained = False

    async def read(self, limit):
        return b"order"


ALL = ["begun", "read", "requested", "opened", "updated"]


async def until(wanted):
    for _ in range(500):
        if wanted():
            return
        await asyncio.sleep_ms(10)
    raise AssertionError("it did not come")


async def start(lock, memory):
    lock.load()
    manager = Manager(lock, lock, None, (lock, lock), (memory, lock.turn), lock)
    Course.again_ms = 1
    running = asyncio.create_task(manager.run())
    await until(lambda: lock.handler)
    return running


def test_an_update_waits_for_the_memory_and_gives_it_back():
    """From before its manifest comes: what judges that needs as much."""

    async def main():
        lock, memory = Lock("1.1.0"), asyncio.Lock()
        running = await start(lock, memory)
        await memory.acquire()
        await lock.handler(Payload())
        await until(lambda: memory.waiting.peek() is not None)
        assert lock.did == ["begun", "read"]
        memory.release()
        await until(lambda: lock.did == ALL)
        await asyncio.wait_for_ms(memory.acquire(), 5000)
        running.cancel()

    asyncio.run(main())


def test_a_manifest_that_finds_no_memory_is_got_five_times_and_refused():
    """It was got again every two seconds for ever, and no list came meanwhile."""

    async def main():
        lock, memory = Lock("1.1.0"), asyncio.Lock()
        lock.never = True
        running = await start(lock, memory)
        await lock.handler(Payload())
        await until(lambda: lock.said)
        assert lock.did == ALL[:2] + ALL[2:4] * 5
        assert lock.said == [("1.1.0", "refused", "no memory")]
        running.cancel()

    asyncio.run(main())


def test_an_update_that_lacks_memory_for_a_moment_is_tried_again():
    async def main():
        lock, memory = Lock("1.1.0"), asyncio.Lock()
        lock.failure, lock.failures = MemoryError(), 2
        running = await start(lock, memory)
        await lock.handler(Payload())
        await until(lambda: lock.did == ALL[:4] + ALL[4:] * 3)
        await asyncio.wait_for_ms(memory.acquire(), 5000)
        assert lock.said == []
        running.cancel()

    asyncio.run(main())


def _lacks_memory(lock, times, then):
    """An order comes, and so many times there is no memory for its update's code, until then(the task)."""

    async def main():
        memory, tries = asyncio.Lock(), [times]

        def course(*parts):
            tries[0] -= 1
            if tries[0] >= 0:
                raise MemoryError
            return Course(*parts)

        running = await start(lock, memory)
        Manager.again_ms = 1
        before, sys.modules["update.course"] = sys.modules["update.course"], Module(Course=course)
        try:
            await lock.handler(Payload())
            await until(lambda: then(running))
            assert lock.said == []
            assert not memory.locked()
        finally:
            sys.modules["update.course"] = before
            running.cancel()
        return tries[0]

    return asyncio.run(main())


def test_an_update_for_whose_code_there_is_no_memory_for_a_moment_begins_later():
    lock = Lock("1.1.0")
    _lacks_memory(lock, 2, lambda running: lock.did == ALL and not running.done())


def test_one_for_whose_code_there_never_is_gives_lists_their_turn():
    """The task ends, and the supervisor begins it anew."""
    lock = Lock("1.1.0")
    assert _lacks_memory(lock, 99, lambda running: running.done() and not lock.turn.locked()) == 99 - 6
    assert lock.did == ["begun", "read"]


def test_an_update_that_has_no_memory_is_refused_and_gives_it_back():
    async def main():
        lock, memory = Lock("1.1.0"), asyncio.Lock()
        lock.failure = MemoryError()
        running = await start(lock, memory)
        await lock.handler(Payload())
        await until(lambda: lock.said)
        assert lock.said == [("1.1.0", "refused", "no memory")]
        assert lock.did == ALL[:4] + ALL[4:] * 5
        assert not memory.locked()
        running.cancel()

    asyncio.run(main())


def test_an_order_that_is_none_moves_nobody():
    async def main():
        lock, memory = Lock(None), asyncio.Lock()
        running = await start(lock, memory)
        await memory.acquire()
        await lock.handler(Payload())
        await until(lambda: lock.did == ["begun", "read"])
        await asyncio.sleep_ms(50)
        assert memory.waiting.peek() is None
        running.cancel()

    asyncio.run(main())


def test_a_manifest_that_does_not_come_is_told_and_gives_the_memory_back():
    async def main():
        lock, memory = Lock("1.1.0"), asyncio.Lock()
        lock.refusal = Refused("no manifest")
        running = await start(lock, memory)
        await lock.handler(Payload())
        await until(lambda: lock.said)
        assert lock.said == [("1.1.0", "refused", "no manifest")]
        assert not memory.locked()
        running.cancel()

    asyncio.run(main())


def test_without_the_memory_to_judge_an_order_it_is_refused_and_the_next_is_judged():
    async def main():
        lock, memory = Lock(None), asyncio.Lock()
        running = await start(lock, memory)

        def read_nothing(*parts):
            raise MemoryError

        sys.modules["update.session"] = Module(read=read_nothing)
        await lock.handler(Payload())
        await until(lambda: lock.said)
        assert lock.said == [(None, "refused", "no memory")]
        sys.modules["update.session"] = Module(read=lock.read)
        await lock.handler(Payload())
        await until(lambda: lock.did[-1] == "read")
        running.cancel()

    asyncio.run(main())


def test_an_order_that_comes_while_another_is_read_is_taken_for_it():
    async def main():
        lock, memory = Lock(None), asyncio.Lock()
        running = await start(lock, memory)
        await lock.handler(Payload())
        await asyncio.sleep_ms(0)  # its code is being loaded
        await lock.handler(Payload())
        await until(lambda: lock.did[-1] == "read")
        await asyncio.sleep_ms(100)
        assert lock.did == ["begun", "read"]
        assert not running.done()
        running.cancel()

    asyncio.run(main())


def test_a_release_that_waits_to_be_started_keeps_the_memory_from_nobody_and_one_that_starts_from_lists():
    async def main():
        lock, memory = Lock("1.1.0"), asyncio.Lock()
        lock.ready = "1.1.0", None, set(), "1.0.0"
        running = await start(lock, memory)
        await lock.turn.acquire()
        await lock.handler(Payload())
        await until(lock.turn.waiting.peek)
        next_turn = asyncio.create_task(lock.turn.acquire())  # after the release's first
        await asyncio.sleep_ms(0)
        lock.turn.release()
        await asyncio.wait_for_ms(next_turn, 5000)
        assert lock.said == [("1.1.0", "fetched", "")]
        await asyncio.wait_for_ms(memory.acquire(), 5000)
        await asyncio.sleep_ms(lock.spread_ms + 100)
        assert lock.did == ALL
        lock.turn.release()
        await until(lambda: lock.did[-1] == "switched")
        running.cancel()

    asyncio.run(main())


class Naps:
    """As asyncio, and notes what is slept."""

    def __init__(self):
        self.slept = []

    def __getattr__(self, name):
        return getattr(asyncio, name)

    async def sleep_ms(self, milliseconds):
        self.slept.append(milliseconds)


def rested(cause, started, passed):
    """For how long the restart into a release waits whose order comes so much later than this start."""
    naps = Naps()

    async def main():
        lock = Lock("1.1.0")
        lock.ready, lock.cause, lock.spread_ms = ("1.1.0",), cause, 0
        room.asyncio, room.ticks_ms = naps, lambda: started
        running = await start(lock, asyncio.Lock())
        room.ticks_ms = lambda: ticks_add(started, passed)
        await lock.handler(Payload())
        await until(lambda: lock.did[-1] == "switched")
        running.cancel()

    try:
        asyncio.run(main())
    finally:
        room.asyncio, room.ticks_ms = asyncio, ticks_ms
    return max(naps.slept)


def test_orders_in_a_row_leave_the_keypad_time_to_open_between_two_restarts():
    """Its wait of up to five minutes begins anew with each: two releases by turns would keep tenants out."""
    for started in (5, (1 << 30) - 1000):
        for passed, least in ((0, 600_000), (300_000, 300_000), (599_500, 1000), (600_000, 1000)):
            assert rested("reset", started, passed) == least, (started, passed)
        assert rested("watchdog", started, 0) == 600_000
        assert rested("power-on", started, 0) == 1000
        for days in (1, 6, 7, 12):  # ticks go round
            assert rested("reset", started, days * 86_400_000) <= 600_000


def excused(faults, answered):
    """Which of these faults, that lasted all the while, the next release is not blamed for."""
    lock = Lock(None)
    lock.faults, lock.answered = frozenset(faults), answered
    return switch.excused(Course((lock, lock, None, (lock, lock), None, lock), None))


def test_a_reader_that_has_answered_since_the_start_excuses_no_release():
    """It was silent for as long as the release came: a busy chip, a loose wire."""
    assert excused(("reader", "keypad"), answered=True) == {"keypad"}
    assert excused(("reader", "keypad"), answered=False) == {"reader", "keypad"}


def test_a_reader_of_which_nothing_was_heard_is_a_fault_of_the_release_on_trial():
    """Its driver waits for ever, or dies before it says anything."""
    lock = Lock(None)

    def faults():
        return Course((lock, lock, None, (lock, lock), None, lock), None).faults()

    assert faults() == set()
    lock.answered = False
    assert faults() == {"reader"}
    lock.reader = "none"
    assert faults() == set()
    lock.unread = True
    assert faults() == {"residents"}
