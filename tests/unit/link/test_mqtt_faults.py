"""The MQTT client and a broker that plays every trick: nothing hangs, nothing grows, all is closed."""

import asyncio
import gc
import os
import socket

from scripted_broker import (
    CONNACK,
    HURRY,
    PINGRESP,
    Broker,
    after_connect,
    client_for,
    drive,
    error_of,
    good,
    hang_up,
    message,
    say,
    session,
    silent,
)

from link.mqtt import MQTTClient
from link.packets import frame, text


def test_a_refusal_is_an_error():
    async def story(broker):
        assert await error_of(client_for(broker).connect("127.0.0.1"))

    for answer in (b"\x20\x02\0\x05", b"\x20\x02\x01\x01", b"\x40\x02\0\0", b"\x20\x03\0\0\0", PINGRESP):

        async def script(broker, reader, writer, answer=answer):
            await broker.packet(reader)
            await say(writer, answer)
            await silent(broker, reader, writer)

        drive(script, story)


def test_the_end_of_the_stream_at_every_byte_of_the_answer():
    async def story(broker):
        assert await error_of(client_for(broker).connect("127.0.0.1"))

    for size in range(len(CONNACK)):

        async def script(broker, reader, writer, size=size):
            await broker.packet(reader)
            await say(writer, CONNACK[:size])

        drive(script, story)


def test_a_silence_at_every_byte_of_the_answer():
    async def story(broker):
        assert await error_of(client_for(broker, HURRY).connect("127.0.0.1"))

    for size in range(len(CONNACK)):

        async def script(broker, reader, writer, size=size):
            await broker.packet(reader)
            await say(writer, CONNACK[:size])
            await silent(broker, reader, writer)

        drive(script, story)


def test_a_closed_port_is_an_error_at_once():
    async def story(broker):
        client = client_for(broker)
        broker.server.close()
        await broker.server.wait_closed()
        assert await error_of(client.connect("127.0.0.1"))
        assert client.sock is None

    async def main():
        broker = await Broker(good).__aenter__()
        await story(broker)

    asyncio.run(main())


def test_an_address_that_never_answers_is_given_up():
    """The queue of a port where nobody accepts is full: the kernel lets further calls ring."""
    full = socket.socket()
    while True:
        port = 10000 + int.from_bytes(os.urandom(2), "big") // 3
        address = socket.getaddrinfo("127.0.0.1", port)[0][-1]
        try:
            full.bind(address)
            break
        except OSError:
            pass
    full.listen(0)
    callers = []
    for _ in range(4):
        caller = socket.socket()
        caller.setblocking(False)
        try:
            caller.connect(address)
        except OSError:
            pass
        callers.append(caller)

    async def main():
        client = MQTTClient("demo", ("localhost", port, None, None), timeout_ms=HURRY)
        assert await error_of(client.connect("127.0.0.1"))
        assert client.sock is None

    asyncio.run(main())
    for sock in callers + [full]:
        sock.close()


def test_the_loop_goes_on_while_the_broker_is_silent():
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep_ms(5)

    async def story(broker):
        ticker = asyncio.create_task(tick())
        assert await error_of(client_for(broker, 500).connect("127.0.0.1"))
        ticker.cancel()

    drive(silent, story)
    assert len(ticks) > 10


def test_the_loop_goes_on_while_a_publish_waits():
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep_ms(5)

    async def story(client, inbox, reader):
        ticker = asyncio.create_task(tick())
        assert await error_of(client.publish("t", b"x"))
        assert await error_of(client.subscribe("t"))
        ticker.cancel()

    session(after_connect(), story, patience_ms=HURRY)
    assert len(ticks) > 20


def test_the_end_of_the_stream_at_every_byte_of_a_message():
    whole = message("menshen/v1/demo/list", b"x" * 150, 1)
    for size in range(len(whole)):

        async def story(client, inbox, reader):
            assert await error_of(reader)
            assert inbox.messages == []

        session(after_connect(whole[:size], then=hang_up), story)


def test_a_silence_in_the_middle_of_a_message():
    whole = message("menshen/v1/demo/list", b"x" * 150, 1)
    for size in (1, 2, 3, 4, 10, 24, 26, 27, 100, len(whole) - 1):

        async def story(client, inbox, reader):
            assert await error_of(reader)
            assert inbox.messages == []

        session(after_connect(whole[:size]), story, patience_ms=HURRY)


