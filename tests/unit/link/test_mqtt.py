"""The MQTT client and a broker that does what it should."""

import asyncio

from scripted_broker import (
    CONNACK,
    PINGRESP,
    client_for,
    drive,
    error_of,
    good,
    message,
    say,
    session,
    silent,
)

from link.packets import text


def test_it_connects_with_its_last_will():
    async def story(broker):
        client = client_for(broker)
        client.set_last_will("menshen/v1/demo/state", b'{"online":false}', True, 1)
        await client.connect("127.0.0.1")
        await client.disconnect()

    broker = drive(good, story)
    will = text("menshen/v1/demo/state") + text('{"online":false}')
    expected = b"\0\x04MQTT\x04\x2e\0\x3c" + text("demo") + will
    assert broker.received == [(0x10, expected), (0xE0, b"")]


def test_it_connects_with_a_name_and_a_password():
    async def story(broker):
        client = client_for(broker, user="lock", password="secret")
        await client.connect("127.0.0.1")
        await client.disconnect()

    broker = drive(good, story)
    expected = b"\0\x04MQTT\x04\xc2\0\x3c" + text("demo") + text("lock") + text("secret")
    assert broker.received[0] == (0x10, expected)


def test_a_publish_returns_once_the_broker_has_it():
    async def story(client, inbox, reader):
        await client.publish("menshen/v1/demo/state", b'{"online":true}', True)
        await client.publish("menshen/v1/demo/alarm", b"{}")
        await client.publish("menshen/v1/demo/ack", (b"{", b"1" * 200, b"}"), True)
        await client.disconnect()

    broker = session(good, story)
    assert broker.received[1:4] == [
        (0x33, text("menshen/v1/demo/state") + b"\0\x01" + b'{"online":true}'),
        (0x32, text("menshen/v1/demo/alarm") + b"\0\x02{}"),
        (0x33, text("menshen/v1/demo/ack") + b"\0\x03{" + b"1" * 200 + b"}"),
    ]


def test_topics_and_messages_of_every_length_have_right_lengths():
    """The base class writes one byte for the length of a SUBSCRIBE: wrong from 123 bytes on."""

    async def story(client, inbox, reader):
        for size in (1, 121, 122, 123, 124, 127, 128, 200):
            await client.subscribe("t" * size)
        for size in (0, 122, 123, 124, 125, 126, 3000):
            await client.publish("t", b"x" * size)

    broker = session(good, story)
    topics = [body for kind, body in broker.received if kind == 0x82]
    assert [len(body) - 5 for body in topics] == [1, 121, 122, 123, 124, 127, 128, 200]
    assert [len(body) - 5 for kind, body in broker.received if kind == 0x32] == [
        0,
        122,
        123,
        124,
        125,
        126,
        3000,
    ]


def test_packet_ids_wrap_and_never_are_zero():
    async def story(client, inbox, reader):
        client.pid = 65533
        for _ in range(4):
            await client.publish("t", b"x")

    broker = session(good, story)
    assert [body[3:5] for kind, body in broker.received if kind == 0x32] == [
        b"\xff\xfe",
        b"\xff\xff",
        b"\0\x01",
        b"\0\x02",
    ]


def test_only_the_right_answer_ends_the_wait():
    async def wrong_then_right(broker, reader, writer):
        await broker.packet(reader)
        await say(writer, CONNACK + b"\x40\x02\0\x01" + b"\x90\x03\0\x01\x01")  # to what was never asked
        _, body = await broker.packet(reader)
        await say(writer, b"\x40\x02\0\x63" + b"\x90\x03" + body[3:5] + b"\x01" + b"\x40\x02\0\0")
        await asyncio.sleep_ms(200)
        broker.received.append("now")
        await say(writer, b"\x40\x02" + body[3:5])
        await silent(broker, reader, writer)

    async def story(client, inbox, reader):
        await client.publish("t", b"x")
        client.close()

    broker = session(wrong_then_right, story)
    assert broker.received[-1] == "now"


def test_two_who_publish_at_once_wait_for_each_other():
    async def story(client, inbox, reader):
        await asyncio.gather(*[client.publish("t", b"%d" % number) for number in range(5)])

    broker = session(good, story)
    assert [body[5:] for kind, body in broker.received if kind == 0x32] == [b"0", b"1", b"2", b"3", b"4"]


def test_messages_arrive_whole_and_are_acknowledged():
    big = bytes(i & 0xFF for i in range(6144))
    sent = message("a", b"") + message("b/c", b"hello", 1, 0x1234) + message("d", big, 1, 7)

    async def script(broker, reader, writer):
        await broker.packet(reader)
        await say(writer, CONNACK + sent)  # in one piece with the answer
        await broker.packet(reader)
        await broker.packet(reader)
        for byte in message("e", b"slow"):
            await say(writer, bytes((byte,)))
            await asyncio.sleep_ms(5)
        await silent(broker, reader, writer)

    async def story(client, inbox, reader):
        while len(inbox.messages) < 4:
            inbox.arrived.clear()
            await inbox.arrived.wait()
        assert inbox.messages == [(b"a", b""), (b"b/c", b"hello"), (b"d", big), (b"e", b"slow")]

    broker = session(script, story)
    assert broker.received[1:3] == [(0x40, b"\x12\x34"), (0x40, b"\0\x07")]


def test_it_keeps_the_connection_alive():
    async def story(client, inbox, reader):
        await asyncio.sleep_ms(3500)
        assert not reader.done()

    broker = session(good, story, keepalive=2)
    assert 2 <= [kind for kind, _ in broker.received].count(0xC0) <= 3


def test_messages_coming_in_do_not_stop_the_pings():
    """A broker counts only what the client sends."""

    async def chatting(broker, reader, writer):
        answering = asyncio.create_task(broker.answer(reader, writer))
        try:
            for _ in range(30):
                await asyncio.sleep_ms(100)
                await say(writer, message("t", b"x"))
        finally:
            answering.cancel()

    async def story(client, inbox, reader):
        assert await error_of(reader)  # the broker ends it
        assert len(inbox.messages) >= 20

    broker = session(chatting, story, keepalive=2)
    assert [kind for kind, _ in broker.received].count(0xC0) >= 1


def test_an_answer_that_waits_behind_slow_work_is_not_missed():
    async def story(broker):
        done = []

        async def slow(topic, payload):
            await asyncio.sleep_ms(2500)
            done.append(topic)

        client = client_for(broker, timeout_ms=1500, keepalive=2)
        await client.connect("127.0.0.1")
        reader = asyncio.create_task(client.run(slow))
        while not done:
            await asyncio.sleep_ms(20)
        await asyncio.sleep_ms(1500)
        assert not reader.done()
        reader.cancel()
        client.close()

    async def script(broker, reader, writer):
        while True:
            kind, _ = await broker.packet(reader)
            if kind == 0x10:
                await say(writer, CONNACK)
            elif kind == 0xC0:
                await say(writer, message("t", b"x") + PINGRESP)

    drive(script, story)
