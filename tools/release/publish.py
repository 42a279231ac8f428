"""Puts a release on a broker, and tells a lock to run it."""

import base64
import hashlib
import hmac
import json
import time

import aiomqtt
from jwcrypto import jwk, jws

from .output import Folder

_PURPOSE = b"menshen update v1"
_QOS = 1


def head(lock: str, key: bytes, version: str, now: int | None = None) -> str:
    """The message that has a lock run a version: JWS, HS256, signed with the lock's key as list heads are."""
    payload = {"lock": lock, "time": int(time.time()) if now is None else now, "version": version}
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


async def order(broker: aiomqtt.Client, lock: str, key: bytes, version: str) -> None:
    """Have one lock run the version, now or when it is next online."""
    await broker.publish(f"menshen/v1/{lock}/update", head(lock, key, version), qos=_QOS, retain=True)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
