"""The link as a whole: it comes back from every failure, and lets nothing lie about."""

import asyncio

from ram_numbers import RamNvs
from scripted_broker import CONNACK, Inbox, client_for, drive, message, say, silent

import console
import link.link
from link.backoff import Backoff
from link.errors import MQTTError
from link.link import Link
from link.packets import text
from link.resolver import Resolver
from link.subscriptions import Subscriptions
from storage.nvs import Numbers

TOPIC = "menshen/v1/demo/list"


def listen():
    """What the link says on the console from now on."""
    told = []
    console.info = lambda source, text: told.append(text)
    return told


class Steady:
    """A Wi-Fi that is there, and a telemetry that says one thing."""

    signal = None

    def connected(self):
        return True

    async def join(self):
        pass

    async def until_lost(self, meanwhile):
        await asyncio.sleep(3600)

    def will(self, client):
        client.set_last_will("menshen/v1/demo/state", b"{}", True, 1)

    async def run(self, client):
        await client.publish("menshen/v1/demo/state", b'{"online":true}', True)
        await asyncio.sleep(3600)


def test_the_link_comes_back_however_often_it_is_dropped():
    told = listen()
    inbox = Inbox()
    topics = Subscriptions()

    async def moody(broker, reader, writer):
        number = broker.connections
        if number == 1:
            return  # drops the call
        if number == 2:
            await silent(broker, reader, writer)  # never answers
        if number == 3:
            await broker.packet(reader)
            await say(writer, CONNACK + b"\xff" * 8)  # garbage
            await silent(broker, reader, writer)
        if number == 4:
            await broker.packet(reader)
            await say(writer, CONNACK)  # accepts, and then says no more
            await silent(broker, reader, writer)
        broker.received.clear()
        answering = asyncio.create_task(broker.answer(reader, writer))
        while (0x82, b"\0\x01" + text(TOPIC) + b"\x01") not in broker.received:
            await asyncio.sleep_ms(5)
        await say(writer, message(TOPIC, b"list", 1))
        await answering

    async def story(broker):
        def factory():
            return client_for(broker, 1500, keepalive=60)

        async def hear(payload):
            await inbox(TOPIC, payload)

        await topics.subscribe(TOPIC, hear)
        steady = Steady()
        backoff = Backoff(10, 50)
        resolver = Resolver([], Numbers(RamNvs()))
        network = (steady, resolver, Idle())
        link = Link(network, (Numeric(factory),), topics, steady, backoff)
        running = asyncio.create_task(link.run())
        await inbox.arrived.wait()
        assert link.online
        running.cancel()
        await asyncio.sleep_ms(0)

    broker = drive(moody, story)
    assert inbox.messages == [(TOPIC, b"list")]
    assert broker.connections == 5
    assert len([line for line in told if line.startswith("offline")]) == 4, told


class Idle:
    """A timekeeper with nothing to do."""

    async def prepare(self):
        pass

    async def tick(self):
        pass


class Numeric:
    """Makes clients whose broker needs no resolver."""

    def __init__(self, factory):
        self.factory = factory

    def __call__(self):
        client = self.factory()
        client.server = "127.0.0.1"
        return client


class Late(Steady):
    """A Wi-Fi that is joined once."""

    def __init__(self):
        self.joined = 0

    def connected(self):
        return self.joined > 0

    async def join(self):
        self.joined += 1


def test_every_wait_is_drawn_beforehand_and_the_first_connection_waits_for_nothing():
    """The wait after a failure comes before Wi-Fi is joined again: so handshakes stay apart, too."""
    drawn, called = [], []

    class Waits:
        def next(self):
            drawn.append(len(called))
            if len(drawn) == 3:
                raise KeyboardInterrupt
            return 1

    def factory():
        called.append(len(drawn))
        raise OSError("that is enough")

    link = Link((Late(), None, Idle()), (factory,), Subscriptions(), Steady(), Waits())
    try:
        asyncio.run(link.run())
    except KeyboardInterrupt:
        pass
    assert called == [0, 1, 2]
    assert drawn == [1, 2, 3]


def test_what_dies_of_the_end_of_a_connection_is_heard_and_not_printed():
    """A step that fails while it is cancelled raises an error of its own; the first of all counts."""
    told, printed = listen(), []

    class Stubborn(Steady):
        async def until_lost(self, meanwhile):
            await asyncio.sleep_ms(20)
            raise MQTTError("the access point is gone")

        async def run(self, client):
            try:
                await asyncio.sleep(3600)
            finally:
                raise MQTTError("closed")

    async def story(broker):
        asyncio.get_event_loop().set_exception_handler(lambda loop, context: printed.append(context))
        backoff, resolver = Backoff(10, 50), Resolver([], Numbers(RamNvs()))
        factory = Numeric(lambda: client_for(broker, 1500, keepalive=60))
        network = (Stubborn(), resolver, Idle())
        link = Link(network, (factory,), Subscriptions(), Stubborn(), backoff)
        running = asyncio.create_task(link.run())
        while len([line for line in told if line.startswith("offline")]) < 2:
            await asyncio.sleep_ms(5)
        running.cancel()
        await asyncio.sleep_ms(50)
        asyncio.get_event_loop().set_exception_handler(None)

    async def answers(broker, reader, writer):
        await broker.packet(reader)
        await say(writer, CONNACK)
        await broker.answer(reader, writer)

    drive(answers, story)
    assert not printed, printed
    assert told[:4] == ["online", "offline: the access point is gone"] * 2, told


def test_whatever_one_job_of_a_connection_dies_of_ends_the_others_and_is_raised():
    ended = []

    async def lasts():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    async def dies(error):
        await asyncio.sleep_ms(5)
        raise error

    async def story(error):
        try:
            await asyncio.wait_for_ms(link.link.side_by_side(lasts(), dies(error), lasts()), 10_000)
        except Exception as raised:
            await asyncio.sleep_ms(5)  # the others have their last turn
            return raised

    for error in (MQTTError("gone"), OSError(12), MemoryError(), ValueError("odd")):
        del ended[:]
        assert asyncio.run(story(error)) is error
        assert len(ended) == 2


def test_no_memory_for_tls_is_a_fault_until_a_session_has_lasted():
    """So it is in the first state after it, and in no later one."""
    told, faults, now = listen(), [], [0]

    class Short(Steady):
        async def until_lost(self, meanwhile):
            for ms in (0, 1_000, 31_000, 32_000):
                now[0] = ms
                await meanwhile()
                told.append(list(faults))
            raise KeyboardInterrupt

    class Client:
        server, shortage = "127.0.0.1", ""
        failures = ["no memory for TLS", "no memory for TLS", ""]

        async def connect(self, address):
            self.shortage = Client.failures.pop(0)
            if self.shortage:
                raise MQTTError(self.shortage)

        async def run(self, on_message):
            await asyncio.sleep(3600)

        async def publish(self, *packet):
            pass

        def set_last_will(self, *will):
            pass

        def close(self):
            pass

    def fault(name, lasts):
        faults.append((name, lasts))

    clock, link.link.ticks_ms = link.link.ticks_ms, lambda: now[0]
    try:
        short = Short()
        network = (short, Resolver([], Numbers(RamNvs())), Idle())
        lock = Link(network, (Client,), Subscriptions(), short, Backoff(1, 2))
        lock.fault = fault
        asyncio.run(lock.run())
    except KeyboardInterrupt:
        pass
    finally:
        link.link.ticks_ms = clock
    lasts = [("memory", True)] * 2
    ended = lasts + [("memory", False)]
    assert told == ["offline: no memory for TLS"] * 2 + ["online", lasts, lasts, ended, ended]
