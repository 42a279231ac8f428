"""A name server for the tests, on the loopback."""

import asyncio
import os
import socket
from struct import pack

from ram_numbers import RamNvs

from link.dns import question
from link.resolver import Resolver
from storage.nvs import Numbers

HOST = "broker.menshen.test"
ASKED = question(HOST)
ANSWER = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x01\x02\x03"  # 10.1.2.3 for 60 s, name by pointer
HURRY = 400  # ms, for what is expected to fail
PATIENT = 15000


def reply(query, answers=(ANSWER,), flags=0x8180, asked=None):
    head = query[:2] + pack(">5H", flags, 1, len(answers), 0, 0)
    return head + (query[12:] if asked is None else asked) + b"".join(answers)


def record(kind, data, ttl=60, name=b"\xc0\x0c"):
    return name + pack(">HHIH", kind, 1, ttl, len(data)) + data


def lookup(servers, wlan_dns=None, nvs=None):
    return Resolver(servers, Numbers(nvs or RamNvs()), wlan_dns)


class Server:
    """A DNS server on the loopback; `script(query)` gives the datagrams to send back."""

    def __init__(self, script):
        self.script = script
        self.queries = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            self.port = 10000 + int.from_bytes(os.urandom(2), "big") // 3
            try:
                self.sock.bind(socket.getaddrinfo("127.0.0.1", self.port)[0][-1])
                break
            except OSError:
                pass
        self.sock.setblocking(False)
        self.address = ("127.0.0.1", self.port)

    async def run(self):
        while True:
            try:
                query, sender = self.sock.recvfrom(512)
            except OSError:
                await asyncio.sleep_ms(5)
                continue
            self.queries.append(query)
            for datagram in self.script(query):
                self.sock.sendto(datagram, sender)


def drive(servers, story):
    """Run a story while the servers run."""

    async def main():
        tasks = [asyncio.create_task(server.run()) for server in servers]
        try:
            await asyncio.wait_for(story(), 60)
        finally:
            for task in tasks:
                task.cancel()
            for server in servers:
                server.sock.close()

    asyncio.run(main())


def right(query):
    return [reply(query)]


def silent(query):
    return []


async def fails(resolver, host=HOST, timeout_ms=HURRY):
    try:
        await resolver.resolve(host, timeout_ms)
    except OSError:
        return True
    return False
