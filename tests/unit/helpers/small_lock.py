"""A lock of nothing but boot.py, its slots and firmware/update: it starts, runs, is updated and goes back."""

import asyncio
import gc
import json
import os
import sys
from binascii import hexlify
from hashlib import sha256

import vfs
from knife_flash import Flash, Knife, Nvs, Ota, PlainPartition, Reset, mount
from release_signer import KEY_ID, MODULUS, sign

import update.delta
import update.image
import update.manifest
import update.pack
import update.payload
import update.pss
import update.slots
import update.switch  # what is not loaded is not found later: a mounted flash hides the computer's files
from link.envelope import encode
from link.errors import Refused
from reports import acks as words
from storage import files
from storage.nvs import Numbers
from update import trial as trials
from update.course import Course
from update.session import check_tries
from update.steps import JUDGE, SWITCH
from update.trial import Trial

PIECE = 32768
KEYS = b"\x01" + KEY_ID + MODULUS
RESIDENTS = b"what residents chose" * 9
_TOP = next(p for p in sys.path if p.endswith("/firmware"))[: -len("firmware")]
with open(_TOP + "boot.py") as _file:
    _BOOT = compile(_file.read(), "boot.py", "exec")
sys.path.insert(0, _TOP + "lib")
import start  # noqa: E402, F401 (boot.py finds it loaded)

sys.path.pop(0)


class _Soon:
    """Nobody waits for the end of a trial."""

    @staticmethod
    async def sleep_ms(ms):
        await asyncio.sleep_ms(0)


trials.asyncio = _Soon
update.delta.PATIENCE_MS = 0


def digest(data):
    return hexlify(sha256(data).digest()).decode()


def pack(contents):
    """(head, whole) of a slot's file, as tools/release/pack.py makes it."""
    names = sorted(contents)
    index, place = b"", 0
    for name in names:
        index += b"\n" + name.encode() + b" " + str(place).encode()
        place += len(contents[name])
    index += b"\n"
    head = b"MNP1" + len(index).to_bytes(2, "little") + len(names).to_bytes(2, "little")
    head += place.to_bytes(4, "little") + index
    head += b"".join(sha256(contents[name]).digest() for name in names)
    return head, head + b"".join(contents[name] for name in names)


def delta(old, new):
    """What the head of a release differs in, as tools/release/pack.py makes it."""
    said = new.head[:12]
    for name in sorted(set(old.contents) | set(new.contents)):
        data = new.contents.get(name, b"")
        if data != old.contents.get(name):
            said += b"%s %d\n" % (name.encode(), len(data)) + (sha256(data).digest() if data else bytes(32))
    return said


class _Payload:
    """As link/mqtt.py: a message that comes."""

    def __init__(self, data):
        self._data, self.size = data, len(data)

    async def into(self, view):
        at = len(self._data) - self.size
        view[:] = self._data[at : at + len(view)]
        self.size -= len(view)


class Release:
    """`contents` by name; `says` replaces members of the manifest."""

    def __init__(self, version, contents, image=None, security=1, says=None, key_id=KEY_ID):
        self.version, self.security, self.image = version, security, image
        contents = dict(contents)
        contents["update/keys"] = KEYS
        self.contents = contents
        head, self.whole = pack(contents)
        self.head, self.head_name = head, digest(head)
        self.blobs = {digest(data): data for data in [head] + list(contents.values())}
        payload = {
            "version": version,
            "security": security,
            "board": "devkit",
            "runtime": [1, 24],
            "slot": {"sha256": digest(self.whole), "size": len(self.whole)},
            "files": {"sha256": digest(head), "size": len(head)},
        }
        if image:
            pieces = [image[n : n + PIECE] for n in range(0, len(image), PIECE)]
            table = b"".join(sha256(piece).digest() for piece in pieces)
            self.blobs.update({digest(data): data for data in [table] + pieces})
            payload["image"] = {"sha256": digest(image), "size": len(image), "pieces": digest(table)}
        payload.update(says or {})
        signed = encode(b'{"alg":"PS256","kid":"' + hexlify(key_id) + b'"}')
        signed += b"." + encode(json.dumps(payload).encode())
        self.manifest = signed + b"." + encode(sign(signed))


