"""Puts a release on a broker, and tells a lock to run it.

Orders have numbers: the lock has the highest in its state, and obeys none that is not above it.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass

import aiomqtt
from jwcrypto import jwk, jws

from menshen import json_text
from menshen.errors import InputError
from menshen.operator import link

from .output import Folder
from .release import ReleaseError, manifest_topic

_PURPOSE = b"menshen update v1"
_QOS = 1
_QUIET_S = 2  # the broker has said what it retains, if nothing came for so long
_NUMBER_MAX = 2**30 - 1
_PART_MAX = 1023


def head(
    lock: str, key: bytes, version: str, number: int | None, now: int | None = None, echo: str | None = None
) -> str:
    """The message that has a lock run a version: JWS, HS256, signed with the lock's key as list heads are.

    `number` is None for a lock of release 0.1.0, which does not count. `echo` is the challenge in the lock's
    last state.
    """
    payload: dict[str, str | int] = {
        "lock": lock,
        "time": int(time.time()) if now is None else now,
        "version": version,
    }
    if number is not None:
        payload["order"] = number
    if echo is not None:
        payload["echo"] = echo
    signing = hmac.new(key, _PURPOSE, hashlib.sha256).digest()
    token = jws.JWS(json.dumps(payload, separators=(",", ":")))
    protected = json.dumps({"alg": "HS256", "kid": lock}, separators=(",", ":"))
    token.add_signature(jwk.JWK(kty="oct", k=_base64url(signing)), None, protected, None)
    return token.serialize(compact=True)


async def publish(broker: aiomqtt.Client, release: Folder) -> int:
    """Put every message of the release on a connected broker, retained; how many there were."""
    count = 0
    for topic, payload in release.messages():
        await broker.publish(topic, payload, qos=_QOS, retain=True)
        count += 1
    return count


def next_number(state: dict | None, waiting: int = 0) -> int | None:
    """The number of the next order, by a lock's last state and the order that waits for it (0: none).

    None for one whose state tells no number: 0.1.0. A lock never heard of has obeyed none.
    """
    told = (state or {}).get("order", None if state else 0)
    if told is None:
        return None
    return max(told if type(told) is int and 0 <= told < _NUMBER_MAX else 0, waiting) + 1


def number_of(lock: str, key: bytes, message: bytes) -> int:
    """The number of an order that waits at the broker; 0 where it has none, or this key has not signed it."""
    with suppress(ValueError, LookupError, TypeError):
        payload = json_text.loads(base64.urlsafe_b64decode(message.split(b".")[1] + b"=="))
        said = head(lock, key, payload["version"], payload["order"], payload["time"], payload.get("echo"))
        if hmac.compare_digest(said.encode(), message) and 0 < payload["order"] < _NUMBER_MAX:
            return payload["order"]
    return 0


@dataclass
class Known:
    """What a broker retains of a lock, and of a release for it."""

    state: dict | None = None
    """What the lock last said of itself; None for one that was never heard of there."""

    waiting: int = 0
    """The number of the order of ours that waits for it; 0: none."""

    released: bool = False
    """Whether the release's manifest is there."""

    @property
    def whole(self) -> bool:
        """Whether everything has been heard."""
        return self.state is not None and self.waiting > 0 and self.released


async def known(broker: aiomqtt.Client, lock: str, key: bytes, version: str) -> Known:
    """What the broker retains, as far as it says so at once."""
    root, manifest = f"menshen/v1/{lock}/", manifest_topic(version)
    await broker.subscribe([(root + "state", _QOS), (root + "update", _QOS), (manifest, _QOS)])
    found = Known()
    with suppress(TimeoutError):
        while not found.whole:
            async with asyncio.timeout(_QUIET_S):
                message = await anext(broker.messages)
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if str(message.topic) == manifest:
                found.released = bool(payload)
            elif str(message.topic) == root + "update":
                found.waiting = number_of(lock, key, payload)
            elif payload:
                with suppress(ValueError):
                    said = json_text.loads(payload)
                    found.state = said if isinstance(said, dict) else None
    return found


def check_version(version: str, option: str) -> None:
    """Raise InputError unless a release can be called so, as firmware/update/version.py has it."""
    parts = version.split(".")
    if len(parts) != 3 or not all(re.fullmatch(r"0|[1-9]\d{0,3}", part, re.ASCII) for part in parts):
        raise InputError(f"{option} {version}: must be three numbers such as 1.4.0")
    if max(map(int, parts)) > _PART_MAX:
        raise InputError(f"{option} {version}: each of its numbers is {_PART_MAX} at most")


async def order(
    broker: aiomqtt.Client, lock: str, key: bytes, version: str, number: int | None = None
) -> int | None:
    """Have one lock run the version, now or when it is next online. The number of the order.

    `number` is for a lock of which this broker knows nothing, or something false; otherwise the next one by
    what is known there is taken. Raises ReleaseError if the release or the lock's state is not there.
    """
    there = await known(broker, lock, key, version)
    if not there.released:
        raise ReleaseError(
            f"release {version} is not at this broker: `menshen release publish` puts it there"
        )
    if number is None:
        if there.state is None:
            raise ReleaseError(
                f"no lock {lock} was ever heard of at this broker: look at the name, or give --number 1 for "
                "one that is still to come"
            )
        number = next_number(there.state, there.waiting)
    said = head(lock, key, version, number, echo=link.challenge(there.state or {}))
    await broker.publish(f"menshen/v1/{lock}/update", said, qos=_QOS, retain=True)
    return number


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
