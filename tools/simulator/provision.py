"""Makes the demo lock's key, settings and credential list, as the operator's tools would."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path

from tools import build_app

from .board import Board
from .cards import Card

TENANT, STAFF, MOVE_IN = 1, 2, 3
PIN, CARD = 1, 2
BROKER_NAME = "broker.menshen.test"
DEMO_PIN = "246810"
LIST_PATH = "/access/list"
# The wiring of the board profile `devkit`: GPIO numbers.
PINS = {
    "relay": 23, "reader_irq": 34, "reader_reset": 18, "contact": 35,
    "exit": 4, "tamper": 21, "buzzer": 13, "led": 14,
}  # fmt: skip
KEY_ROWS, KEY_COLUMNS, KEYS = (25, 26, 27, 33), (32, 19, 22), "123456789*0#"
READER_UART = 2
_RECORD = struct.Struct("<16sBBHBBIIH")  # digest role kind lease schedule flags not-before not-after key-ref
_HEAD = struct.Struct("<4sIII")  # magic, version, count, reserved


def lock_key(folder: Path) -> bytes:
    """The lock's 32-byte key, made at the first run and readable by its owner alone."""
    path = folder / "lock.key"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != 32:
            raise ValueError(f"{path}: 32 bytes expected; remove the file and a new key is made") from None
        return key
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(32)
        file.write(key)
    return key


@dataclass(frozen=True)
class Credential:
    """One line of the list; times are seconds since 1970, 0 for no limit."""

    kind: int
    value: bytes
    role: int
    lease: int = 0
    schedule: int = 0
    flags: int = 0
    not_before: int = 0
    not_after: int = 0
    key_ref: int = 0

    def record(self, key: bytes) -> bytes:
        """The 32 bytes that stand for it in the list of the lock with this key."""
        digest = _mac(key, bytes((self.kind,)) + self.value)[:16]
        return _RECORD.pack(
            digest, self.role, self.kind, self.lease, self.schedule,
            self.flags, self.not_before, self.not_after, self.key_ref,
        )  # fmt: skip


@dataclass(frozen=True)
class Provision:
    """What a lock is given before it hangs on its door."""

    key: bytes
    lock: str = "demo"

    def demo_credentials(self, cards: dict[str, Card]) -> list[Credential]:
        """The tenant's PIN and card, and the cleaner's card; a stranger is on no list."""
        return [
            Credential(PIN, DEMO_PIN.encode(), TENANT, lease=1),
            Credential(CARD, cards["tenant"].uid, TENANT, lease=1),
            Credential(CARD, cards["cleaner"].uid, STAFF),
        ]

    def records(self, credentials: list[Credential]) -> bytes:
        """All records in one string, sorted by digest."""
        return b"".join(sorted(credential.record(self.key) for credential in credentials))

    def list_file(self, version: int, credentials: list[Credential]) -> bytes:
        """The list as it lies in the lock's flash: head, records, and a MAC under the store's key."""
        records = self.records(credentials)
        body = _HEAD.pack(b"MNL1", version, len(credentials), 0) + records
        return body + _mac(_mac(self.key, b"menshen store v1"), body)

    def list_message(self, version: int, credentials: list[Credential]) -> str:
        """The list as it travels: JWS compact serialization, HS256 (RFC 7515, 3.1)."""
        header = {"alg": "HS256", "kid": self.lock}
        records = _base64url(self.records(credentials))
        payload = {"lock": self.lock, "version": version, "records": records}
        signed = f"{_part(header)}.{_part(payload)}"
        mac = _mac(_mac(self.key, b"menshen list v1"), signed.encode())
        return f"{signed}.{_base64url(mac)}"

    def topic(self, leaf: str) -> str:
        """The lock's topic `leaf`: state, alarm, staff, ack or list."""
        return f"menshen/v1/{self.lock}/{leaf}"

    def config(self, dns_port: int, broker_port: int, changes: dict | None = None) -> dict:
        """The settings that go to /config.json; `changes` replace single values, however deep."""
        config = {
            "lock": self.lock,
            "key": self.key.hex(),
            "board": "devkit",
            "relay": {"unlock_level": 1, "seconds": 5},
            "door": {"held_open_s": 30},
            "wifi": {"ssid": "menshen-demo", "password": "no-secret-here"},
            "network": {"dns": [f"127.0.0.1:{dns_port}"]},
            "broker": {"host": BROKER_NAME, "port": broker_port, "tls": False, "backoff_cap_s": 5},
            "cards": {"plain_uid": True},
        }
        return _merged(config, changes or {})


def renew(board: Board, app_dir: Path, config: dict) -> None:
    """Give the lock of an earlier run new settings, and the application as it is in `app_dir` now."""
    wanted = build_app.flash_files(app_dir)
    for name, data in {**wanted, "/config.json": json.dumps(config).encode()}.items():
        with contextlib.suppress(FileNotFoundError):
            if board.read_file(name) == data:
                continue
        board.write_file(name, data)


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(value: dict) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _merged(base: dict, changes: dict) -> dict:
    merged = {**base, **changes}
    for key, change in changes.items():
        if isinstance(change, dict) and isinstance(base.get(key), dict):
            merged[key] = _merged(base[key], change)
    return merged
