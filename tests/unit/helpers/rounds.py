"""A link that fails again and again; after each round it says in JSON what is still held.

MENSHEN_ROUNDS is "folder host port": the certificates, and the name and port of the broker at 127.0.0.1.
"""

import asyncio
import gc
import json
import os

import console

_PAGE = 4096
_HURRY_MS = 300


def look(source, text):
    """Called when a connection has come to nothing, and all of it should be gone."""
    if text.startswith("offline"):
        gc.collect()
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
        files = len(os.listdir("/proc/self/fd"))
        print(json.dumps({"heap": gc.mem_alloc(), "files": files, "resident": pages * _PAGE, "said": text}))


console.info = look  # before whoever takes it from there

from link import Backoff, MQTTClient, Subscriptions  # noqa: E402 (rooms are few files: tools/shrink/rooms.py)
from link.tls import context  # noqa: E402
from reports import Link, Wifi  # noqa: E402


class House:
    """Station, resolver, telemetry and time, which are all well."""

    signal = None

    def will(self, client):
        client.set_last_will("menshen/v1/demo/state", b"", True, 1)

    async def run(self, client):
        while True:
            await client.publish("menshen/v1/demo/state", b"x", True)

    def isconnected(self):
        return True

    def status(self, what):
        return -60  # dBm

    async def resolve(self, host):
        return "127.0.0.1"

    def doubt(self, host):
        pass

    async def proved(self, host):
        pass

    async def prepare(self):
        pass

    async def tick(self):
        pass


async def ignore(payload):
    pass


async def main():
    """Its own names are none of the firmware's: the build may give one short name to two that never meet."""
    my_folder, my_host, my_port = os.getenv("MENSHEN_ROUNDS").split()
    my_certificates = context(my_folder)

    def my_client():
        # by their places: the build shortens names that nobody passes by
        return MQTTClient("demo", my_broker, my_certificates, None, 60, _HURRY_MS)

    my_broker = my_host, int(my_port), None, None
    my_house, my_topics = House(), Subscriptions()
    await my_topics.subscribe("menshen/v1/demo/list", ignore)
    my_wifi = Wifi(my_house, "home", "secret", Backoff(1, 2))
    await Link((my_wifi, my_house, my_house), (my_client,), my_topics, my_house, Backoff(1, 2)).run()


asyncio.run(main())