class SmallLock:
    """Runs `old` from slot a. `said` are its reports of updates, `fetched` the sizes that it fetched.

    It is all that update/manager.py needs: settings, board, residents, reports, subscriptions.
    """

    board, unread, faults, reader, answered = "devkit", False, frozenset(), "pn532", True
    trial_ms = 0

    def __init__(self, old, blocks=48, images=None):
        self.knife = Knife()
        self.releases = [old]
        self.flash = Flash(self.knife, bytearray(b"\xff" * (blocks * 4096)))
        vfs.VfsLfs2.mkfs(self.flash)
        self.nvs = Nvs(self.knife, {})
        self.ota = Ota(self.knife, [bytearray(image) for image in images]) if images else None
        self.blobs = {}
        self.deltas = {}  # by the SHA-256 of the head that each makes
        self.said, self.fetched = [], []
        self.end()
        mount(self.flash)
        os.mkdir("/slots")
        os.mkdir("/access")
        files.write("/slots/a.pack", (old.whole,))
        files.write("/access/residents", (RESIDENTS,))

    def save(self):
        """All that outlives the power."""
        images = [bytes(image) for image in self.ota.images] if self.ota else None
        notes = (self.ota.boots, self.ota.before, self.ota.state) if self.ota else None
        return bytes(self.flash.data), dict(self.nvs.values), images, notes

    def restore(self, state):
        self.flash = Flash(self.knife, bytearray(state[0]))
        self.nvs = Nvs(self.knife, dict(state[1]))
        if state[2]:
            self.ota = Ota(self.knife, [bytearray(image) for image in state[2]], *state[3])

    def start(self):
        """Power-on or reset: bootloader, boot.py. The release that boot.py chose, which must be whole."""
        if self.ota:
            self.ota.start()
        mount(self.flash)
        path = sys.path[:]
        nvs = self.nvs

        class Esp32:
            @staticmethod
            def NVS(name):  # noqa: N802
                return nvs

        class Machine:
            class Pin:
                OUT = IN = 0

                def __init__(self, *_, value=0):
                    pass

                def value(self):
                    return 0

        theirs = {name: sys.modules.get(name) for name in ("esp32", "machine")}
        sys.modules["esp32"], sys.modules["machine"] = Esp32, Machine
        try:
            exec(_BOOT, {"__name__": "__main__"})  # noqa: S102 as the chip does
            self.place = sys.path[0]
        finally:
            sys.path[:] = path
            for name, module in theirs.items():
                sys.modules.pop(name)
                if module is not None:
                    sys.modules[name] = module
        self.slot = "ab".index(self.place[-1])
        with open(self.place + ".pack", "rb") as file:
            held = file.read()
        for release in self.releases:
            if held == release.whole:
                self.release = release
                return release
        raise ValueError("boot.py chose %s, which is no whole release" % self.place)

    def end(self):
        """Before the next start: the slot is let go of, and so are files that a cut left open."""
        gc.collect()
        for place in ("/slots/a", "/slots/b"):
            try:
                vfs.umount(place)
            except OSError:
                pass

    async def subscribe(self, topic, handler):
        """As link/subscriptions: what is retained comes at once."""
        data = self.deltas.get(topic.split("/")[3])
        if data is not None:
            await handler(_Payload(data))

    async def unsubscribe(self, topic):
        pass

    async def fetch(self, name, size, path):
        """As link/blobs: whole, or Refused."""
        if files.exists(path):
            with open(path, "rb") as file:
                held = file.read()
            if digest(held) == name:
                return
            os.remove(path)
        data = self.blobs.get(name)
        if data is None:
            raise Refused("no such blob")
        if digest(data) != name or len(data) != size:
            raise Refused("bad hash")
        if not files.exists(path):
            with open(path + ".part", "wb") as file:
                for n in range(0, size, 2048):
                    file.write(data[n : n + 2048])
            os.rename(path + ".part", path)
        self.fetched.append(size)

    def update(self, version, step, reason):
        """As reports/reports.py."""
        if reason not in words.UPDATE_REFUSALS if step == "refused" else step not in words.STEPS:
            raise ValueError("telemetry would not say this: %s %s" % (step, reason))
        self.said.append((version, step, reason) if reason else (version, step))

    def reset(self):
        raise Reset

    def reset_cause(self):
        return "reset"

    async def live(self, wanted=None, faults=(), works=True):
        """What the application does of it, from its start on: trial or settling, then an update."""
        partition = self.ota.partition() if self.ota else PlainPartition
        numbers = self.numbers = Numbers(self.nvs)
        running = self.release
        release = self.slot, running.version, running.security
        trial = Trial(release, numbers, partition, self.update, self.reset)
        if trial.is_on:
            if not works:
                raise Reset
            await trial.run(lambda: set(faults), 0)
        elif trial.settle():
            self.reset()
        if wanted is None or wanted.version == running.version:
            return
        update.image.Partition = partition
        path = sys.path[:]
        sys.path.insert(0, self.place)
        course = Course((self, self, None, (self, self), asyncio.Lock(), self), wanted.version)
        try:
            check_tries(wanted.version, numbers)
            if wanted.manifest is None:
                raise Refused("too large")  # as request.py says
            said = wanted.manifest
            start = max(len(said) - 512, 0)  # and takes it in pieces
            pieces = [said[at : at + 64] for at in range(start, len(said), 64)]
            ready = await course.follow(JUDGE, [said[:start]] + pieces)
            if ready is not None:
                await course.follow(SWITCH, ready)
        except Refused as error:
            self.update(wanted.version, "refused", error.reason)
        finally:
            sys.path[:] = path

    def run(self, wanted=None, lives=9, works=lambda release: True, faults=lambda release: ()):
        """Start again and again until nothing is left to do; the release that it ends on."""
        for _ in range(lives):
            self.end()
            release = self.start()
            if not works(release) and not Numbers(self.nvs).get("choice") == 4 + self.slot:
                raise ValueError("a release that does not work was confirmed")
            try:
                asyncio.run(self.live(wanted, faults(release), works(release)))
            except Reset:
                continue
            return release
        raise ValueError("it restarts for ever")

    def opens(self):
        """Whether residents would get in: their table is there, as it was."""
        with open("/access/residents", "rb") as file:
            return file.read() == RESIDENTS
