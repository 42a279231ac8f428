"""Credential lists of a lock: records, snapshots, changes, and what is published of them.

The formats are described in firmware/roll/README.md and firmware/link/README.md.
"""

import base64
import hashlib
import hmac
import json
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field
from itertools import pairwise

from menshen.errors import MenshenError

TENANT, STAFF, MOVE_IN, LEASE, SCHEDULE, HOLIDAY, STAFF_PASSAGE, HOUSE_KEY = range(1, 9)
PIN, CARD = 1, 2
_PROVED_CARD = 8  # in front of the number that such a card has proved
CHUNK = 2048
CHANGES_MAX = 32
_MAGIC, _HEAD_MAGIC = b"MNL2", b"MNH2"
_FRONT = struct.Struct("<4sIII")  # magic, count, two zeros
_RECORD = struct.Struct("<16sBBHBBIIH")  # digest role kind lease schedule uses not-before not-after key-ref
_HEAD = struct.Struct("<4sIII32sII32sBBH")  # see HEAD_FORMAT in firmware/roll/head.py


class ListError(MenshenError):
    """These credentials make no list; the message says why."""


@dataclass(frozen=True)
class Record:
    """One record of the list, its fields in the order in which they lie; their meaning depends on the role.

    Times are seconds since 1970, and 0 is no limit, of uses too. See firmware/roll/README.md.
    """

    digest: bytes
    role: int
    kind: int = 0
    lease: int = 0
    schedule: int = 0
    uses: int = 0
    not_before: int = 0
    not_after: int = 0
    key_ref: int = 0

    def data(self) -> bytes:
        """Its 32 bytes."""
        return _RECORD.pack(*astuple(self))


@dataclass(frozen=True)
class Credential:
    """A PIN or card of the list; times are seconds since 1970, and 0 is no limit, of uses too.

    `proved`: it is a card that proves its number to this lock, and does not open by showing it.
    """

    kind: int
    value: bytes
    role: int
    lease: int = 0
    schedule: int = 0
    uses: int = 0
    not_before: int = 0
    not_after: int = 0
    key_ref: int = 0
    proved: bool = False

    def record(self, key: bytes) -> bytes:
        """The 32 bytes that stand for it in the list of the lock with this key."""
        digest = mac(key, bytes((_PROVED_CARD if self.proved else self.kind,)) + self.value)[:16]
        _, _, _, *rest, _ = astuple(self)
        return Record(digest, self.role, self.kind, *rest).data()


@dataclass(frozen=True)
class Lease:
    """States a lease and its start and end, in seconds since 1970."""

    lease: int
    not_before: int
    not_after: int

    def record(self, _key: bytes) -> bytes:
        """The 32 bytes that state it; the same for every lock."""
        digest = hashlib.sha256(b"menshen lease v1" + self.lease.to_bytes(2, "little")).digest()[:16]
        stated = Record(digest, LEASE, lease=self.lease, not_before=self.not_before, not_after=self.not_after)
        return stated.data()


@dataclass(frozen=True)
class Head:
    """Version `version` is the snapshot `data` of version `base` with the changes `delta` laid over it.

    `at` is the time of signing in seconds since 1970; None is now. `echo` is the challenge in the lock's last
    state, which shows the lock that this was made since then; without it the lock does not set its clock.
    """

    version: int
    base: int
    data: bytes
    delta: bytes = b""
    at: int | None = None
    echo: str | None = None

    def signed(self, lock: str, key: bytes) -> str:
        """As it travels to the lock with this key."""
        payload = {
            "lock": lock,
            "time": int(time.time()) if self.at is None else self.at,
            "version": self.version,
            "base": self.base,
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "size": len(self.data),
            "delta": base64.urlsafe_b64encode(self.delta).rstrip(b"=").decode(),
        }
        if self.echo is not None:
            payload["echo"] = self.echo
        return signed(lock, key, b"menshen list v1", payload)


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.new(key, data, hashlib.sha256).digest()


def snapshot(records: Iterable[bytes]) -> bytes:
    """The snapshot of these records. ListError where two have the same digest."""
    ordered = sorted(records)
    for one, two in pairwise(ordered):
        if one[:16] == two[:16]:
            raise ListError(f"two records have the digest {one[:16].hex()}: one person's PIN or card twice")
    return _FRONT.pack(_MAGIC, len(ordered), 0, 0) + b"".join(ordered)


def records_of(data: bytes) -> Iterator[bytes]:
    """The records of a snapshot."""
    return (data[at : at + 32] for at in range(16, len(data), 32))


