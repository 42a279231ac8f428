"""A page on the simulated phone that answers by a resident's key, after `* #` at the keypad."""

import hmac
import re

from tests.simulated_lock import Lock


async def ask(lock: Lock) -> tuple[str, bytes]:
    """`* #`, and the phone to the reader: the lock's name and the challenge that it reads."""
    await lock.call("PUT", "/api/phone", {"scans": True})
    await lock.keys("*#")
    await lock.wait_light("enrolling")
    await lock.hold("phone")
    told = await lock.wait_event(lambda e: e["type"] == "phone" and e["read"])
    found = re.fullmatch(r"Menshen door of (\S+): ([0-9a-f]{32})", told["read"])
    assert found, told
    return found[1], bytes.fromhex(found[2])


async def answer(lock: Lock, message: bytes) -> int:
    """Write this to the tag, and take the phone away; the status of the call."""
    status, _ = await lock.call("POST", "/api/phone", {"message": message.hex()})
    await lock.take_away()
    return status


def signed(key: bytes, name: str, challenge: bytes) -> bytes:
    """The message that opens."""
    return b"\xd5\x00\x10" + hmac.digest(key, b"menshen door v1" + name.encode() + challenge, "sha256")[:16]
