"""Releases for the locks of system tests: the application as it is built, with something changed."""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.simulated_lock import Event, Lock
from tests.slots import change_slot, compiled
from tools import build_app
from tools.release import keys, publish
from tools.release.release import Release

FIRMWARE = build_app.TOP / "firmware"


@cache
def key() -> rsa.RSAPrivateKey:
    """A release key of this test run."""
    return rsa.generate_private_key(keys.EXPONENT, keys.BITS)


@cache
def _modules(app: Path) -> dict[str, bytes]:
    slot = app / "slots" / "a"
    return {path.relative_to(slot).as_posix(): path.read_bytes() for path in slot.rglob("*.mpy")}


@dataclass
class Operator:
    """Signs with `key`, and speaks to one lock."""

    lock: Lock
    app: Path
    key: rsa.RSAPrivateKey = field(default_factory=key)

    def release(
        self, version: str, changes: dict[str, bytes] | None = None, security: int = 1, image: bytes = b""
    ) -> Release:
        """The application as it is, in another version, with these files changed."""
        text = (FIRMWARE / "version.py").read_text()
        text = re.sub('VERSION = ".*"', f'VERSION = "{version}"', text)
        text = re.sub("SECURITY = .*", f"SECURITY = {security}", text)
        files = {**_modules(self.app), keys.TRUSTED_PATH: self._trusted(), "version.mpy": compiled(text)}
        return Release(version, security, files | (changes or {}), image)

    def trust(self) -> None:
        """Have the release that the lock was made with trust this key. The power must be off."""
        change_slot(self.lock.world.board, {keys.TRUSTED_PATH: self._trusted()})

    async def publish(self, release: Release, manifest: bytes | None = None) -> None:
        """Put it on the broker; chunks that are there already are not sent again."""
        for topic, chunk in release.chunks():
            await self.lock.world.publish(topic, chunk, True)
        signed = manifest or release.manifest(self.key).encode()
        await self.lock.world.publish(f"menshen/v1/release/{release.version}", signed, True)

    async def order(self, version: str) -> None:
        give = self.lock.world.provision
        await self.lock.publish("update", publish.head(give.lock, give.key, version), retain=True)

    async def wait_update(self, result: str, version: str | None = None, timeout: float = 60) -> Event:
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


def source(name: str) -> str:
    """The text of one of the firmware's modules."""
    return (FIRMWARE / name).read_text()
