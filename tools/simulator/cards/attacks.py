"""What an attacker holds to a reader: cards in disguise, to be put into the field like any other.

Each wraps a card, or is made from one. A step is a frame that the reader sends after it has selected the
card; the first, 0, is RATS. Two cards at once need no tool: a field holds several (pn532.py, hold).
"""

import copy
import random
from collections.abc import Callable

from .blocks import waiting_time_s
from .card import Card, Reply
from .ev2 import Ev2Card

_WTX = b"\xf2"  # ISO/IEC 14443-4, 7.1.2.3
_WRONG_PROOF, _ALL_WELL = b"\x91\xae", b"\x91\x00"  # NT4H2421Gx, 8.4.2
CHECK = 2  # bytes at the end of each frame on the air
GARBAGE = ("silence", "noise", "random", "flipped", "cut", "longer", "empty")
UNRULY = ("wtx", "slow", "nak", "ack", "deselect", "number", "endless", "nothing", "longer", "far longer")


class Disguise:
    """All is the inner card's, except what a subclass changes; `step` counts frames since it has power."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.step = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.card, name)

    def power(self, on: bool) -> None:
        """The field comes, or goes."""
        self.step = 0
        self.card.power(on)

    def frame(self, frame: bytes, rate: int = 106) -> Reply | None:
        """Answer a frame."""
        step, self.step = self.step, self.step + 1
        return self.answer(step, frame, rate)

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        """What it says at this step."""
        return self.card.frame(frame, rate)


def uid_clone(card: Card) -> Card:
    """A blank card that shows what everybody can read: number, SENS_RES, SEL_RES and ATS."""
    return Card(f"clone of {card.name}", card.shown_uid, card.sens_res, card.sel_res, card.ats)


def with_wrong_keys(card: Ev2Card, dice: Callable[[int], bytes]) -> Ev2Card:
    """A card that is this one in all but its keys."""
    other = copy.deepcopy(card)
    for slot in other.slots():
        slot.key = dice(16)
    return other


class Liar(Disguise):
    """If its card says that a proof is wrong, it says `said` instead, and that all is well.

    A forger who has a lock's finding key, which is the same in all its cards, but not the key of the card
    whose number it shows, gets as far as that.
    """

    def __init__(self, card: Card, said: Callable[[bytes], bytes]) -> None:
        super().__init__(card)
        self._said = said

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        reply = self.card.frame(frame, rate)
        if reply is None or reply.frame[1:] != _WRONG_PROOF:
            return reply
        return Reply(reply.frame[:1] + self._said(frame) + _ALL_WELL, reply.after_s)


class Recorder(Disguise):
    """`heard` is what was said to the card since it had power, and what it answered."""

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self.heard: list[tuple[bytes, Reply | None]] = []

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        reply = self.card.frame(frame, rate)
        del self.heard[step:]
        self.heard.append((frame, reply))
        return reply


class Replay(Disguise):
    """Repeats what a recorder has heard, at each step the same, whatever the reader says.

    The card it wraps is the recorder's, and shows what that showed; it is never asked. `asked` keeps what was
    said this time.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(uid_clone(recorder.card))
        self._said = [reply for _, reply in recorder.heard]
        self.asked: list[bytes] = []

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        self.card.frame(frame, rate)  # for its state alone
        self.asked[step:] = [frame]
        return self._said[step] if step < len(self._said) else None


class Relay(Disguise):
    """The card is somewhere else: each answer takes this much longer.

    The near end knows the ATS and answers RATS by itself, and asks for time with S(WTX) where the way takes
    longer than the reader waits.
    """

    def __init__(self, card: Card, delay_s: float) -> None:
        super().__init__(card)
        self._delay_s = delay_s
        self._on_its_way: Reply | None = None
        self._wait_s = 0.9 * waiting_time_s(card.ats)

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        if self._on_its_way is not None and frame[:1] == _WTX:
            return self._arrived(self._on_its_way)
        reply = self.card.frame(frame, rate)
        if reply is None or step == 0:
            return reply
        return self._arrived(Reply(reply.frame, reply.after_s + self._delay_s, reply.broken))

    def _arrived(self, reply: Reply) -> Reply:
        """The answer, where it is here in time, or the wish for as much time again."""
        if reply.after_s <= self._wait_s:
            self._on_its_way = None
            return reply
        self._on_its_way = Reply(reply.frame, reply.after_s - self._wait_s, reply.broken)
        return Reply(_WTX + b"\x01", self._wait_s)


class Late(Disguise):
    """At one step it answers so much later, without asking for time."""

    def __init__(self, card: Card, at: int, delay_s: float) -> None:
        super().__init__(card)
        self._at, self._delay_s = at, delay_s

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        reply = self.card.frame(frame, rate)
        if reply is None or step != self._at:
            return reply
        return Reply(reply.frame, reply.after_s + self._delay_s, reply.broken)


