"""A resident's switch: what speaks with their broker is loaded while it is on, and then only."""

import asyncio
import sys

from scripted_broker import Broker, silent
from test_broker import House, Hub, until
from test_commands import KEY, Clock

import loader
from home import switch as home_switch
from people import keys
from people.entry import HOME_KEY
from people.register import Register

loader._IS_PLENTY = False  # as on a board without PSRAM


async def switch(house, room=None):
    register = Register(None, house, house)
    kept = home_switch.HomeSwitch(house, house, Clock(), register, house, room or asyncio.Lock())
    await asyncio.wait_for(kept.run(), 60)


def test_off_nothing_is_loaded_and_nobody_is_spoken_with():
    sys.modules.pop("home.broker", None)

    async def main():
        async with Broker(silent) as broker:
            house = House(broker.port, keys=())
            running = asyncio.create_task(switch(house))
            await asyncio.sleep_ms(1500)
            running.cancel()
            return broker.connections

    assert asyncio.run(main()) == 0
    assert "home.broker" not in sys.modules


def test_on_it_is_loaded_and_off_it_is_gone():
    hub = Hub()

    async def main():
        async with Broker(hub.serve) as broker:
            house = House(broker.port, keys=())
            running = asyncio.create_task(switch(house))
            house.table = [(7, KEY)]
            await until(lambda: len(hub.said) == 2)
            assert "home.broker" in sys.modules
            house.table = []
            await until(lambda: len(hub.said) == 4)
            await until(lambda: "home.broker" not in sys.modules)
            running.cancel()

    asyncio.run(main())


def test_the_leases_end_turns_it_off_and_forgets_the_code():
    hub = Hub()

    async def main():
        async with Broker(hub.serve) as broker:
            house = House(broker.port)
            forgotten = []

            class Keys:
                def __init__(self, register, lease):
                    self.lease = lease

                def drop_keys(self, what):
                    forgotten.append((what, self.lease))
                    house.table = []

            keys.Keys = Keys
            sys.modules["people.keys"] = keys
            running = asyncio.create_task(switch(house))
            await until(lambda: len(hub.said) == 2)
            house.ended = True
            await until(lambda: len(hub.said) == 4)
            running.cancel()
            return forgotten

    assert asyncio.run(main()) == [(HOME_KEY, 7)]


def test_who_needs_the_memory_gets_it_and_then_it_comes_back():
    hub = Hub()

    async def main():
        async with Broker(hub.serve) as broker:
            room, house = asyncio.Lock(), House(broker.port)
            running = asyncio.create_task(switch(house, room))
            await until(lambda: len(hub.said) == 2)
            async with room:
                assert "home.broker" not in sys.modules
                await asyncio.sleep_ms(1200)
                assert broker.connections == 1
            await until(lambda: len(hub.said) == 4)
            running.cancel()
            return [payload for _, payload, _ in hub.said]

    said = asyncio.run(main())
    assert said[:2] == said[2:], "it is announced anew"


def test_without_memory_it_lets_others_have_it_and_comes_back():
    hub, tries = Hub(), []

    async def main():
        async with Broker(hub.serve) as broker:
            room, house = asyncio.Lock(), House(broker.port)

            class Short(home_switch.HomeSwitch):
                again_ms = 50

                async def _serve(self):
                    tries.append(1)
                    if len(tries) == 1:
                        raise MemoryError("memory allocation failed")
                    await super()._serve()

            kept = Short(house, house, Clock(), Register(None, house, house), house, room)
            running = asyncio.create_task(kept.run())
            await until(lambda: tries)
            assert not room.locked(), "who waits for memory has it"
            await until(lambda: len(hub.said) == 2)
            running.cancel()

    asyncio.run(main())
    assert len(tries) == 2
