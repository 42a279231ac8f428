"""`* #`: a phone at the door opens by a resident's key, once for each challenge, and nothing else."""

import asyncio
import json
import sys
from binascii import hexlify, unhexlify

from dialogue_parts import LEASE, MAC, Keypad

import loader
from access.decide import ASKING, AT_THE_DOOR, GOES_ON, REFUSED
from access.dialogues import Dialogues
from access.gate import Verdict
from access.guest_key import complete
from people.entry import GUEST_KEY
from roll.record import PHONE
from storage.hmac import Mac

loader._IS_PLENTY = False  # as on a board without PSRAM

HEAD = b"\xd5\x00\x10"


class Asked:
    """The phone at the reader (door/phone.py): what it is told, and what it answers."""

    def __init__(self, waits=True):
        self._waits, self.ended = waits, 0

    def ask(self, message, on_answer):
        self.message, self.on_answer = message, on_answer

    def waits(self):
        return self._waits

    def end(self):
        self.ended += 1


class Door(Keypad):
    """A door of lease 7, where a resident has a guest key, and another one whose PIN is 135799."""

    def __init__(self, **settings):
        settings.setdefault("lock", "demo")
        super().__init__((b"135799",), **settings)
        self.asked = Asked()
        self.keys = [self.give_key(b"246810"), self.give_key(b"135799")]
        self.talk, self.signal = self.begin()

    def give_key(self, pin):
        assert self.ask(4, pin=pin) == GOES_ON
        return self.key(GUEST_KEY, pin)

    def begin(self):
        verdict = Verdict(ASKING, PHONE)
        verdict.order = AT_THE_DOOR
        parts = self.register, self.guests, MAC, self.settings, self.clock
        return Dialogues(lambda: self.asked, *parts).begin(verdict, 0)

    def challenge(self):
        """As a phone reads it from the text."""
        message = self.asked.message
        text = message[4:]
        assert message[:4] == b"\xd1\x01" + bytes((len(text),)) + b"T"
        head = b"\x02enMenshen door of demo: "
        assert text[: len(head)] == head
        return unhexlify(text[len(head) :])

    def answers(self, message):
        """Whose answer it is; None: the lock has not judged."""
        return self.judged(message)[0]

    def judged(self, message):
        """The same, and how many turns others had meanwhile."""
        talk, turns = self.talk, 0

        async def story():
            nonlocal turns
            talk.answer = None
            self.asked.on_answer(message)
            while talk.answer is None:
                assert not talk.has_run_out(1 << 20), "it ends before the answer is judged"
                turns += 1
                await asyncio.sleep_ms(0)

        asyncio.run(story())
        talk.judges = False
        return talk.answer, turns


class Keys:
    """A table with one key in it, which can be read no further where there is an error."""

    def __init__(self, key, error=None):
        self._key, self._error = key, error

    def keys(self, what):
        yield LEASE, self._key
        if self._error:
            raise self._error


def signed(key, challenge, lock="demo", purpose=b"menshen door v1"):
    return HEAD + Mac(key).digest(purpose, lock.encode(), challenge)[:16]


def test_published_vectors():
    with open("../../vectors/phone_opening.json") as file:
        vectors = json.load(file)["vectors"]
    assert len(vectors) == 6
    for vector in vectors:
        key, challenge = unhexlify(vector["key"]), unhexlify(vector["challenge"])
        assert hexlify(signed(key, challenge, vector["lock"])).decode() == vector["message"]
        assert complete(key) == key
        door = Door(lock=vector["lock"])
        door.talk.challenge = challenge
        assert door.answers(unhexlify(vector["message"])) == 0, "a key of nobody here"
        door.talk.residents = Keys(key)
        assert door.answers(unhexlify(vector["message"])) == LEASE


def test_the_one_whose_key_it_is():
    door = Door()
    assert door.signal == GOES_ON
    for number, key in zip((door.number(b"246810"), door.number(b"135799")), door.keys):
        challenge = door.challenge()
        assert door.answers(signed(key, challenge)) == LEASE | number << 16
        assert number


def test_a_challenge_is_never_told_twice_and_an_answer_is_good_for_its_own_alone():
    door, seen = Door(), []
    for _ in range(20):
        seen.append(door.challenge())
        door.talk, _ = door.begin()
    assert len(set(seen)) == 20
    assert [len(challenge) for challenge in seen] == [16] * 20
    for recorded in seen:
        assert door.answers(signed(door.keys[0], recorded)) == 0
    assert door.answers(signed(door.keys[0], door.challenge()))


def test_what_a_stranger_can_write_is_nobodys():
    door = Door()
    challenge = door.challenge()
    key, good = door.keys[0], signed(door.keys[0], challenge)
    bad = [good[:size] for size in range(len(good))]
    bad += [good + b"\0", good * 2, b"", b"\0", HEAD, HEAD + bytes(16), HEAD + challenge]
    bad += [signed(complete(bytes(14)), challenge), signed(key, challenge, "demo2"), signed(key, b"")]
    bad += [
        signed(key, challenge, purpose=other) for other in (b"menshen tenant v1", b"menshen guest v2", b"")
    ]
    for bit in range(8 * len(good)):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        bad.append(bytes(changed))
    for message in bad:
        assert door.answers(message) == 0, message
    assert door.answers(good)


def test_a_key_that_was_replaced_opens_no_more():
    door = Door()
    old = door.keys[0]
    door.ask(40)
    door.talk, _ = door.begin()
    challenge = door.challenge()
    assert door.answers(signed(old, challenge)) == 0
    assert door.answers(signed(door.key(), challenge))


def test_where_the_table_cannot_be_read_nobody_opens_and_nothing_is_thrown():
    door = Door()
    challenge = door.challenge()

    door.talk.residents = Keys(door.keys[0], OSError(5))
    assert door.answers(signed(door.keys[0], challenge)) == 0


def test_others_have_a_turn_between_two_of_the_256_keys_of_a_house_door():
    door = Door()
    challenge = door.challenge()

    class Crowd:
        def keys(self, what):
            for n in range(255):
                yield n + 1, complete(bytes([n]) * 14)
            yield LEASE, door.keys[0]

    door.talk.residents = Crowd()
    for message, whose in ((signed(door.keys[0], challenge), LEASE), (HEAD + bytes(16), 0)):
        found, turns = door.judged(message)
        assert found == whose
        assert turns >= 256


def test_it_lasts_ten_seconds_whatever_is_typed_and_ends_at_a_star():
    door = Door()
    for key in "135799#":
        door.talk.key(key, 9000)
    assert not door.talk.has_run_out(9_999)
    assert door.talk.has_run_out(10_000)
    talk, _ = door.begin()
    talk.key("*", 1)
    assert not talk.patience
    assert talk.spares_digits


def test_without_a_reader_it_is_refused():
    door = Door()
    door.asked = Asked(waits=False)
    assert door.begin() == (None, REFUSED)


def test_no_code_stays_loaded():
    Door()
    for name in ("access.phone_opening", "access.waiting", "readers.writable_tag"):
        assert name not in sys.modules
