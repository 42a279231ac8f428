"""`menshen house` on a busy computer: a lock may be late with its list, or begin with a fault."""

import asyncio
import errno
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner

from menshen.cli.main import main
from menshen.simulator import run_house
from menshen.simulator.house import House, HouseError
from menshen.simulator.world import World


class Door:
    """A lock that says upon each start what is next in `says`."""

    def __init__(self, *says: dict) -> None:
        self.board, self.starts = self, 0
        self._says, self._now = iter(says), {"online": True}
        self._listeners: list[Callable[[dict], None]] = []

    def on_event(self, listener: Callable[[dict], None]) -> None:
        self._listeners.append(listener)

    async def power(self, on: bool) -> None:
        self.starts += on
        asyncio.get_running_loop().call_soon(self._say, next(self._says) if on else {"online": False})

    async def wait_line(self, *_: object) -> None:
        pass

    def state(self) -> dict:
        return {"lock": self._now}

    def _say(self, what: dict) -> None:
        self._now = what
        for listener in self._listeners:
            listener({})


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, tmp_path, tmp_path, print)


def _answers(*outcomes: str) -> Callable:
    rest: Iterator[str] = iter(outcomes)

    async def menshen(*line: str) -> str:
        assert line == ("publish", "--all", "--json")
        return json.dumps([{"outcome": "accepted"}, {"outcome": next(rest)}])

    return menshen


async def test_a_lock_that_is_late_with_its_list_is_waited_for(house: House, monkeypatch: Any) -> None:
    """Its power is cut next: it would say that nobody is listed, for a quarter of an hour."""
    answers = _answers("waiting", "waiting", "held", "not asked for")
    monkeypatch.setattr(house, "menshen", answers)
    await house.publish()
    assert json.loads(await answers("publish", "--all", "--json"))[1]["outcome"] == "not asked for"


async def test_a_lock_that_begins_with_a_fault_is_started_again(house: House) -> None:
    well, ill = {"online": True, "faults": []}, {"online": True, "faults": ["reader"]}
    for says, starts in ((well,), 1), ((ill, well), 2), ((ill, ill, well), 3):
        door = Door(*says)
        await house.say_anew("flat-1", cast(World, door))
        assert door.starts == starts


async def test_one_that_never_comes_up_well_is_told_with_its_faults(house: House) -> None:
    ill = {"online": True, "faults": ["no credentials"]}
    with pytest.raises(HouseError, match=r"flat-1 does not come up well: .*no credentials"):
        await house.say_anew("flat-1", cast(World, Door(ill, ill, ill)))


def test_a_door_whose_port_is_taken_is_told_by_that_port(monkeypatch: pytest.MonkeyPatch) -> None:
    def listen_on(port: int) -> socket.socket:
        if port == 8002:
            raise OSError(errno.EADDRINUSE, "taken")
        return socket.socket()

    monkeypatch.setattr(run_house, "listen_on", listen_on)
    done = CliRunner().invoke(main, ["house", "--port", "8000"])
    assert done.exit_code == 1
    assert "Port 8002 is in use: choose another" in done.output