def changes(old: bytes, new: bytes) -> bytes:
    """The changes from one snapshot to another: entries of 33 bytes in order of digest."""
    before = {record[:16]: record for record in records_of(old)}
    after = {record[:16]: record for record in records_of(new)}
    gone = [b"\0" + before[digest] for digest in before.keys() - after.keys()]
    put = [b"\1" + record for digest, record in after.items() if before.get(digest) != record]
    return b"".join(sorted(gone + put, key=lambda entry: entry[1:17]))


def list_hash(data: bytes, delta: bytes) -> str:
    """How a lock's messages name the list with this snapshot and these changes: 32 hexadecimal digits."""
    return hashlib.sha256(b"menshen hash v1" + hashlib.sha256(data).digest() + delta).hexdigest()[:32]


def signed(lock: str, key: bytes, purpose: bytes, payload: dict) -> str:
    """JWS compact serialization, HS256 under the lock's key for this purpose (RFC 7515, 3.1)."""
    from jwcrypto import jwk, jws  # it takes its time to load, and most commands sign nothing
    from jwcrypto.common import base64url_encode

    token = jws.JWS(json.dumps(payload, separators=(",", ":")))
    secret = jwk.JWK(kty="oct", k=base64url_encode(mac(key, purpose)))
    token.add_signature(secret, protected=json.dumps({"alg": "HS256", "kid": lock}, separators=(",", ":")))
    return token.serialize(compact=True)


@dataclass(frozen=True)
class Known:
    """What a head at the broker says; the snapshot is known by its SHA-256 and its size in bytes."""

    version: int
    base: int
    sha256: str
    size: int
    delta: bytes


def read_head(lock: str, key: bytes, message: bytes) -> Known | None:
    """What this key has signed for this lock; None for anything else."""
    from jwcrypto import jwk, jws
    from jwcrypto.common import JWException, base64url_decode, base64url_encode

    token = jws.JWS()
    try:
        token.deserialize(message.decode("ascii"))
        token.verify(jwk.JWK(kty="oct", k=base64url_encode(mac(key, b"menshen list v1"))), alg="HS256")
        said = json.loads(token.payload)
        if said["lock"] != lock:
            return None
        delta = base64url_decode(said["delta"])
        return Known(said["version"], said["base"], said["sha256"], said["size"], delta)
    except (JWException, ValueError, KeyError, TypeError, UnicodeDecodeError):
        return None


def over(data: bytes, delta: bytes) -> bytes:
    """The snapshot that changes make of another."""
    found = {record[:16]: record for record in records_of(data)}
    for at in range(0, len(delta), 33):
        record = delta[at + 1 : at + 33]
        if delta[at]:
            found[record[:16]] = record
        else:
            found.pop(record[:16], None)
    return snapshot(found.values())


def chunks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of each chunk of a blob; they are to be retained."""
    root = f"menshen/v1/blob/{hashlib.sha256(data).hexdigest()}"
    return ((f"{root}/{n}", data[n * CHUNK : (n + 1) * CHUNK]) for n in range(-(-len(data) // CHUNK)))


def flash_files(key: bytes, version: int, data: bytes) -> dict[str, bytes]:
    """A snapshot as it lies in the flash of the lock with this key, for one that is being provisioned."""
    identity = version, len(data), hashlib.sha256(data).digest()
    front = _HEAD.pack(_HEAD_MAGIC, version, *identity, 0, 0, bytes(32), 0, 0, 0)
    return {"/access/head": front + mac(mac(key, b"menshen store v1"), front), "/access/a": data}


@dataclass
class Series:
    """The versions of one lock's list. What `publish` returns is to be published in that order, retained."""

    lock: str
    key: bytes
    version: int = 0
    current: bytes = field(default=snapshot([]), repr=False)
    base: int = 0
    base_data: bytes = field(default=b"", repr=False)

    def publish(self, records: Iterable[bytes], echo: str | None = None) -> list[tuple[str, bytes]]:
        """The next version: topics and payloads. An empty payload takes back a chunk of the base before.

        A few changes travel in the head. When they become too many, the version before is made the base:
        locks that hold it merge, and fetch nothing.
        """
        new = snapshot(records)
        old_base = self.base_data
        if not self.base or len(changes(self.base_data, new)) > CHANGES_MAX * 33:
            self.base, self.base_data = self.version, self.current
        if not self.base or len(changes(self.base_data, new)) > CHANGES_MAX * 33:
            self.base, self.base_data = self.version + 1, new
        self.version, self.current = self.version + 1, new
        delta = changes(self.base_data, new)
        head = Head(self.version, self.base, self.base_data, delta, echo=echo)
        said = head.signed(self.lock, self.key)
        messages = [(f"menshen/v1/{self.lock}/list", said.encode())]
        if self.base_data != old_base:
            kept = dict(chunks(self.base_data))
            gone = [(topic, b"") for topic, _ in chunks(old_base) if topic not in kept]
            messages = [*kept.items(), *messages, *gone]
        return messages