def test_a_message_too_long_is_thrown_away_and_reported():
    async def story(client, inbox, reader):
        while len(inbox.messages) < 2:
            inbox.arrived.clear()
            await inbox.arrived.wait()
        assert inbox.messages == [(b"big", None), (b"small", b"x")]

    parts = [message("big", bytes(6145), 1, 9), message("small", b"x")]
    broker = session(after_connect(*parts), story)
    assert broker.received[1] == (0x40, b"\0\x09")


def test_a_long_message_takes_no_more_memory_than_the_bound():
    used = []

    async def flooding(broker, reader, writer):
        await broker.packet(reader)
        await say(writer, CONNACK)
        size = 65536  # 0x80 0x80 0x04 as a remaining length
        await say(writer, b"\x30\x80\x80\x04" + text("big"))
        chunk = bytes(1000)
        for _ in range(64):
            gc.collect()
            used.append(gc.mem_alloc())
            await say(writer, chunk)
        await say(writer, bytes(size - 5 - 64000))
        await silent(broker, reader, writer)

    async def story(client, inbox, reader):
        await inbox.arrived.wait()
        assert inbox.messages == [(b"big", None)]

    session(flooding, story)
    assert max(used) - min(used) < 8000, (min(used), max(used))


def test_what_no_broker_may_send_ends_the_connection():
    for garbage in (
        b"\x30\xff\xff\xff\xff\x01",  # remaining length of five bytes
        b"\x30\xff\xff\xff\x7f",  # 256 MB
        b"\x30\x81\x80\x04",  # 65,537 bytes
        b"\x30\0",
        b"\x30\x01\0",
        b"\x32\x03\0\0\0",  # too short for its packet id
        b"\x30\x03\0\x02a",  # topic beyond the end
        b"\x32\x05\0\x02abc",  # packet id beyond the end
        b"\x30\x05\xff\xffabc",
        frame(0x30, text("t" * 129) + b"x"),
        message("t", b"x", 2),
        message("t", b"x", 3),
        CONNACK,
        b"\x40\0",
        b"\x40\x03\0\x01\0",
        b"\x90\x02\0\x01",
        b"\x90\xff\xff\xff\x7f",
        b"\xd0\x01\0",
        b"\x10\0",
        b"\x50\x02\0\x01",
        b"\x62\x02\0\x01",
        b"\x70\x02\0\x01",
        b"\xc0\0",
        b"\xe0\0",
        b"\xf0\0",
        b"\0\0",
        b"\x41\x02\0\x01",
        b"\xff" * 20,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ):

        async def story(client, inbox, reader, garbage=garbage):
            assert await error_of(reader), garbage
            assert inbox.messages == [], garbage

        session(after_connect(garbage), story)


def test_random_bytes_never_do_worse_than_end_the_connection():
    for _ in range(40):

        async def story(client, inbox, reader):
            assert await error_of(reader)

        session(after_connect(os.urandom(300), then=hang_up), story)


def test_a_refused_subscription_ends_the_connection():
    async def refusing(broker, reader, writer):
        await broker.packet(reader)
        await say(writer, CONNACK)
        _, body = await broker.packet(reader)
        await say(writer, b"\x90\x03" + body[:2] + b"\x80")
        await silent(broker, reader, writer)

    async def story(client, inbox, reader):
        asking = asyncio.create_task(error_of(client.subscribe("t")))
        assert await error_of(reader)
        client.close()
        asking.cancel()

    session(refusing, story)


def test_a_ping_without_an_answer_ends_the_connection():
    async def story(client, inbox, reader):
        assert "ping" in await error_of(reader)

    session(after_connect(), story, patience_ms=HURRY, keepalive=1)


def test_a_cancelled_connect_leaves_no_socket():
    async def story(broker):
        client = client_for(broker)
        connecting = asyncio.create_task(client.connect("127.0.0.1"))
        while not broker.received:
            await asyncio.sleep_ms(5)
        connecting.cancel()
        try:
            await connecting
        except asyncio.CancelledError:
            pass
        assert client.sock is None

    drive(silent, story)


def test_after_closing_everything_is_an_error():
    async def story(client, inbox, reader):
        reader.cancel()
        await client.disconnect()
        client.close()
        await client.disconnect()
        assert await error_of(client.publish("t", b"x"))
        assert await error_of(client.subscribe("t"))
        assert await error_of(client.run(inbox))

    session(good, story)
