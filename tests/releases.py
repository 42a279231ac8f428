"""Releases for the locks of system tests: the application as it is built, with something changed."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from menshen import build_app
from menshen.operator.lists import MOVE_IN, PIN, Credential
from menshen.release import keys, pack, publish
from menshen.release.release import Release, build, delta_topic, manifest_topic
from tests.simulated_lock import Event, Lock
from tests.slots import change_slot

FIRMWARE = build_app.TOP / "firmware"
VERSION = re.findall('VERSION = "(.*)"', (FIRMWARE / "version.py").read_text())[0]


@cache
def key() -> rsa.RSAPrivateKey:
    """A release key of this test run."""
    return rsa.generate_private_key(keys.EXPONENT, keys.BITS)


Edits = dict[str, tuple[str, str]]
"""By module, such as "door/relay.py": a text in it, and what stands there in the release."""


@cache
def _built(edits: tuple[tuple[str, str, str], ...], trusted: bytes) -> Release:
    """A release of this tree, with these edits: path within firmware/, old text, new text."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(FIRMWARE, Path(folder, "firmware"))
        for name, old, new in edits:
            path = Path(folder, "firmware", name)
            text, count = re.subn(old, lambda _, new=new: new, path.read_text())
            assert count, f"{name} has no {old!r}"
            path.write_text(text)
        return build(Path(folder), trusted)


@dataclass
class Operator:
    """Signs with `key`, and speaks to one lock."""

    lock: Lock
    key: rsa.RSAPrivateKey = field(default_factory=key)
    ordered: int = 0  # the number of the last order
    heads: dict[str, bytes] = field(default_factory=dict)  # of the packs that the lock may run, by version

    def release(
        self, version: str, edits: Edits | None = None, security: int = 1, image: bytes = b""
    ) -> Release:
        """The application as it is, in another version, with these edits."""
        texts = [("version.py", 'VERSION = ".*"', f'VERSION = "{version}"')]
        texts.append(("version.py", "SECURITY = .*", f"SECURITY = {security}"))
        texts += [(name, re.escape(old), new) for name, (old, new) in (edits or {}).items()]
        made = _built(tuple(texts), self._trusted())
        return Release(version, security, made.files, image) if image else made

    def trust(self) -> None:
        """Have the release that the lock was made with trust this key. The power must be off."""
        change_slot(self.lock.world.board, {keys.TRUSTED_PATH: self._trusted()})
        self.heads[VERSION] = self.lock.world.board.read_file("/slots/a.pack")

    async def publish(self, release: Release, manifest: bytes | None = None, told: bool = True) -> None:
        """Put it on the broker; chunks that are there already are not sent again.

        `told`: with what its head differs in from each that the lock may run.
        """
        for topic, chunk in release.chunks():
            await self.lock.world.publish(topic, chunk, True)
        head = pack.table(release.files)
        for version, other in self.heads.items() if told else ():
            topic = delta_topic(hashlib.sha256(head).hexdigest(), version)
            await self.lock.world.publish(topic, pack.delta(other, head), True)
        self.heads[release.version] = head
        signed = manifest or release.manifest(self.key).encode()
        await self.lock.world.publish(manifest_topic(release.version), signed, True)

    async def order(self, version: str, number: int | None = None) -> str:
        """Have the lock run it. The order, whose number is the next one unless it is given."""
        give = self.lock.world.provision
        said = publish.head(give.lock, give.key, version, number or self._next())
        await self.lock.publish("update", said, retain=True)
        return said

    def _next(self) -> int | None:
        """The number of the next order: None for a lock of 0.1.0, which knows of none."""
        topic = self.lock.world.provision.topic("state")
        heard = [e for e in self.lock.events if e["type"] == "operator" and e["topic"] == topic]
        told = publish.next_number(json.loads(heard[-1]["payload"]) if heard else None, self.ordered)
        self.ordered = told or self.ordered
        return told

    async def withdraw(self) -> None:
        """Take the order back: the broker keeps it no longer."""
        await self.lock.publish("update", "", retain=True)

    async def wait_update(self, result: str, version: str | None = None, timeout: float = 240) -> Event:
        """The lock says this of an update."""
        topic = self.lock.world.provision.topic("ack")

        def wanted(event: Event) -> bool:
            return (
                event["type"] == "operator"
                and event["topic"] == topic
                and f'"result": "{result}"' in event["payload"]
                and (version is None or f'"{version}"' in event["payload"])
            )

        return await self.lock.wait_event(wanted, timeout)

    def _trusted(self) -> bytes:
        return keys.trusted([self.key.public_key()])


Made = Callable[..., Awaitable[Operator]]


@pytest.fixture
def updatable(make_lock: Callable[..., Awaitable[Lock]]) -> Made:
    """Makes a lock that trusts the release key of this run, online; `settings` are more of them."""

    async def make(trial_s: int = 1, settings: dict | None = None, **options: object) -> Operator:
        given = {"relay": {"unlock_level": 1, "seconds": 1}, "update": {"trial_s": trial_s, "spread_s": 0}}
        lock = await make_lock(power=False, settings=given | (settings or {}), **options)
        operator = Operator(lock)
        operator.trust()
        await lock.power(True)
        await lock.wait_armed()
        await lock.wait_online()
        return operator

    return make


async def choose_pin(lock: Lock, pin: str) -> None:
    """The resident of lease 7 moves in, and chooses a PIN at the keypad."""
    code = "73519264"
    give = lock.world.provision
    moving = Credential(PIN, code.encode(), MOVE_IN, lease=7)
    await lock.publish_list(2, [*give.demo_credentials(lock.world.cards), moving])
    assert (await lock.wait_message("ack"))["json"]["result"] == "accepted"
    await lock.keys(f"{code}#{pin}#{pin}#")  # at once: between two keys the lock waits for ten seconds
    await lock.wait_light("kept")
