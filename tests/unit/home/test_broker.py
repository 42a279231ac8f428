"""The door on a tenant's own broker: announced while a resident wants it, and nothing else is said there."""

import asyncio
import json
import sys

from ram_numbers import RamNvs
from scripted_broker import Broker, hang_up, message, say, silent
from test_commands import KEY, MS, Clock, signed

import loader
from home import broker as home
from home.entity import entity
from link.backoff import Backoff
from link.packets import text
from people.entry import HOME_KEY
from storage.nvs import Numbers

ROOT = "menshen/v1/demo"
CONFIG = "homeassistant/lock/demo/door/config"
home.Backoff = lambda base, cap: Backoff(10, 50)

loader._IS_PLENTY = False  # as on a board without PSRAM


class Wlan:
    def __init__(self, joined=True):
        self.joined = joined

    def isconnected(self):
        return self.joined

    def ifconfig(self):
        return "192.0.2.10", "255.255.255.0", "192.0.2.1", "192.0.2.1"


class House:
    """Settings, board, residents, doorkeeper and gate of one lock; `came` is who was let in."""

    lock = "demo"

    def __init__(self, port, user=None, password=None, keys=((7, KEY),)):
        self.home = "127.0.0.1", port, user, password, None
        self.table, self.nvs, self.came = list(keys), RamNvs(), []
        self.numbers, self.ended, self.busy, self.wifi = Numbers(self.nvs), False, False, None

    def keys(self, role):
        assert role == HOME_KEY
        return iter(self.table)

    def is_on(self):
        return bool(self.table)

    def must_yield(self):
        return self.busy

    def remote(self, lease, digest):
        self.came.append((lease, digest))
        return True

    def wlan(self):
        return self.wifi or Wlan()

    def over(self, lease, now):
        return self.ended

    def session(self, wlan=None):
        self.wifi = wlan or Wlan()
        return home.Home(self, self, Clock(), self, self, self.remote).run()


class Hub:
    """A broker that keeps what is retained, and can send; `said` is all that the lock published."""

    def __init__(self):
        self.said, self.topics, self.rest, self.connect = [], [], [], None
        self.writer = None

    async def serve(self, broker, reader, writer):
        self.writer = writer
        while True:
            kind, body = await broker.packet(reader)
            if kind == 0x10:
                self.connect = body
                await say(writer, b"\x20\x02\0\0")
            elif kind & 0xF0 == 0x30:
                size = int.from_bytes(body[:2], "big")
                topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
                self.said.append((topic, bytes(rest[2:]), kind & 1))
                await say(writer, b"\x40\x02" + rest[:2])
            elif kind == 0x82:
                self.topics.append(body[2:])
                await say(writer, b"\x90\x03" + body[:2] + b"\0")
            else:
                self.rest.append(kind)
                if kind == 0xE0:
                    return


async def until(wanted):
    for _ in range(2000):
        if wanted():
            return
        await asyncio.sleep_ms(10)
    raise AssertionError("it did not come")


def with_hub(story, **options):
    """Run story(house, hub) beside a session at a good broker; what the session said, and the house."""
    hub = Hub()

    async def main():
        async with Broker(hub.serve) as broker:
            house = House(broker.port, **options)
            running = asyncio.create_task(house.session())
            await until(lambda: len(hub.said) == 2)
            await story(house, hub)
            house.table = []
            await asyncio.wait_for(running, 20)
            return house

    return asyncio.run(main()), hub


async def nothing(house, hub):
    pass


def test_the_door_is_announced_and_taken_back():
    async def look(house, hub):
        assert house.numbers.get("home_told") == 1

    house, hub = with_hub(look)
    assert [(topic, retained) for topic, _, retained in hub.said] == [
        (CONFIG, 1),
        (ROOT + "/home", 1),
        (CONFIG, 1),
        (ROOT + "/home", 1),
    ]
    assert [payload for _, payload, _ in hub.said[1:]] == [b"online", b"", b""]
    assert hub.topics == [text(ROOT + "/door") + b"\0"]
    assert hub.rest == [0xE0], "it says good-bye, so that the last will stays unsaid"
    assert house.numbers.get("home_told") == 0
    will = text(ROOT + "/home") + text("offline")
    assert hub.connect == b"\0\x04MQTT\x04\x2e\0\x3c" + text("demo.home") + will


def test_user_and_password_are_told_where_the_settings_have_them():
    _, hub = with_hub(nothing, user="lock", password="secret")
    assert hub.connect[7] == 0xEE
    assert hub.connect.endswith(text("lock") + text("secret"))
    # a lock without a state
    said = json.loads(hub.said[0][1])
    assert sorted(said) == ["avty_t", "cmd_t", "cmd_tpl", "code_format", "dev", "name", "uniq_id"]
    assert (said["cmd_t"], said["avty_t"]) == (ROOT + "/door", ROOT + "/home")
    assert said["uniq_id"] == "menshen_demo_door"
    assert "'menshen home v1 demo '" in said["cmd_tpl"]
    assert len(hub.said[0][1]) < 700


def test_the_announcement_needs_no_large_piece_of_memory():
    pieces = entity("house-17-door-b", ROOT + "/door", ROOT + "/home")
    assert max(map(len, pieces)) <= 128
    assert sorted(json.loads(b"".join(pieces)))[0] == "avty_t"


def test_without_memory_it_goes_and_does_not_try_again_by_itself():
    """Its code would be in the way of all others who lack memory."""
    tries = []

    class Short(home.Home):
        def _announcement(self):
            tries.append(1)
            raise MemoryError("memory allocation failed")

    async def main():
        async with Broker(Hub().serve) as broker:
            house = House(broker.port)
            session = Short(house, house, Clock(), house, house, house.remote)
            try:
                await asyncio.wait_for(session.run(), 20)
            except MemoryError:
                return
            raise AssertionError("it ended as if all was well")

    asyncio.run(main())
    assert tries == [1]


