"""Makes the demo lock's key, settings and credential list, as the operator's tools would."""

import contextlib
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from menshen import build_app, wiring
from menshen.operator import lists
from menshen.operator.lists import CARD, PIN, STAFF, TENANT, Credential

from .board import Board
from .cards.card import Card
from .cards.ev2 import Ev2Card

BROKER_NAME = "broker.menshen.test"
DEMO_PIN = "246810"
HEAD_PATH, LIST_PATH = "/access/head", "/access/a"
KEYS = "123456789*0#"
READER_UART = 2
_FITTINGS = {
    "relay": "relay",
    "reader_irq": "reader_irq",
    "reader_reset": "reader_reset",
    "contact": "contact",
    "exit": "exit_button",
    "tamper": "tamper",
    "buzzer": "buzzer",
    "led": "light",
    "fire": "fire",
}
"""What the world's fittings are called, and which part of the board they are at."""


def fittings(board: str) -> dict[str, int]:
    """GPIO numbers of what is wired to a board, the keypad apart."""
    return {name: wiring.gpio(board, part) for name, part in _FITTINGS.items()}


BOARD = "devkit"
PINS = fittings(BOARD)
"""Of the demo lock."""


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
class Provision:
    """What a lock is given before it hangs on its door."""

    key: bytes
    lock: str = "demo"

    def demo_credentials(self, cards: dict[str, Card]) -> list[Credential]:
        """The tenant's PIN and cards, and the cleaner's card; a stranger is on no list."""
        roles = {"tenant": (TENANT, 1), "old": (TENANT, 1), "cleaner": (STAFF, 0)}
        return [
            Credential(PIN, DEMO_PIN.encode(), TENANT, lease=1),
            *(
                Credential(CARD, card.uid, *roles[name], proved=isinstance(card, Ev2Card))
                for name, card in cards.items()
                if name in roles
            ),
        ]

    def snapshot(self, credentials: list[Credential]) -> bytes:
        """All records in one snapshot."""
        return lists.snapshot(credential.record(self.key) for credential in credentials)

    def list_files(self, version: int, credentials: list[Credential]) -> dict[str, bytes]:
        """The list as it lies in the lock's flash, path to contents."""
        return lists.flash_files(self.key, version, self.snapshot(credentials))

    def list_message(self, version: int, credentials: list[Credential]) -> str:
        """The signed head of a list without changes; its chunks must be there before it is published."""
        return lists.Head(version, version, self.snapshot(credentials)).signed(self.lock, self.key)

    def list_messages(self, version: int, credentials: list[Credential]) -> list[tuple[str, bytes]]:
        """All that has to be published of a list, with topics, to be retained: its chunks, then its head."""
        head = self.list_message(version, credentials).encode()
        return [*lists.chunks(self.snapshot(credentials)), (self.topic("list"), head)]

    def topic(self, leaf: str) -> str:
        """The lock's topic `leaf`: state, alarm, staff, ack or list."""
        return f"menshen/v1/{self.lock}/{leaf}"

    def config(self, dns_port: int, broker_port: int, changes: dict | None = None) -> dict:
        """The settings that go to /config.json; `changes` replace single values, however deep."""
        config = {
            "lock": self.lock,
            "key": self.key.hex(),
            "board": BOARD,
            "relay": {"unlock_level": 1, "seconds": 5},
            "door": {"held_open_s": 30},
            "wifi": {"ssid": "menshen-demo", "password": "no-secret-here"},
            "network": {"dns": [f"127.0.0.1:{dns_port}"]},
            "broker": {"host": BROKER_NAME, "port": broker_port, "tls": False, "backoff_cap_s": 5},
            "time": {"floor": int(time.time())},
            "cards": {"plain_uid": True},
        }
        return _merged(config, changes or {})


def renew(board: Board, app_dir: Path, config: dict, missing: dict[str, bytes]) -> None:
    """Give the lock of an earlier run new settings, and the application as it is in `app_dir` now.

    It gets all of the `missing` files if it lacks any of them.
    """
    wanted = build_app.flash_files(app_dir)
    if not all(_has(board, name) for name in missing):
        wanted |= missing
    for name, data in {**wanted, "/config.json": json.dumps(config).encode()}.items():
        with contextlib.suppress(FileNotFoundError):
            if board.read_file(name) == data:
                continue
        board.write_file(name, data)


def _has(board: Board, name: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return bool(board.read_file(name))
    return False


def _merged(base: dict, changes: dict) -> dict:
    merged = {**base, **changes}
    for key, change in changes.items():
        if isinstance(change, dict) and isinstance(base.get(key), dict):
            merged[key] = _merged(base[key], change)
    return merged