class Garbled(Disguise):
    """At one step, or at all with -1, it says garbage of one of these kinds: GARBAGE.

    silence: nothing; noise: check bytes do not match; random: a good frame of anything; flipped: one bit is
    another; cut, longer: fewer bytes, or more; empty: a frame without a byte.
    """

    def __init__(self, card: Card, at: int, kind: str, seed: int = 14443) -> None:
        if kind not in GARBAGE:
            raise ValueError(f"one of {', '.join(GARBAGE)}")
        super().__init__(card)
        self._at, self._kind, self._random = at, kind, random.Random(seed)

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        reply = self.card.frame(frame, rate)
        if reply is None or self._at not in (step, -1):
            return reply
        said = self._garbage(bytearray(reply.frame))
        return None if said is None else Reply(bytes(said), reply.after_s, self._kind == "noise")

    def _garbage(self, said: bytearray) -> bytes | bytearray | None:
        match self._kind:
            case "silence":
                return None
            case "random":
                return self._random.randbytes(self._random.randint(1, 62))
            case "flipped":
                said[self._random.randrange(len(said))] ^= 1 << self._random.randrange(8)
            case "cut":
                del said[self._random.randrange(len(said)) :]
            case "longer":
                said += self._random.randbytes(self._random.randint(1, 20))
            case "empty":
                said.clear()
        return said


class Unruly(Disguise):
    """From one step on it breaks the block protocol (ISO/IEC 14443-4, 7) in one of these ways: UNRULY.

    wtx, slow: asks for time without end, at once or when what it had is over. nak: says R(NAK), which no card
    does. ack: that it has not had the block. deselect: goes away by S(DESELECT). number: its blocks have the
    other number. endless, nothing: a chain of blocks of 60 bytes, or of none. longer, far longer: an answer
    with 100 or 300 bytes more than it has, in one block, which is more than the reader said that it takes.
    """

    def __init__(self, card: Card, at: int, kind: str) -> None:
        if kind not in UNRULY:
            raise ValueError(f"one of {', '.join(UNRULY)}")
        super().__init__(card)
        self._at, self._kind = at, kind
        self._granted_s = 0.0

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        if step < self._at:
            return self.card.frame(frame, rate)
        if frame[:1] != _WTX:
            self._granted_s = waiting_time_s(self.card.ats)
        number = frame[0] & 1
        match self._kind:
            case "wtx":
                return Reply(_WTX + b"\x3b")
            case "slow":
                after_s, self._granted_s = 0.9 * self._granted_s, 2 * waiting_time_s(self.card.ats)
                return Reply(_WTX + b"\x02", after_s)
            case "nak":
                return Reply(bytes((0xB2 | number,)))
            case "ack":
                return Reply(bytes((0xA2 | number ^ 1,)))
            case "deselect":
                return Reply(b"\xc2")
            case "endless" | "nothing":
                return Reply(bytes((0x12 | number,)) + bytes(60 if self._kind == "endless" else 0))
        reply = self.card.frame(frame, rate)
        if reply is None:
            return None
        if self._kind == "number":
            return Reply(bytes((reply.frame[0] ^ 1,)) + reply.frame[1:], reply.after_s)
        more = bytes(100 if self._kind == "longer" else 300)
        return Reply(reply.frame[:-2] + more + reply.frame[-2:], reply.after_s)


class Torn(Disguise):
    """The field vanishes after so many bytes on the air, check bytes among them, counted from RATS.

    What the card had written by then stays. A command that did not come whole is not done. One that did is
    done, unless the field goes right after it and `commits` is false, since then the card may have been too
    slow. NXP's cards change keys and settings whole or not at all, and so do these. Taken away and put there
    anew, it is the card in its state then. `total` counts on, so that an untorn run shows how many places
    there are.
    """

    def __init__(self, card: Card, after: float = float("inf"), commits: bool = True) -> None:
        super().__init__(card)
        self._left, self._commits = after, commits
        self.total = 0

    def power(self, on: bool) -> None:
        if not on and self.total:
            self._left = float("inf")
        super().power(on)

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        if not self._passes(len(frame)) or (not self._left and not self._commits):
            return self._gone()
        reply = self.card.frame(frame, rate)
        if not self._left:
            return self._gone()
        if reply is not None and not self._passes(len(reply.frame)):
            self._gone()
            return Reply(reply.frame[:-1], reply.after_s, broken=True)
        return reply

    def _passes(self, size: int) -> bool:
        whole = self._left >= size + CHECK
        self._left = max(0, self._left - size - CHECK) if whole else 0
        self.total += size + CHECK
        return whole

    def _gone(self) -> None:
        self.card.power(False)


class Gone(Torn):
    """As Torn, but whoever has lost it finds it no more: the field may go and come before it is torn away.

    `has_fallen`: it was torn away.
    """

    @property
    def has_fallen(self) -> bool:
        return bool(self.total) and not self._left

    def power(self, on: bool) -> None:
        """The field comes, or goes; bytes count on."""
        self.card.power(on)
