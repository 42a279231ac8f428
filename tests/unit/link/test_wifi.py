"""Joining the access point: bounded, repeated, and never raising past its owner."""

import asyncio

import virtual_time  # noqa: F401 (nobody waits; it comes before whatever imports time)  # isort: skip

from link.backoff import Backoff
from link.wifi import Wifi


class Station:
    """A WLAN whose connection comes `after` so many looks; `faults` names calls that raise."""

    def __init__(self, after=0, faults=()):
        self.after = after
        self.faults = faults
        self.calls = []
        self.looks = 0
        self.joined = False

    def _note(self, call):
        self.calls.append(call)
        if call in self.faults:
            raise OSError("Wifi Internal Error")

    def active(self, on):
        self._note("active")

    def disconnect(self):
        self._note("disconnect")
        self.joined = False

    def connect(self, ssid, password):
        self._note("connect")
        self.credentials = ssid, password
        self.joined = True
        self.looks = 0

    def isconnected(self):
        if "isconnected" in self.faults:
            raise OSError("Wifi Internal Error")
        self.looks += 1
        return self.joined and self.looks > self.after

    def ifconfig(self):
        self._note("ifconfig")
        return ("10.0.0.2", "255.255.255.0", "10.0.0.1", "10.0.0.53")


async def nothing():
    pass


def wifi(station, waits=None):
    def note(limit):
        if waits is not None:
            waits.append(limit)
        return 1

    return Wifi(station, "home", "secret", Backoff(1000, 8000, note))


def test_it_joins_with_the_settings_given():
    station = Station(after=2)
    assert asyncio.run(wifi(station).up(10_000))
    assert station.credentials == ("home", "secret")


def test_an_open_network_and_a_key_of_64_digits_go_to_the_driver_as_they_are():
    for ssid, password in (("home", ""), ("home", "0aF" * 21 + "0"), ("\U0001f600" * 8, "\u00e4" * 4)):
        station = Station()
        assert asyncio.run(Wifi(station, ssid, password, Backoff(1000, 8000, lambda limit: 1)).up(10_000))
        assert station.credentials == (ssid, password)


def test_it_ends_an_earlier_try_before_the_next():
    station = Station()
    station.joined = False
    assert asyncio.run(wifi(station).up(10_000))
    assert station.calls == ["active", "disconnect", "connect"]


def test_joined_already_it_leaves_the_driver_alone():
    station = Station()
    station.joined = True
    assert asyncio.run(wifi(station).up(10_000))
    assert station.calls == []


def test_without_an_access_point_it_gives_up_in_time():
    assert asyncio.run(wifi(Station(after=10**6)).up(300)) is False


def test_the_loop_goes_on_while_it_joins():
    ticks = []

    async def main():
        async def tick():
            while True:
                ticks.append(1)
                await asyncio.sleep_ms(5)

        ticker = asyncio.create_task(tick())
        await wifi(Station(after=10**6)).up(400)
        ticker.cancel()

    asyncio.run(main())
    assert len(ticks) > 20


def test_a_driver_that_raises_is_only_a_failed_try():
    for fault in ("active", "connect", "isconnected"):
        assert asyncio.run(wifi(Station(faults=(fault,))).up(250)) is False
    assert asyncio.run(wifi(Station(faults=("disconnect",))).up(10_000))


def test_it_tries_again_with_growing_waits_until_joined():
    station = Station(faults=("connect",))
    waits = []

    async def main():
        async def mend():
            while len(waits) < 4:
                await asyncio.sleep_ms(1)
            station.faults = ()

        mending = asyncio.create_task(mend())
        part = wifi(station, waits)
        await asyncio.wait_for(part.join(200), 20)
        await mending
        return part

    part = asyncio.run(main())
    assert waits[:4] == [500, 1000, 2000, 4000]  # of limits twice as long, half of which is always waited
    part._backoff.next()
    assert waits[-1] == 500, "a success starts the waits again"


class Scripted(Station):
    """Answers the looks one after the other as the script says: 1 joined, 0 not."""

    def __init__(self, script):
        super().__init__()
        self.script = list(script)

    def isconnected(self):
        return self.script.pop(0) == "1"


def test_a_loss_is_noticed_and_a_blink_is_not():
    station = Scripted("1101001011000111")
    asyncio.run(asyncio.wait_for(wifi(station).until_lost(nothing, 1), 20))
    assert station.script == ["1", "1", "1"], "gone after three looks in a row without a connection"


def test_it_names_the_resolver_of_the_access_point():
    assert wifi(Station()).dns() == "10.0.0.53"
    assert wifi(Station(faults=("ifconfig",))).dns() == ""
