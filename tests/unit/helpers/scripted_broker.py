"""A broker inside the test's own process that plays any trick, and the client that is put to the test."""

import asyncio
import os

from link.errors import MQTTError
from link.mqtt import MQTTClient
from link.packets import frame, text

CONNACK = b"\x20\x02\0\0"
PINGRESP = b"\xd0\0"
HURRY = 300  # ms, where a failure is expected
PATIENT = 15000  # ms, where success is


def message(topic, payload, qos=0, pid=1):
    return frame(0x30 | qos << 1, text(topic) + (pid.to_bytes(2, "big") if qos else b"") + payload)


class Broker:
    """A broker on the loopback. `script(broker, reader, writer)` plays each connection."""

    def __init__(self, script):
        self.script = script
        self.received = []
        self.connections = 0
        self.closed = 0

    async def __aenter__(self):
        while True:
            self.port = 10000 + int.from_bytes(os.urandom(2), "big") // 3
            try:
                self.server = await asyncio.start_server(self.accept, "127.0.0.1", self.port, 2)
                return self
            except OSError:
                pass

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def accept(self, reader, writer):
        self.connections += 1
        try:
            await self.script(self, reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            self.closed += 1
            await writer.wait_closed()

    async def packet(self, reader):
        """The next packet: (first byte, body)."""
        kind = (await reader.readexactly(1))[0]
        size = shift = 0
        while True:
            byte = (await reader.readexactly(1))[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        body = await reader.readexactly(size)
        self.received.append((kind, body))
        return kind, body

    async def answer(self, reader, writer):
        """Go on as a good broker does."""
        while True:
            kind, body = await self.packet(reader)
            if kind & 0xF0 == 0x10:
                await say(writer, CONNACK)
            elif kind & 0xF6 == 0x32:
                start = 2 + int.from_bytes(body[:2], "big")
                await say(writer, b"\x40\x02" + body[start : start + 2])
            elif kind == 0x82:
                await say(writer, b"\x90\x03" + body[:2] + b"\x01")
            elif kind == 0xA2:
                await say(writer, b"\xb0\x02" + body[:2])
            elif kind == 0xC0:
                await say(writer, PINGRESP)
            elif kind == 0xE0:
                return


async def say(writer, data):
    writer.write(data)
    await writer.drain()


async def good(broker, reader, writer):
    await broker.answer(reader, writer)


async def silent(broker, reader, writer):
    while True:
        await broker.packet(reader)


def after_connect(*data, then=silent):
    """A script: accept the client, send the data, go on as `then` does."""

    async def script(broker, reader, writer):
        await broker.packet(reader)
        await say(writer, CONNACK)
        for part in data:
            await say(writer, part)
        await then(broker, reader, writer)

    return script


async def hang_up(broker, reader, writer):
    pass


def client_for(broker, timeout_ms=PATIENT, keepalive=60, user=None, password=None, tls=None):
    where = "localhost", broker.port, user, password
    return MQTTClient("demo", where, tls, None, keepalive, timeout_ms)


class Inbox:
    def __init__(self):
        self.messages = []
        self.arrived = asyncio.Event()

    async def __call__(self, topic, payload):
        data = await payload.read(6144)
        self.messages.append((topic, None if data is None else bytes(data)))
        self.arrived.set()


async def error_of(waiting):
    """The MQTTError that comes of it, within 30 s."""
    try:
        await asyncio.wait_for(waiting, 30)
    except MQTTError as error:
        return str(error)
    return None


def drive(script, story):
    """Run the story with the broker; at the end every connection must have been closed by someone."""

    async def main():
        async with Broker(script) as broker:
            await asyncio.wait_for(story(broker), 60)
            for _ in range(400):
                if broker.closed == broker.connections:
                    break
                await asyncio.sleep_ms(10)
            assert broker.closed == broker.connections, "a socket was left open"
        return broker

    return asyncio.run(main())


def session(script, story, patience_ms=PATIENT, **options):
    """Connect, and run the story with the reader task beside it.

    patience_ms bounds the client's waits once it is connected: HURRY where they shall fail.
    """

    async def whole(broker):
        client = client_for(broker, **options)
        inbox = Inbox()
        await client.connect("127.0.0.1")
        client._timeout = patience_ms
        reader = asyncio.create_task(client.run(inbox))
        try:
            await story(client, inbox, reader)
        finally:
            reader.cancel()
            client.close()

    return drive(script, whole)
