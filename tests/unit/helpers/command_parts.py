"""A lock that takes commands, and whoever signs them, right or wrong."""

import asyncio
import json

from ram_numbers import RamNvs

from commands.commands import Commands
from link.envelope import encode
from storage.hmac import hmac_sha256
from storage.nvs import Numbers

KEY = bytes(range(32))
GUEST_KEY = b"g" * 16
LEASE = 7
DIGEST = bytes(range(100, 116))
NOW = 1_790_000_000


def sign(payload, key=KEY, purpose=b"menshen command v1", lock="demo"):
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = encode(('{"alg":"HS256","kid":"' + lock + '"}').encode()) + b"." + encode(text)
    return signed + b"." + encode(hmac_sha256(hmac_sha256(key, purpose), signed))


def order(command="identify", nonce="nonce-01", time=NOW, expires=None, **more):
    made = {"lock": "demo", "time": time, "command": command, "nonce": nonce}
    made["expires"] = time + 60 if expires is None else expires
    made.update(more)
    return made


def unlock(nonce="nonce-01", key=GUEST_KEY, proof=None, time=NOW, **who):
    """An order to unlock by `lease` or `credential`, with the proof that this key makes of it."""
    plain = order("unlock", nonce, time)
    made = dict(plain)
    made.update(who)
    made["proof"] = sign(plain if proof is None else proof, key, b"menshen unlock v1").decode()
    return made


def staff_key(digest=DIGEST):
    return hmac_sha256(hmac_sha256(KEY, b"menshen staff v1"), digest)


class Clock:
    def __init__(self):
        self.at = NOW
        self.passed = 0

    def now(self):
        return self.at


class Lock:
    """Stands for clock, telemetry and door; `did` is all that was done, `said` all that was told."""

    def __init__(self):
        self.nvs = RamNvs()
        self.clock = Clock()
        self.did = []
        self.said = []
        self.lets_in = True
        self.flash_is_full = False

    def take(self, message, retained=False):
        commands = Commands("demo", KEY, self.clock, Numbers(self.nvs), self, self)
        asyncio.run(commands.handle(message, retained))

    def tell(self, made, retained=False):
        """Take a well-signed order; the last that was told of it."""
        before = len(self.said)
        self.take(sign(made), retained)
        assert len(self.said) <= before + 1
        return self.said[-1] if len(self.said) > before else None

    def identify(self):
        self.did.append("identify")

    def self_test(self):
        return {"faults": ["reader"], "list": 3}

    def restart(self):
        self.did.append("restart")

    def certificate(self, name, text, now):
        self.did.append((name, text))
        if self.flash_is_full:
            raise OSError(28)
        return self.lets_in

    def remote(self, lease, digest):
        self.did.append((lease, digest))
        return self.lets_in

    async def guest_keys(self, lease):
        return [GUEST_KEY] if lease == LEASE else []

    def command_done(self, command, nonce, found=None):
        self.said.append((command, nonce, found))

    def command_refused(self, nonce, reason):
        self.said.append((nonce, reason))
