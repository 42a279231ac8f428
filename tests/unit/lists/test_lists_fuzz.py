"""5,000 mangled inputs to each parser of lists, 200,000 with MENSHEN_NIGHTLY=1: none is fatal."""

import asyncio
import json
import os
import random

from list_parts import PUT, REMOVE, at_once, delta, digests, offer, record, sign, whole
from lock_with_list import NEW, OLD, Lock
from postman import Postman
from ram_flash import RamFlash

from link.blobs import fetch
from link.envelope import verify
from link.errors import Refused
from lists.head import check, parts
from reports.acks import REASONS
from roll import snapshot
from roll.credentials import BadList
from storage.purposes import LIST_MESSAGE

_ROUNDS = 200_000 if os.getenv("MENSHEN_NIGHTLY") else 5_000
_EVERY = 40  # of the inputs so many go through the whole of sync, with its flash
KEY = bytes(32)
_ODD = (
    None,
    True,
    False,
    0,
    1,
    -1,
    4,
    1 << 29,
    1 << 30,
    1 << 70,
    0.5,
    1e300,
    "",
    "demo",
    "0" * 64,
    "f" * 64,
    "AA",
    "AQ",
    "\0",
    [],
    {},
    [[]],
    {"lock": "demo"},
    "é" * 32,
)


def mangled(rng, message):
    """A message with something wrong at one to three places."""
    data = bytearray(message)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(data)) if data else 0
        kind = rng.randrange(5)
        if kind == 0 and data:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1 and data:
            data[place] = rng.choice(b".=-_+/ \0\xffAa{")
        elif kind == 2:
            data = data[:place] + data[place + rng.randint(1, 40) :]
        elif kind == 3:
            data = data[:place] + bytes([rng.randrange(256) for _ in range(rng.randrange(8))]) + data[place:]
        else:
            data = data[:place] + data[: rng.randrange(60)]
    return data


def reason_of(run):
    """The reason why not; None where it was taken. Anything else that is raised fails the test."""
    try:
        run()
    except (BadList, Refused) as error:
        return error.reason
    return None


def test_mangled_heads_are_refused():
    rng = random
    rng.seed(11)
    changes = delta(*sorted([(PUT, record(d)) for d in digests(5, b"x")] + [(REMOVE, OLD[16:48])]))
    good = [
        sign(offer(9, NEW)),
        sign(offer(9, OLD, delta((REMOVE, OLD[16:48])), 3)),
        sign(offer(9, OLD, changes, 3)),
    ]
    lock = Lock(NEW)
    for number in range(_ROUNDS):
        message = mangled(rng, rng.choice(good))
        if bytes(message) in good:
            continue
        assert (
            reason_of(lambda message=message: parts(verify(message, "demo", KEY, LIST_MESSAGE), "demo"))
            in REASONS
        ), message
        if number % _EVERY == 0:
            lock.said.clear()
            lock.get(message)
            assert len(lock.said) == 1, message
            assert lock.said[0][-1] in REASONS
    assert lock.unchanged()
    assert lock.post.chunks() == []


def odd(rng):
    """A head with something odd in it, signed."""
    made = offer(9, NEW, delta((PUT, record(digests(1)[0]))))
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(("lock", "time", "version", "base", "sha256", "size", "delta", "echo", "x"))
        if rng.randrange(4):
            made[name] = rng.choice(_ODD)
        else:
            made.pop(name, None)
    return made


def judged(made):
    """What a lock finds wrong with a head, in the order in which it looks."""
    *_, identity, changes = parts(made, "demo")
    check(identity[1], changes)


def test_well_signed_nonsense_is_refused():
    rng = random
    rng.seed(12)
    lock = Lock()
    for number in range(_ROUNDS):
        made = odd(rng)
        text = json.dumps(made).encode()
        if rng.randrange(8) == 0:
            text = text[: rng.randrange(len(text))]
        assert reason_of(lambda made=made: judged(made)) in (None,) + REASONS, made
        if number % _EVERY == 0:
            lock.said.clear()
            lock.post.client = None  # what is well-formed may be asked for, and does not come
            lock.get(sign(text), 0)
            assert len(lock.said) <= 1, made
            assert lock.credentials.version == 3
    assert lock.unchanged()


def test_mangled_changes_make_no_list_that_is_out_of_order():
    rng = random
    rng.seed(13)
    good = delta(*((rng.randrange(2), record(d)) for d in digests(12, b"x")))
    head = offer(9, OLD, b"", 3)
    refused = 0
    for _ in range(_ROUNDS):
        made = bytes(mangled(rng, good))
        reason = reason_of(lambda made=made: check(head["size"], made))
        assert reason in (None, "bad records", "too large")
        refused += reason is not None
        if reason is None:
            found = [made[at + 1 : at + 17] for at in range(0, len(made), 33)]
            assert found == sorted(set(found))
            assert len(made) % 33 == 0
    assert refused > _ROUNDS // 2


def test_mangled_snapshots_are_refused():
    rng = random
    rng.seed(14)
    RamFlash("/access", 30)
    records = [record(d) for d in digests(30)]
    good = whole(records)
    for _ in range(_ROUNDS):
        data = bytes(mangled(rng, good))
        with open("/access/b", "wb") as file:
            file.write(data)
        reason = reason_of(lambda: asyncio.run(snapshot.examine("/access/b", at_once)))
        assert reason in (None, "bad records")
        if reason is None:
            found = [data[at : at + 16] for at in range(16, len(data), 32)]
            assert found == sorted(set(found))
            assert len(data) == 16 + 32 * data[4]


def test_mangled_chunks_make_no_blob():
    rng = random
    rng.seed(15)
    RamFlash("/blobs", 30)
    good = Postman()
    blob = bytes(range(256)) * 18
    name = good.keep(blob)
    for _ in range(_ROUNDS):
        post = Postman()
        post.retained = dict(good.retained)
        topic = rng.choice(list(post.retained))
        post.retained[topic] = bytes(mangled(rng, post.retained[topic]))
        asyncio.new_event_loop()
        reason = reason_of(lambda post=post: asyncio.run(fetch(post, name, len(blob), "/blobs/b", at_once)))
        if post.retained[topic] == good.retained[topic]:
            assert reason is None
            os.remove("/blobs/b")
        else:
            assert reason in ("bad hash", "too large")
            assert [n for n in os.listdir("/blobs") if n == "b"] == []
        for left in os.listdir("/blobs"):
            os.remove("/blobs/" + left)
