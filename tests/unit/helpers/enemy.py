"""A broker that is the lock's enemy: it holds every message that was ever sent, and knows no key.

It replays, reorders, duplicates, withholds, mangles, joins parts of two messages, and invents.
"""

import json
import random
from hashlib import sha256

from list_parts import sign
from postman import Payload

from link.envelope import encode

_ODD = (None, True, 0, 1, -1, 1 << 31, 1 << 70, 0.5, "", "demo", "0" * 64, [], {}, [[]])
_MOST = 2048


def mangled(rng, message):
    """A message with something wrong at one to three places."""
    data = bytearray(message)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(data))
        kind = rng.randrange(5)
        if kind == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[place] = rng.choice(b".=-_+/ \0\xffAa{")
        elif kind == 2:
            data = data[:place] + data[place + rng.randint(1, 40) :]
        elif kind == 3:
            data = data[:place] + bytes([rng.randrange(256) for _ in range(rng.randrange(8))]) + data[place:]
        else:
            data = data[:place] + data[: rng.randrange(60)]
        if not data:
            break
    return bytes(data)


class Enemy:
    """`sent` are the messages of all topics, in the order in which they were sent; payloads are dicts."""

    def __init__(self, seed, sent, payloads, blobs):
        random.seed(seed)
        self._sent, self._payloads = sent, payloads
        self._chunks = {}
        for blob in blobs:
            name = sha256(blob).digest().hex()
            for n in range(0, len(blob), _MOST):
                self._chunks["menshen/v1/blob/%s/%d" % (name, n // _MOST)] = blob[n : n + _MOST]

    def message(self):
        """What comes next, on whichever topic; None stands for one that was too long."""
        kind = random.randrange(20)
        if kind < 4:
            return random.choice(self._sent)
        if kind < 12:
            return mangled(random, random.choice(self._sent))
        if kind < 15:
            return self._joined()
        if kind < 18:
            return self._forged()
        if kind < 19:
            return bytes([random.randrange(256) for _ in range(random.randrange(300))])
        return None

    def chunks(self, topic):
        """What is brought when a chunk is asked for: nothing, or it, or another, or what is left of it."""
        brought = []
        for _ in range(random.choice((0, 1, 1, 1, 2))):
            data = self._chunks.get(topic, b"")
            kind = random.randrange(6)
            if kind == 0:
                data = random.choice(list(self._chunks.values()))
            elif kind == 1 and data:
                data = mangled(random, data)
            elif kind == 2:
                data = bytes(random.choice((0, 1, len(data), len(data) + 1, 5000)))
            brought.append(Payload(data))
        return brought

    def time(self):
        """What an SNTP server of the enemy's says, in seconds since 1970."""
        return random.choice((0, 1, 1_700_000_000, 1_900_000_000, 4_294_967_295, random.getrandbits(32)))

    def _joined(self):
        """Head, body and signature of up to three messages."""
        parts = [random.choice(self._sent).split(b".") for _ in range(3)]
        return b".".join([parts[n][n % len(parts[n])] for n in range(3)])

    def _forged(self):
        """What the enemy would have the lock believe, under a key of its own or none."""
        said = dict(random.choice(self._payloads))
        for _ in range(random.randint(1, 3)):
            name = random.choice(list(said))
            said[name] = random.choice(_ODD)
        if random.randrange(2):
            said["version"] = random.randrange(1 << 30)
        purpose = random.choice((b"menshen list v1", b"menshen command v1", b"menshen update v1", b""))
        message = sign(
            said, random.choice(("demo", "other")), bytes([random.randrange(1, 256)]) * 32, purpose
        )
        if random.randrange(3) == 0:  # "alg": "none"
            front = encode(random.choice((b'{"alg":"none","kid":"demo"}', b'{"alg":"none"}')))
            message = front + b"." + encode(json.dumps(said).encode()) + b"."
        return message
