"""The power goes in every operation of a renewal: the old certificate or the new one, and an order heals it.

From the signed command on: its number and its mark in NVS, the file in littlefs. How many cuts is printed.
"""

import asyncio

import vfs
from certificate_vectors import CERTIFICATE, KEY, OF_TWO, ONE, RENEWED, TWO
from command_parts import KEY as LOCK_KEY
from command_parts import order, sign
from knife_flash import BLOCK, Flash, Knife, Nvs, PowerCut
from unmounting import unmount

from commands.commands import Commands
from commands.remote import Remote
from link.envelope import encode
from link.tls import context
from storage.nvs import Numbers

BLOCKS = 16
NOW = 1_796_000_000  # within the dates of all these certificates
MOST = 500
PARTS = {"lock": "lock.crt", "ca": "ca.crt"}


class Blobs(Nvs):
    """NVS with its blobs: a value is there or is not."""

    def get_blob(self, key, buffer):
        value = self.get_i32(key)
        buffer[: len(value)] = value
        return len(value)

    def set_blob(self, key, value):
        self.set_i32(key, bytes(value))


class Clock:
    passed = 0

    def now(self):
        return NOW


class Door(Remote):
    """All that a command reaches, but for the restart itself."""

    identify = remote = None

    def __init__(self):
        super().__init__(self, None, None, None)

    def restart(self):
        pass


class Lock:
    """A lock on a flash and an NVS that stay when the power goes."""

    def __init__(self, files):
        self.data, self.values = bytearray(b"\xff" * (BLOCK * BLOCKS)), {}
        vfs.VfsLfs2.mkfs(Flash(Knife(), self.data))
        self.start()
        for name, der in files.items():
            with open("/tls/%s.der" % name, "wb") as file:
                file.write(der)

    def start(self, cut_at=0, seed=1):
        self.knife, self.said = Knife(), []
        unmount("/tls")
        device = Flash(self.knife, self.data)
        vfs.mount(vfs.VfsLfs2(device, readsize=32, progsize=32, lookahead=32), "/tls")
        self.knife.set(cut_at, seed)

    def take(self, name, der, number):
        numbers = Numbers(Blobs(self.knife, self.values))
        made = order(
            "certificate",
            "nonce-%d" % (1000 + number),
            NOW - 1,
            number=number,
            file=name,
            certificate=encode(der).decode(),
        )
        commands = Commands("demo", LOCK_KEY, Clock(), numbers, self, Door())
        asyncio.run(commands.handle(sign(made), False))

    def held(self, name):
        with open("/tls/%s.der" % PARTS[name], "rb") as file:
            return file.read()

    def command_done(self, command, nonce, found=None):
        self.said.append("done")

    def command_refused(self, nonce, reason):
        self.said.append(reason)


def cut_everywhere(files, name, new, seed):
    """Cut in the 1st, 2nd, ... operation, until the command is done whole; how often it was old and new."""
    before = Lock(files)
    data, old = bytes(before.data), before.held(name)
    kept = {old: 0, new: 0}
    for n in range(1, MOST):
        before.data[:], before.values = data, {}
        before.start(n, seed)
        try:
            before.take(name, new, 1)
            assert before.said == ["done"], before.said
            assert before.held(name) == new
            return kept
        except PowerCut:
            pass
        before.start()
        kept[before.held(name)] += 1  # KeyError: neither the one nor the other
        context()  # and with it the lock goes on
        before.take(name, new, 1)
        assert before.said[0] in ("done", "replayed"), before.said
        before.take(name, new, 2)
        assert before.said[1] == "done", before.said
        assert before.held(name) == new
        context()
    raise ValueError("no end")


def test_at_every_cut_there_is_the_old_certificate_or_the_new_one():
    own = {"lock.key": KEY, "lock.crt": CERTIFICATE, "ca.crt": ONE}
    both = {"lock.key": KEY, "lock.crt": OF_TWO, "ca.crt": ONE + TWO}
    for files, name, new in ((own, "lock", RENEWED), (own, "ca", ONE + TWO), (both, "ca", TWO)):
        for seed in (1, 2, 3):
            kept = cut_everywhere(files, name, new, seed)
            old, taken = next(count for der, count in kept.items() if der != new), kept[new]
            print("%s, tears %d: %d cuts left the old one, %d the new one" % (name, seed, old, taken))
            assert old > 5, kept
