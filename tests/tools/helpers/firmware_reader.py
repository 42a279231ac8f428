"""The firmware's code for secure cards in the Unix port, and the models of reader and cards at its other end.

Every frame goes through the models of the radio; the clock of their loop jumps, so that nothing waits.
"""

import asyncio
import contextlib
import subprocess
from collections.abc import Callable, Iterator, Sequence

from menshen.simulator.cards.card import Card
from menshen.simulator.field import Field
from menshen.simulator.loop import JumpingLoop
from menshen.simulator.pn532_reader import Initiator
from menshen.simulator.pn532_setup import Setup
from tests.conftest import TOP, micropython

RADIO_S = 0.4  # readers/apdu.py gives up an exchange then
_PROGRAM = """
import asyncio, sys
sys.path[:] = ["firmware", "tools/simulator/fakes", "lib", ".frozen"]
from readers import ev2
from readers.card_keys import CardKeys
from readers.handed_out import HouseKeys
from readers import house_keys
from readers.identify import identify
from readers.personalise import personalise
from readers.pn532 import CardError
from roll.record import Credential
from storage import hmac

def asked(*words):
    print(*words)
    return sys.stdin.readline().strip()

work = []  # AES and SHA-256 that were begun between two exchanges, each of which is an await

def counting(begin):
    def begun(*what):
        work[-1] += 1
        return begin(*what)
    return begun

ev2.aes, hmac.sha256 = counting(ev2.aes), counting(hmac.sha256)

ev2.ticks_ms = lambda: int(asked("clock"))

class Reader:
    def __init__(self):
        self.line = self
    async def ask(self, code, wait_ms, parameters, apdu):  # as InDataExchange, with its status in front
        work.append(0)
        said = asked("apdu", apdu.hex() or "-")
        return b"\\1" if said == "gone" else b"\\0" + bytes.fromhex(said)
    async def field_off(self):
        asked("off")
    def on_delay(self):
        asked("wait")
    async def search(self):
        said = asked("search")
        return bytes.fromhex(said) if said != "none" else None

class Listed:  # the operator's list: records of 32 bytes
    def __init__(self, data):
        self.data = data
    def find(self, digest):
        for at in range(0, len(self.data), 32):
            if self.data[at : at + 16] == digest:
                return Credential(self.data[at : at + 32])

def made_of(secret):  # a lock's, or a house's behind its reference
    return CardKeys(secret) if len(secret) == 32 else HouseKeys(secret[:1], secret[1:])

def word(found):
    return "none" if found is None else found.hex() or "empty"

session = ev2.Session(Reader())
while True:
    what, *args = asked("done").split()
    args = [bytes.fromhex(arg.replace("-", "")) for arg in args]
    if what != "work":
        work[:] = [0]
    try:
        if what == "identify":
            uid, *secrets = args
            is_random = len(uid) == 4 and uid[0] == 8
            every = [made_of(secret) for secret in secrets]
            found = asyncio.run(identify(Reader(), uid, is_random, every))
            print("found", word(found))
        elif what == "personalise":
            print("found", word(asyncio.run(personalise(Reader(), CardKeys(args[0])))))
        elif what == "keys":
            keys = made_of(args[0])
            own = [keys.key(n, args[1]) for n in range(5)]
            print("found", b"".join([keys.application, keys.marks] + own).hex())
        elif what == "houses":  # references and house keys, by the lock's key and the records of its list
            found = house_keys.house_keys(args[0], Listed(args[1]))
            print("found", word(b"".join([a + b for a, b in found])))
        elif what == "cmac":
            print("found", ev2.cmac(*args).hex())
        elif what == "random":  # from here on the host's numbers are these
            ev2.urandom = lambda size, numbers=args[0]: numbers
        elif what == "session":  # key for data, key for MACs, identifier, counter
            session._encryption, session._mac, session._identifier = args[:3]
            session._counter = int.from_bytes(args[3], "little")
        elif what == "authenticate":
            asyncio.run(session.authenticate(args[0][0], args[1], bool(args[2][0])))
        elif what == "sealed":
            print("found", word(asyncio.run(session.sealed(args[0][0], *args[1:]))))
        elif what == "seal":
            print("found", session.seal(args[0][0], *args[1:]).hex())
        elif what == "native":
            print("found", word(asyncio.run(session.native(args[0][0], *args[1:]))))
        elif what == "work":  # of the last call, by step
            print("found", bytes(work).hex())
        elif what == "uid":
            print("found", asyncio.run(session.card_uid()).hex())
    except (CardError, ev2.CardRefusal) as error:
        print("raised", type(error).__name__)
"""


