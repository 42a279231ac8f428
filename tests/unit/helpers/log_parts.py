"""A resident's phone for the tests of logs: it reads what is handed over, as the page does."""

import struct
from hashlib import sha256

from log.entry import CONTENT, ENTRIES
from log.rings import RING, push, step
from storage.hmac import Mac

HEAD = 40


class LogPhone:
    """`entries` of (time, what, more, detail), the newest first, as it read them last."""

    def __init__(self):
        self.key, self.steps = None, 0
        self.entries = self.about = None

    def read(self, told):
        """Take what `PIN * 8 #` handed over."""
        body, check = told[:-4], told[-4:]
        assert sha256(body).digest()[:4] == check
        self.about = struct.unpack_from("<4BHIIIBBI", body)
        count, steps = self.about[-2:]
        key, ring = body[24:HEAD], body[HEAD + 8 * count :]
        assert len(ring) == RING
        if self.key is None:
            self.key, self.steps = key, steps
        keys, mine = [], self.key
        for _ in range(self.steps, steps):
            keys.append(mine)
            mine = step(mine)
        if mine != key:
            self.key, self.steps, keys = key, steps, []
        found = [body[at : at + 8] for at in range(HEAD, HEAD + 8 * count, 8)]
        for key in reversed(keys):
            ring, new = push(key, ring, []), []
            for place in range(ENTRIES):
                block = ring[16 * place : 16 * place + 16]
                if Mac(key).digest(b"menshen log tag v1", bytes((place,)), block[:8])[:8] != block[8:]:
                    break
                new.append(block[:8])
            found += new
            ring = ring[16 * len(new) :] + bytes(16 * len(new))
        self.entries = [struct.unpack(CONTENT, one) for one in found if one[4]]
        return self
