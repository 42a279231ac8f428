"""Puts a release on a broker, and tells a lock to run it.

Orders are counted, by a number that the lock holds: it tells the highest in its state, and obeys none below.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from contextlib import suppress

import aiomqtt
from jwcrypto import jwk, jws

from .output import Folder

_PURPOSE = b"menshen update v1"
_QOS = 1
_QUIET_S = 2  # the broker has said what it retains, if nothing came for so long
_NUMBER_MAX = 2**30 - 1


def head(lock: str, key: bytes, version: str, number: int | None, now: int | None = None) -> str:
    """The message that has a lock run a version: JWS, HS256, signed with the lock's key as list heads are.

    `number` is None for a lock of release 0.1.0, which does not count.
    """
    payload: dict[str, str | int] = {
        "lock": lock,
        "time": int(time.time()) if now is None else now,
        "version": version,
    }
    if number is not None:
        payload["order"] = number
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
        payload = json.loads(base64.urlsafe_b64decode(message.split(b".")[1] + b"=="))
        said = head(lock, key, payload["version"], payload["order"], payload["time"])
        if hmac.compare_digest(said.encode(), message) and 0 < payload["order"] < _NUMBER_MAX:
            return payload["order"]
    return 0


async def known(broker: aiomqtt.Client, lock: str, key: bytes) -> int | None:
    """The number of the next order, by what the broker retains."""
    root = f"menshen/v1/{lock}/"
    await broker.subscribe([(root + "state", _QOS), (root + "update", _QOS)])
    state, waiting = None, 0
    with suppress(TimeoutError):
        while state is None or not waiting:
            async with asyncio.timeout(_QUIET_S):
                message = await anext(broker.messages)
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if str(message.topic) == root + "update":
                waiting = number_of(lock, key, payload)
            elif payload:
                with suppress(ValueError):
                    said = json.loads(payload)
                    state = said if isinstance(said, dict) else None
    return next_number(state, waiting)


async def order(
    broker: aiomqtt.Client, lock: str, key: bytes, version: str, number: int | None = None
) -> int | None:
    """Have one lock run the version, now or when it is next online. The number of the order.

    `number` is for a lock of which this broker knows nothing or lies; else it is what is known() there.
    """
    if number is None:
        number = await known(broker, lock, key)
    said = head(lock, key, version, number)
    await broker.publish(f"menshen/v1/{lock}/update", said, qos=_QOS, retain=True)
    return number


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
