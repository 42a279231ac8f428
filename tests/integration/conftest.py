"""Real brokers for the tests that ask for one, from the packages that set-up has fetched."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.helpers import brokers
from tests.integration.helpers.landlord import LOCK, House
from tests.integration.helpers.process import LOCALHOST, Process, free_ports, started

MakeBroker = Callable[..., Awaitable[brokers.Broker]]


class Mosquitto:
    """One broker on a port that the system chose; it can be stopped and started again on the same one.

    `more` are lines of its configuration, in which {port} is that of a second listener, `tls_address`.
    """

    def __init__(self, folder: Path, more: str = "") -> None:
        plain, tls = free_ports(2)
        self.address, self.tls_address = (LOCALHOST, plain), (LOCALHOST, tls)
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {plain} {LOCALHOST}\nallow_anonymous true\npersistence false\n{more.format(port=tls)}"
        )
        process = Process([brokers.Mosquitto.program(), "-c", config], " running")
        self.start, self.stop, self.said = process.start, process.stop, process.said


@pytest_asyncio.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A running broker that knows nobody, remembers nothing over a restart, and ends with the test."""
    async with running(tmp_path) as broker:
        yield broker


@contextlib.asynccontextmanager
async def running(folder: Path, more: str = "") -> AsyncIterator[Mosquitto]:
    """A broker that runs for as long as the block lasts."""
    broker = await started(lambda: Mosquitto(folder, more))
    try:
        yield broker
    finally:
        await broker.stop()


@pytest_asyncio.fixture
async def make_broker(tmp_path: Path) -> AsyncIterator[MakeBroker]:
    """Starts brokers as the repository configures them, for locks that are named; all end with the test.

    `changes` are texts to replace in what is shipped; with `trust_the_stranger` it takes certificates of
    its `stranger` too.
    """
    running: list[brokers.Broker] = []

    async def make(
        kind: str,
        known: Iterable[str],
        changes: Mapping[str, str] | None = None,
        trust_the_stranger: bool = False,
    ) -> brokers.Broker:
        if reason := brokers.KINDS[kind].missing():
            pytest.skip(reason)

        def configure() -> brokers.Broker:
            broker = brokers.KINDS[kind](tmp_path, known, changes)
            if trust_the_stranger:
                broker.trust_the_stranger()
            return broker

        running.append(await started(configure))
        return running[-1]

    try:
        yield make
    finally:
        for broker in running:
            await broker.stop()


@pytest_asyncio.fixture
async def house(tmp_path: Path, make_broker: MakeBroker) -> House:
    """A landlord's, in which nothing has been done yet."""
    folder = tmp_path / "operator"
    folder.mkdir(mode=0o700)
    return House(folder, await make_broker("mosquitto", [LOCK]))
