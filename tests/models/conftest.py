"""The firmware's own code in the Unix port, asked one question at a time by tests of this Python."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.conftest import TOP, micropython

if TYPE_CHECKING:
    from tests.models.test_people_model import People

_PATH = (
    Path(__file__).parent / "helpers",
    TOP / "tests/unit/helpers",
    TOP / "firmware",
    TOP / "lib",
    TOP / "tools/simulator/fakes",
    ".frozen",
)

hypothesis.settings.register_profile("test", max_examples=300, deadline=None, derandomize=True)
hypothesis.settings.register_profile("nightly", max_examples=10_000, deadline=None)
hypothesis.settings.load_profile("nightly" if os.environ.get("MENSHEN_NIGHTLY") else "test")


class Port:
    """One long-lived process that runs a program; `ask` is a call of tests/models/helpers/answerer.py."""

    program, heap = "import answerer", "4m"

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            # nice: it computes all the time, and the locks of other tests keep time
            ["nice", micropython(), "-X", f"heapsize={self.heap}", "-c", self.program],
            env={**os.environ, "MICROPYPATH": ":".join(map(str, _PATH))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, call: str, **arguments: object) -> Any:
        """The result; PortError carries what the firmware raised."""
        answer = self.tell({"call": call, **arguments})
        if "error" in answer:
            raise PortError(answer["error"])
        return answer["result"]

    def tell(self, question: dict[str, Any]) -> dict[str, Any]:
        """Say one line, and give the next one back."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise PortError(f"the Unix port ended with {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        """End the process: it ends when there is nothing more to read."""
        try:
            self._process.communicate(timeout=30)
        finally:
            self._process.kill()


class HousePort(Port):
    """The whole application in virtual time: `ask` is a call of tests/unit/helpers/house_lock.py.

    It collects between steps alone, and not while its flash is at work. Each collection looks through the
    whole heap, so that has some times what a day's story uses in between (20 MB), and not more.
    """

    program = "import house_lock; house_lock.main()"
    heap = "192m" if os.environ.get("MENSHEN_NIGHTLY") else "64m"


class PortError(Exception):
    """What the firmware raised, in words."""


@pytest.fixture(scope="session")
def port() -> Iterator[Port]:
    port = Port()
    yield port
    port.close()


@pytest.fixture
def house_port() -> Iterator[Port]:
    """One lock after the other."""
    port = HousePort()
    yield port
    port.close()


@pytest.fixture(scope="module")
def one_port() -> Iterator[Port]:
    """The same, one process for a file."""
    port = HousePort()
    yield port
    port.close()


@pytest.fixture
def people(one_port: Port) -> "People":
    """A house with its people in, and a keypad at which nobody has chosen a PIN for an hour."""
    from tests.models.test_people_model import People  # which needs what is here

    made = type("People", (People,), {"port": one_port, "figures": Counter()})()
    made.a_house_with_two_leases()
    made.door.do("wait", 3_600_000)
    return made
