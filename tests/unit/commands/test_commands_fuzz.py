"""20,000 commands that nobody meant, 200,000 with MENSHEN_NIGHTLY=1: none does a thing, none is fatal."""

import json
import os
import random

from command_parts import LEASE, NOW, Lock, order, sign, unlock
from enemy import mangled

from reports.acks import COMMANDS, REFUSALS

_ROUNDS = 200_000 if os.getenv("MENSHEN_NIGHTLY") else 20_000
_ODD = (
    None,
    True,
    False,
    0,
    1,
    -1,
    NOW,
    NOW + 60,
    1 << 70,
    0.5,
    1e300,
    "",
    "demo",
    "x",
    "unlock",
    "\0",
    [],
    {},
    [[]],
    {"lock": "demo"},
    "é" * 20,
)


def odd(rng):
    """An order with something odd in it."""
    made = unlock(lease=LEASE) if rng.randrange(2) else order(rng.choice(COMMANDS))
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(
            ("lock", "time", "command", "nonce", "expires", "lease", "credential", "proof", "x")
        )
        if rng.randrange(3):
            made[name] = rng.choice(_ODD)
        else:
            made.pop(name, None)
    return made


def test_mangled_messages_do_nothing():
    rng = random
    rng.seed(4)
    lock = Lock()
    good = [sign(order(command)) for command in ("identify", "self-test", "restart")]
    good += [sign(unlock(lease=LEASE))]
    for number in range(_ROUNDS // 2):
        message = mangled(rng, rng.choice(good))
        if message not in good:
            lock.take(message)
        assert lock.did == [], (number, message)
        while lock.said:
            nonce, reason = lock.said.pop()
            assert nonce is None
            assert reason in REFUSALS, (number, message)


def test_well_signed_nonsense_does_nothing():
    rng = random
    rng.seed(5)
    for number in range(_ROUNDS // 2):
        lock = Lock()
        made = odd(rng)
        text = json.dumps(made).encode()
        if rng.randrange(8) == 0:
            text = text[: rng.randrange(len(text))]
        lock.take(sign(text))
        if made.get("command") == "unlock":
            assert lock.did == [] or "proof" in made, (number, text)
        for done in lock.did:
            assert done in ("identify", "restart", (LEASE, b"")), (number, text)
        for told in lock.said:
            assert told[-1] in REFUSALS or told[0] in COMMANDS, (number, text, told)