class Raised(Exception):
    """The firmware has raised an error of this name."""


class FirmwareReader:
    """`cards` lie in the field. `said` are the APDUs of the last call, and `heard` the answers.

    `delay_s` is what bus and event loop add to each exchange. `waited`: how often the last call has said that
    the card makes it wait.
    """

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process
        self.loop = JumpingLoop()
        self.field, self._setup = Field(), Setup()
        self._setup.tries = 1
        self._chip = Initiator(self.field, self._setup)
        self.delay_s: Callable[[], float] = lambda: 0.0
        self.said: list[bytes] = []
        self.heard: list[bytes] = []
        self.waited = 0
        self._line()

    def lay(self, cards: Sequence[Card]) -> bytes | None:
        """Lay these down, in a field that was off; the number of the first that is found."""
        return self.loop.run_until_complete(self._lay(cards))

    def call(self, what: str, *arguments: bytes) -> bytes | None:
        """What the firmware gives back; raises Raised."""
        self.said, self.heard, self.waited = [], [], 0
        self._tell(what, *(argument.hex() or "-" for argument in arguments))
        found = None
        while True:
            kind, *rest = self._line().split()
            if kind == "done":
                return found
            if kind == "raised":
                assert self._line() == "done"
                raise Raised(rest[0])
            if kind == "found":
                found = None if rest[0] == "none" else bytes.fromhex(rest[0].replace("empty", ""))
            else:
                self._tell(self.loop.run_until_complete(self._answer(kind, rest)))

    async def _lay(self, cards: Sequence[Card]) -> bytes | None:
        self.field.time.start()
        self.field.switch(False)
        self.field.hold(cards)
        return await self._search()

    async def _search(self) -> bytes | None:
        answer = await self._chip.execute(0x4A, b"\x01\x00")
        assert answer is not None
        return answer[6 : 6 + answer[5]] if answer[0] else None

    async def _answer(self, kind: str, rest: list[str]) -> str:
        if kind == "clock":
            return str(int(self.loop.time() * 1000))
        if kind == "apdu":
            apdu = bytes.fromhex(rest[0].replace("-", ""))
            self.said.append(apdu)
            await self.field.time.spend(self.delay_s())
            try:
                async with asyncio.timeout(RADIO_S):
                    answer = await self._chip.execute(0x40, b"\x01" + apdu)
            except TimeoutError:
                self.heard.append(b"")
                return "gone"
            assert answer is not None
            self.heard.append(answer[1:])
            return "gone" if answer[0] & 0x3F else answer[1:].hex()
        if kind == "wait":
            self.waited += 1
            return ""
        if kind == "off":
            self.field.switch(False)
            return ""
        uid = await self._search()
        return "none" if uid is None else uid.hex()

    def _tell(self, *words: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().strip()
        known = ("done", "found", "raised", "apdu", "off", "search", "clock", "wait")
        assert line.split(" ")[0] in known, line + self._process.stdout.read()
        return line


@contextlib.contextmanager
def firmware_reader() -> Iterator[FirmwareReader]:
    """One that ends with the block."""
    with subprocess.Popen(
        [micropython(), "-c", _PROGRAM],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        reader = FirmwareReader(process)
        try:
            yield reader
        finally:
            process.kill()
            reader.loop.close()
