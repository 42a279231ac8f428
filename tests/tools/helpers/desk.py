"""Cards on the reader's side of the PN532's model, without its serial line, on a clock that jumps."""

from menshen.simulator.cards.card import Card
from menshen.simulator.field import Field
from menshen.simulator.loop import JumpingLoop
from menshen.simulator.pn532_reader import Initiator
from menshen.simulator.pn532_setup import Setup

_LIST, _EXCHANGE, _RELEASE = 0x4A, 0x40, 0x52


class Lost(Exception):
    """The reader's status is not zero: UM0701-02, 7.1."""


class Desk:
    """`clock()` are seconds. To be used in a `with`."""

    def __init__(self) -> None:
        self._loop = JumpingLoop()
        self.air, self.setup = Field(), Setup()
        self.setup.tries = 2
        self._reader = Initiator(self.air, self.setup)
        self.clock = self._loop.time

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.close()

    def lay(self, *cards: Card) -> bool:
        """Take away what lies there, lay these, and activate one; whether that went well."""
        self.air.hold([])
        self.air.hold(list(cards))
        return self.find()

    def find(self) -> bool:
        """Activate a card that lies there and was not released."""
        return self._do(_LIST, b"\x01\x00") != b"\x00"

    def release(self) -> None:
        """Let go of the card in use: it is halted."""
        self._do(_RELEASE, b"\x00")

    def exchange(self, apdu: bytes) -> bytes:
        """An APDU to that card. Raises Lost."""
        answer = self._do(_EXCHANGE, b"\x01" + apdu)
        if answer[0]:
            raise Lost(f"{answer[0]:#04x}")
        return answer[1:]

    def _do(self, code: int, data: bytes) -> bytes:
        self.air.time.start(self.clock())
        answer = self._loop.run_until_complete(self._reader.execute(code, data))
        assert answer is not None
        return answer
