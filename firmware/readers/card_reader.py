"""Reports each card once, when it comes; mends a reader that does not answer."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from access.decide import DELAYS, ELSEWHERE, PLAIN, PROVED
from loader import Late, hush
from readers.hsu import ReaderError
from readers.pn532 import CardError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from readers.phone_tag import PhoneTag
    from readers.pn532 import PN532
    from readers.secure_cards import SecureCards

_LOOK_MS = const(150)
_MOST = const(6)  # cards that are told apart in one look
_GONE_AFTER = const(2)  # looks without the card: a hand trembles
_FIRST_WAIT_MS = const(100)
_LONGEST_WAIT_MS = const(1000)
_STEADY_MS = const(5000)  # a reader that worked for so long is mended at once, and without a word
_WORKS_MS = const(500)  # one that worked for so long after its start is tried again at once
_UNREAD_MAX = const(10)  # looks; then the card counts as one that has proved nothing
_FORGET_MS = const(3000)  # after such an outage a card at the reader counts as presented anew
_RANDOM = b"\x08"  # UID0 of a random UID, new at each activation: ISO/IEC 14443-3, 6.5.4
_SPEAKS, _PROVED = b"\1", b"\2"  # behind the number that a card shows always, which can prove itself, or has
_PHONE = b"\x08\0"  # the phone that is awaited, among what lies there


class CardReader:
    """The cards at one reader. run() says who is told of them.

    With `keys`, the lock's and the list, cards are asked to prove who they are. bring() loads the code for
    that; so does the first such card, if nobody has.
    """

    secure: "SecureCards | None" = None

    def __init__(self, reader: "PN532", keys: tuple = (), look_ms: int = _LOOK_MS) -> None:
        self._reader, self._keys = reader, keys
        self._on_card = self._on_health = _nobody
        self._adds = _never
        self._look_ms = look_ms
        self._failed = 0
        self._lying = {}  # UID: looks since it was last seen
        self._proved = {}  # number that a card with random UIDs has proved: looks that asked all since then
        self._asks_all = 0  # looks, since one of them may have gone
        self._random = self._settled = 0  # cards with random UIDs at the last look, and at the one before
        self._turn = 0  # looks
        self._unread = 0  # times in a row that a card was not read to the end
        self._tag: PhoneTag | None = None

    def bring(self) -> "SecureCards":
        """What asks cards; from now on it stays loaded."""
        if self.secure is None:  # a card may have come first
            with Late():
                from readers.secure_cards import SecureCards

                self.secure = SecureCards(*self._keys)
        return self.secure

    def emulate(self, tag: "PhoneTag | None") -> None:
        """Emulate this tag in place of the one before, until it is over; None: no tag any more.

        Cards are still read in between.
        """
        if self._tag is not None:
            self._tag.end()
        self._tag = tag

    async def run(
        self,
        on_card: "Callable[[bytes, int], None]",
        on_health: "Callable[[bool], None]",
        adds: "Callable[[], bool] | None" = None,
    ) -> None:
        """Read cards for ever.

        on_card(uid, PLAIN, PROVED or ELSEWHERE) is called once each time that a card is held to the reader,
        and on_card(b"", DELAYS) before that while one makes the reader wait; on_health(bool) when the reader
        cannot be mended or works again. While adds(), a factory-fresh secure card becomes one of this lock's.

        A reader that fails is mended by an abort, then by its reset line. If that does not help for long, it
        is tried again after 100 ms, then with waits that double up to a second until it works. So is a card
        for which there is no memory: that is reported as a fault of the reader.
        """
        self._on_card, self._on_health, self._adds = on_card, on_health, adds or _never
        self._reader.on_delay = lambda: on_card(b"", DELAYS)
        self._healthy = None
        wait = _FIRST_WAIT_MS
        while True:
            began, worked = ticks_ms(), None
            try:
                await self._reader.start()
                if ticks_diff(ticks_ms(), self._failed) > _FORGET_MS:
                    self._lying.clear()
                self._tell(True)
                worked = ticks_ms()
                await self._note(None)  # the cards from before the outage may be gone
                while True:
                    if self._tag is not None:
                        await self._emulate(self._tag)
                    elif self._lying:  # until they are known to be gone, or they would be the same ones later
                        await asyncio.sleep_ms(self._look_ms)
                        await self._look()
                    else:
                        await self._note(await self._reader.wait_target(self._waits_on))
            except (ReaderError, MemoryError):
                if self._healthy:
                    self._failed = ticks_ms()
                if self._tag is not None and self._tag.is_over():
                    self._tag = None
            if ticks_diff(ticks_ms(), began) > _STEADY_MS:
                wait = _FIRST_WAIT_MS
                continue
            if worked is not None and ticks_diff(ticks_ms(), worked) > _WORKS_MS:
                wait = _FIRST_WAIT_MS
            self._tell(False)
            await asyncio.sleep_ms(wait)
            wait = min(wait * 2, _LONGEST_WAIT_MS)

    def _waits_on(self) -> bool:
        """Whether the reader goes on to wait for a card: there is no tag to emulate."""
        return self._tag is None

    async def _emulate(self, tag: "PhoneTag") -> None:
        """Look for cards, then emulate the tag for a moment. A random UID is the phone's, not a card's."""
        self._lying[_PHONE] = -1
        await self._look()
        if not await tag.emulate(self._reader) and self._tag is tag:
            self._tag = None

    async def _look(self) -> None:
        """Note all cards that lie there: without field they forget that they were found."""
        await self._reader.field_off()
        await self._note(await self._reader.search())

    async def _note(self, uid: "bytes | None") -> None:
        """Report this card and the others that lie beside it, if they are new; drop those that are gone.

        A card that was found sleeps while the next one is looked for. One is gone when some looks in a row
        have not found it.
        """
        lying, count, unread = self._lying, 0, self._unread
        for _ in range(_MOST):
            if uid is None:
                break
            if len(uid) == 4 and uid[:1] == _RANDOM:
                count += 1
                await self._meet_random(uid, _RANDOM + bytes((count,)), count)
            else:
                await self._meet_shown(uid)
            uid = await self._reader.another()
        if self._unread == unread:  # all were read to the end, or known
            self._unread = 0
        _count(lying)
        if count < self._random or count < len(self._proved):
            self._asks_all = _GONE_AFTER + 1
        if self._asks_all and lying.get(_RANDOM, 1):  # else one was not read in this look
            self._asks_all -= 1
            _count(self._proved)
        self._settled = self._random
        self._random = count
        self._turn += 1
        if len(lying) == (_PHONE in lying):
            self._proved.clear()
            self._unread = 0

    async def _meet_shown(self, uid: bytes) -> None:
        """A card that always shows this number is new where none of its kind with that number lay there.

        If it may prove itself and has not, it is asked now and then: it may be the one that the other copied.
        """
        lying, speaks = self._lying, self._reader.speaks_apdus
        key, proved = uid + _SPEAKS if speaks else uid, uid + _PROVED
        if speaks and proved in lying:
            key = proved
        is_new = key not in lying
        if is_new or (speaks and key != proved and (self._unread or not self._turn & 7)):
            found = await self._meet(uid, is_new)
            if found is None and is_new:
                return
            if found:
                key = proved
        lying[key] = -1

    async def _meet_random(self, uid: bytes, place: bytes, count: int) -> None:
        """Cards that show another number each time are only known by how many of them lie there.

        So if their number has changed, all are asked; where it has fallen, who proves nothing then has gone.
        Each is asked now and then, since another may have taken its place: seldom where all are proved.
        """
        is_new = place not in self._lying and (count > 1 or _PHONE not in self._lying)
        is_settled = self._random == self._settled >= count and self._turn & 7
        is_proved = self._random == len(self._proved) >= count
        is_known = not (is_new or self._asks_all or self._unread) and (
            (is_proved and self._turn & 31) or is_settled
        )
        if is_known or await self._meet(uid, is_new, True) is not None:
            self._lying[place] = -1

    async def _meet(self, uid: bytes, is_new: bool, is_random: bool = False) -> "bytes | None":
        """Ask a card who it is, and report it; what it has proved. None if it is to be asked again.

        No card is added that may have lain there before: a stranger may have hidden it, to fetch it later.
        """
        hush()
        proved = None
        adds = self._adds() and (_RANDOM + b"\1" not in self._lying if is_random else is_new)
        if (self.secure or self._keys) and self._reader.speaks_apdus:
            try:
                proved = await self.bring().ask(self._reader, uid, is_random, adds)
            except (CardError, MemoryError) as error:
                self._unread += 1  # it was moved, or there was no room: look again for a while
                if self._unread <= _UNREAD_MAX:
                    self._lying[_RANDOM] = -1
                    return None
                if isinstance(error, MemoryError):
                    raise  # told as a fault, and asked again: a card is not denied for that
                self._unread = 0
                if adds:
                    proved = b""  # it may be half written: not to be kept by its number alone
            except OSError:
                pass  # no space for the secret of the first card: it is not added
        hides = proved and (is_random or adds)  # one that was added shows random numbers from now on
        if proved:
            is_new = not is_random or proved not in self._proved
        if is_new:
            self._on_card(proved or uid, PROVED if proved else PLAIN if proved is None else ELSEWHERE)
        if hides:
            self._proved[proved] = -1
        return proved or b""

    def _tell(self, healthy: bool) -> None:
        if healthy != self._healthy:
            self._healthy = healthy
            self._on_health(healthy)


def _count(found: "dict[bytes, int]") -> None:
    """Count a look, and drop what some in a row have not found."""
    for card in list(found):
        found[card] += 1
        if found[card] >= _GONE_AFTER:
            del found[card]


def _nobody(what: object, kind: int = 0) -> None:
    """Stands in for both callbacks until run() sets them."""


def _never() -> bool:
    """No card is added."""
    return False
