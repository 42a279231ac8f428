"""Messages find their handler, over all connections; payloads are taken from the stream by the piece."""

import asyncio
import gc

from scripted_broker import after_connect, client_for, drive, good, message, say, silent

from link.errors import MQTTError
from link.packets import text
from link.subscriptions import Subscriptions

BIG = bytes(range(256)) * 200  # 51,200 bytes


class Collector:
    """Takes payloads as it was told to: all at once, by pieces, a part, or nothing."""

    def __init__(self, take):
        self.take = take
        self.got = []
        self.arrived = asyncio.Event()

    async def __call__(self, payload):
        self.got.append((await self.take(payload), payload.retained))
        self.arrived.set()


async def nothing(payload):
    return payload.size


async def a_part(payload):
    data = bytearray(10)
    await payload.into(memoryview(data))
    return bytes(data)


async def pieces(payload):
    """Count and sum without ever holding more than 100 bytes."""
    piece, count, total = bytearray(100), 0, 0
    while payload.size:
        view = memoryview(piece)[: min(len(piece), payload.size)]
        await payload.into(view)
        count += len(view)
        total += sum(view)
    return count, total


async def too_much(payload):
    try:
        await payload.into(memoryview(bytearray(payload.size + 1)))
    except ValueError:
        return "refused"


def heard(script, **handlers):
    """What the handlers of these topics got of a broker's messages."""
    collectors = {topic: Collector(take) for topic, take in handlers.items()}

    async def story(broker):
        topics, client = Subscriptions(), client_for(broker)
        for topic, collector in collectors.items():
            await topics.subscribe(topic, collector)
        await client.connect("127.0.0.1")
        reader = asyncio.create_task(client.run(topics.on_message))
        try:
            for collector in collectors.values():
                await asyncio.wait_for(collector.arrived.wait(), 20)
        finally:
            reader.cancel()
            client.close()

    drive(script, story)
    return {topic: collector.got for topic, collector in collectors.items()}


def test_what_a_handler_leaves_of_a_payload_is_thrown_away():
    data = [message(topic, BIG, 1) for topic in ("a", "b", "nobody", "c", "d")]
    got = heard(after_connect(*data), a=nothing, b=a_part, c=pieces, d=too_much)
    assert got["a"] == [(len(BIG), False)]
    assert got["b"] == [(BIG[:10], False)]
    assert got["c"] == [((len(BIG), sum(BIG)), False)]
    assert got["d"] == [("refused", False)]


async def no_memory(payload):
    raise MemoryError("memory allocation failed, allocating 2048 bytes")


async def no_memory_after_a_part(payload):
    await a_part(payload)
    raise MemoryError("memory allocation failed, allocating 2048 bytes")


def test_a_message_for_which_there_is_no_memory_is_dropped_and_the_connection_stays():
    """Else the broker would send a retained one again over the next connection, and so on for ever."""
    for take in (no_memory, no_memory_after_a_part):
        data = [message("a", BIG, 1), message("b", BIG)]
        seen = []

        async def fails(payload, take=take, seen=seen):
            seen.append(payload.size)
            await take(payload)

        async def story(broker, fails=fails):
            topics, client, collector = Subscriptions(), client_for(broker), Collector(pieces)
            await topics.subscribe("a", fails)
            await topics.subscribe("b", collector)
            await client.connect("127.0.0.1")
            reader = asyncio.create_task(client.run(topics.on_message))
            await asyncio.wait_for(collector.arrived.wait(), 20)
            reader.cancel()
            client.close()
            assert collector.got == [((len(BIG), sum(BIG)), False)]

        async def read_one(broker, reader, writer):
            await broker.packet(reader)
            await silent(broker, reader, writer)

        broker = drive(after_connect(*data, then=read_one), story)
        assert seen == [len(BIG)]
        assert [kind for kind, _ in broker.received[1:]] == [0x40]  # acknowledged: it does not come again


def test_a_piece_that_cannot_be_read_for_want_of_memory_ends_the_connection():
    """How much of it has been read is not known, so what follows cannot be told from it."""

    async def story(broker):
        topics, client = Subscriptions(), client_for(broker)
        await topics.subscribe("a", a_part)
        await client.connect("127.0.0.1")
        whole = client._packets.fill

        async def fill(view):
            if len(view) == 10:
                raise MemoryError
            await whole(view)

        client._packets.fill = fill
        try:
            await asyncio.wait_for(client.run(topics.on_message), 20)
        except MQTTError as error:
            return str(error)
        finally:
            client.close()

    said = []

    async def note(broker):
        said.append(await story(broker))

    drive(after_connect(message("a", BIG, 1)), note)
    assert said == ["no memory"]


def test_a_handler_knows_what_lay_at_the_broker():
    retained = bytes((message("a", b"x")[0] | 1,)) + message("a", b"x")[1:]
    assert heard(after_connect(retained), a=nothing)["a"] == [(1, True)]


def test_a_long_payload_takes_no_more_memory_than_a_short_one():
    used = []

    async def watch(payload):
        piece = bytearray(64)
        while payload.size:
            await payload.into(memoryview(piece)[: min(len(piece), payload.size)])
            if payload.size % 8192 < 64:
                gc.collect()
                used.append(gc.mem_alloc())

    async def by_the_piece(broker, reader, writer):
        await broker.packet(reader)
        await say(writer, b"\x20\x02\0\0")
        for pieces in (1, 100):
            size = pieces * 512
            length = size + 3  # topic and its length
            await say(
                writer, bytes((0x30, length & 127 | 128, length >> 7 & 127 | 128, length >> 14)) + text("a")
            )
            for _ in range(pieces):
                await say(writer, bytes(512))
        await say(writer, message("b", b"end"))
        await silent(broker, reader, writer)

    heard(by_the_piece, a=watch, b=nothing)
    assert len(used) >= 7
    assert max(used) - used[0] < 4096, used


def test_topics_are_asked_for_again_on_every_connection_and_left_when_told():
    async def story(broker):
        topics = Subscriptions()

        async def ignore(payload):
            pass

        await topics.subscribe("one", ignore)
        for _ in range(2):
            client = client_for(broker)
            await client.connect("127.0.0.1")
            reader = asyncio.create_task(client.run(topics.on_message))
            await topics.on_connected(client)
            await topics.subscribe("two", ignore, 0)
            await topics.unsubscribe("two")
            topics.on_disconnected()
            reader.cancel()
            await client.disconnect()
        await topics.subscribe("three", ignore)  # nobody is there to be told

    broker = drive(good, story)
    asked = [(kind, body[2:]) for kind, body in broker.received if kind in (0x82, 0xA2)]
    once = [(0x82, text("one") + b"\x01"), (0x82, text("two") + b"\x00"), (0xA2, text("two"))]
    assert asked == once * 2
