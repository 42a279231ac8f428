"""Lists as the operator makes them, for the tests of what takes them."""

import asyncio
import io
import json
import struct
from hashlib import sha256

from roll import head, upkeep
from roll import install as installing
from roll.credentials import Credentials
from roll.layout import SNAPSHOTS, each
from storage.hmac import Mac

KEY = bytes(32)
PUT, REMOVE = 1, 0


async def at_once():
    """A pace that does not rest."""


installing.collect = at_once  # no collection, which would wait for the event loop


async def politely():
    """A pace that lets others have their turn."""
    await asyncio.sleep_ms(0)


def record(digest, lease=1, role=1, kind=1, before=0, after=0):
    return digest + struct.pack("<BBHBBIIH", role, kind, lease, 0, 0, before, after, 0)


def digests(count, seed=b""):
    mac = Mac(b"digests" + seed)
    return sorted(mac.digest(struct.pack("<I", n))[:16] for n in range(count))


def whole(records):
    """The snapshot of sorted records."""
    return b"MNL2" + struct.pack("<III", len(records), 0, 0) + b"".join(records)


def each_of(records):
    """The credentials of these records, as from a file."""
    return each(io.BytesIO(whole(sorted(records))), b"")


def delta(*changes):
    """Changes of (op, record), which must be sorted by digest."""
    return b"".join(bytes((op,)) + data for op, data in changes)


def identity(base, data):
    return base, len(data), sha256(data).digest()


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


def install(credentials, version, records, changes=b"", base=None, key=KEY):
    """Put a list into the slot that is not in use, and have it in force, as sync does."""
    data = whole(records)
    used, _ = installing.identities(credentials, key)
    slot = 1 - credentials.slot
    put(SNAPSHOTS[slot], data)
    snapshots = identity(base or version, data), used
    try:  # no loop of its own: some tests do this within one
        installing.install(credentials, key, (version, slot), snapshots, changes, at_once).send(None)
    except StopIteration:
        pass
    return credentials


def listed(found):
    """Credentials in /access holding a record for each of the digests; the lease is its number."""
    return install(opened(), 1, [record(d, n & 0xFFFF) for n, d in enumerate(found)])


def opened(key=KEY):
    """The list as the lock finds it at its start."""
    credentials = Credentials()
    head.open_list(credentials, key)
    return credentials


def tend(credentials, key=KEY):
    asyncio.run(upkeep.tend(credentials, key, at_once))


def sign(payload, lock="demo", key=KEY, purpose=b"menshen list v1"):
    """A JWS of the payload, as the operator makes it."""
    from link.envelope import encode

    signed = encode(('{"alg":"HS256","kid":"%s"}' % lock).encode()) + b"."
    signed += encode(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    return signed + b"." + encode(Mac(Mac(key).digest(purpose)).digest(signed))


def offer(version, data, changes=b"", base=None, lock="demo"):
    """The payload of a head: the snapshot `data` of version `base` with changes over it."""
    from link.envelope import encode

    return {
        "lock": lock,
        "time": 1_800_000_000,
        "version": version,
        "base": version if base is None else base,
        "sha256": sha256(data).digest().hex(),
        "size": len(data),
        "delta": encode(changes).decode(),
    }