def test_a_signed_command_is_presented_to_the_gate_and_nothing_is_answered():
    codes = ("home.commands", "access.guest_key", "home.entity", "link.dial")
    for name in codes:  # this test's own need of them
        sys.modules.pop(name, None)

    async def send(house, hub):
        await say(hub.writer, message(ROOT + "/door", signed()))
        await until(lambda: house.came)
        await say(hub.writer, message(ROOT + "/door", signed("LOCK", MS + 1)))
        await say(hub.writer, message(ROOT + "/door", signed(time=MS + 2)))
        await until(lambda: len(house.came) == 2)
        for name in codes:
            assert name not in sys.modules, name

    house, hub = with_hub(send)
    assert house.came == [(7, b"")] * 2
    assert (len(hub.said), hub.rest) == (4, [0xE0])


def test_what_the_broker_makes_of_it_opens_nothing_and_is_not_answered():
    async def send(house, hub):
        await say(hub.writer, message(ROOT + "/door", signed()))
        await until(lambda: house.came)
        kept = message(ROOT + "/door", signed(time=MS + 5))
        await say(hub.writer, bytes([kept[0] | 1]) + kept[1:])
        await say(hub.writer, message(ROOT + "/door", signed()))
        await say(hub.writer, message(ROOT + "/door", b"UNLOCK"))
        await say(hub.writer, message(ROOT + "/door", b"x" * 2000))
        await say(hub.writer, message(ROOT + "/door", signed(time=MS + 9)))
        await until(lambda: len(house.came) == 2)

    house, hub = with_hub(send)
    assert house.came == [(7, b"")] * 2
    assert (len(hub.said), hub.rest) == (4, [0xE0])


def test_it_comes_back_however_often_the_broker_fails():
    hub, told = Hub(), []

    async def moody(broker, reader, writer):
        told.append(broker.connections)
        if broker.connections < 4:
            await hang_up(broker, reader, writer)
        else:
            await hub.serve(broker, reader, writer)

    async def main():
        async with Broker(moody) as broker:
            house = House(broker.port)
            running = asyncio.create_task(house.session())
            await until(lambda: len(hub.said) == 2)
            house.table = []
            await asyncio.wait_for(running, 20)

    asyncio.run(main())
    assert told == [1, 2, 3, 4]


def test_an_address_at_which_somebody_accepts_and_hangs_up_is_asked_for_anew():
    """As at the operator's broker: the access point's resolver may lie, and a lie is good for an hour."""
    hub, doubted = Hub(), []

    class Names:
        async def resolve(self, host):
            return host

        def doubt(self, host):
            doubted.append(host)

    async def moody(broker, reader, writer):
        if broker.connections < 3:
            await broker.packet(reader)
            await say(writer, b"\x20\x02\0\0")
        else:
            await hub.serve(broker, reader, writer)

    async def main():
        async with Broker(moody) as broker:
            house = House(broker.port)
            session = home.Home(house, house, Clock(), house, house, house.remote)
            session._resolver = Names()
            running = asyncio.create_task(session.run())
            await until(lambda: len(hub.said) == 2)
            house.busy = True
            found = doubted[:]
            await asyncio.wait_for(running, 20)
            return found

    assert asyncio.run(main()) == ["127.0.0.1"] * 2


def test_it_goes_when_the_memory_is_needed_and_leaves_its_announcement_there():
    hub = Hub()

    async def main():
        async with Broker(hub.serve) as broker:
            house = House(broker.port)
            running = asyncio.create_task(house.session())
            await until(lambda: len(hub.said) == 2)
            house.busy = True
            await asyncio.wait_for(running, 20)
            return house

    house = asyncio.run(main())
    assert len(hub.said) == 2
    assert hub.rest == [], "no good-bye: the last will tells that it is gone"
    assert house.numbers.get("home_told") == 1


def test_it_goes_while_it_waits_for_a_broker_that_is_gone():
    async def main():
        async with Broker(hang_up) as broker:
            house = House(broker.port)
            running = asyncio.create_task(house.session())
            await until(lambda: broker.connections >= 2)
            house.busy = True
            await asyncio.wait_for(running, 20)

    asyncio.run(main())


def test_turned_off_beside_a_broker_that_is_gone_it_tries_for_a_while_and_gives_up():
    async def main():
        async with Broker(hang_up) as broker:
            house = House(broker.port, keys=())
            house.numbers.set("home_told", 1)
            await asyncio.wait_for(house.session(), 30)
            return broker, house

    broker, house = asyncio.run(main())
    assert broker.connections == 12
    assert house.numbers.get("home_told") == 0


def test_what_was_announced_before_a_power_cut_is_taken_back_after_it():
    hub = Hub()

    async def main():
        async with Broker(hub.serve) as broker:
            house = House(broker.port, keys=())
            house.numbers.set("home_told", 1)
            await asyncio.wait_for(house.session(), 20)
            return house

    house = asyncio.run(main())
    assert [(topic, payload) for topic, payload, _ in hub.said] == [(CONFIG, b""), (ROOT + "/home", b"")]
    assert hub.topics == [], "nothing is heard any more"
    assert house.numbers.get("home_told") == 0


def test_without_the_access_point_it_does_not_even_try():
    async def main():
        async with Broker(silent) as broker:
            house = House(broker.port)
            running = asyncio.create_task(house.session(Wlan(False)))
            await asyncio.sleep_ms(300)
            running.cancel()
            return broker.connections

    assert asyncio.run(main()) == 0
