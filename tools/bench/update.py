"""What an update costs: bytes on the wire and in the flash, the signature, and the door meanwhile."""

import asyncio
import base64
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from menshen import build_app
from menshen.release import keys, pack, publish, release
from menshen.simulator.world import now_us

from .lock import MeasuredLock

BUDGETS = {"release_overhead_bytes": 6 * 1024}
CHANGED = "link.sntp"
"""The one module that the measured release changes."""

_SLOT = "/slots/a.pack"
_BLOCK = 4096
_HEAP = "300k"  # as many blocks as in the chip's heap
_CHIP_FLASH = 60_000, 1_250  # us: a block of 4 KiB takes the chip about 80 ms
_TAP_EVERY_S = 1.2  # the bolt is held again by then
_VERIFY = """
import asyncio, ffi
from binascii import unhexlify
from update.pss import verify
message, signature, modulus = %r, unhexlify(%r), unhexlify(%r)
def pieces(data):
    return [data[at : at + 48] for at in range(0, 384, 48)]
steps = []
clock = ffi.open(None).func("l", "clock", "")
async def watch():
    while True:
        began = clock()
        await asyncio.sleep_ms(0)
        steps.append(clock() - began)
async def run():
    watching = asyncio.create_task(watch())
    began = clock()
    steps.clear()
    if not await verify(message, [pieces(signature), pieces(modulus)]):
        raise ValueError("the signature is good, and was not found so")
    took = clock() - began
    watching.cancel()
    return took, max(steps)
runs = [asyncio.run(run()) for _ in range(9)]
print(sorted(r[0] for r in runs)[4] / 1000, sorted(r[1] for r in runs)[4])
"""


def _release(trusted: bytes, version: str, changes: bool) -> release.Release:
    """This tree in another version; with `changes`, CHANGED has one function more."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(build_app.TOP / "firmware", Path(folder, "firmware"))
        path = Path(folder, "firmware/version.py")
        path.write_text(re.sub('VERSION = ".*"', f'VERSION = "{version}"', path.read_text("utf-8")), "utf-8")
        if changes:
            path = Path(folder, "firmware", *CHANGED.split(".")).with_suffix(".py")
            path.write_text(path.read_text("utf-8") + "\n\ndef measured():\n    return 1\n", "utf-8")
        return release.build(Path(folder), trusted)


def _verify(port: Path, key: rsa.RSAPrivateKey, made: release.Release) -> dict[str, float]:
    """CPU time of one signature in the Unix port, and of the longest step in it."""
    signed, _, signature = made.manifest(key).rpartition(".")
    modulus = f"{key.public_key().public_numbers().n:x}"
    raw = base64.urlsafe_b64decode(signature).hex()  # 384 bytes need no padding
    path = ":".join((str(build_app.TOP / "firmware"), ".frozen"))  # in the build it is joined to more
    done = subprocess.run(
        [port, "-X", f"heapsize={_HEAP}", "-c", _VERIFY % (signed.encode(), raw, modulus)],
        env={**os.environ, "MICROPYPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    took, step = map(float, done.stdout.split())
    return {"verify_ms": took, "verify_step_us": step}


class _Update:
    """One lock that takes the release with one changed module."""

    def __init__(self, folder: Path, app: Path, port: Path, key: rsa.RSAPrivateKey) -> None:
        self.key = key
        trusted = keys.trusted([key.public_key()])
        self.old, self.new = (
            _release(trusted, version, version != "0.9.0") for version in ("0.9.0", "0.9.1")
        )
        settings = {"update": {"trial_s": 1, "spread_s": 0}}
        self.lock = MeasuredLock(folder, app, port, world={"settings": settings})

    async def measure(self) -> dict[str, float]:
        lock, new, old = self.lock, self.new, self.old
        await lock.world.start(power=False)
        try:
            board = lock.world.board
            board.write_file(_SLOT, old.slot)
            board.flash_takes(*_CHIP_FLASH)
            await lock.world.power(True)
            await lock.until("console", line="link: online")
            await asyncio.sleep(5)  # housekeeping
            idle = await self._taps(lambda n: n >= 5)
            for topic, chunk in [*new.chunks(), new.delta(old)]:
                await lock.world.publish(topic, chunk, True)
            manifest = new.manifest(self.key).encode()
            await lock.world.publish(release.manifest_topic(new.version), manifest, True)
            lock.heard.clear()
            before = await board.flash_stats()
            give = lock.world.provision
            order = publish.head(give.lock, give.key, new.version, 1).encode()
            await lock.world.publish(give.topic("update"), order, True)
            seen: list[dict] = []
            lock.world.on_event(seen.append)
            worst = await self._taps(lambda _: _has(seen, "fetched"))
            after = await board.flash_stats()
        finally:
            await lock.world.stop()
        short = build_app.shrunk(build_app.TOP / "firmware").files
        changed = [new.files[f"{short.get(name, name)}.mpy"] for name in (CHANGED, "version")]
        wire = sum(e["size"] for e in seen if e["type"] == "mqtt" and not e["packet"].startswith("PING"))
        return {
            "release_wire_bytes": wire,
            "release_overhead_bytes": wire - sum(map(len, changed)),
            "release_head_bytes": len(pack.table(new.files)),
            "update_flash_bytes": (after["erases"] - before["erases"]) * _BLOCK,
            "tap_idle_worst_ms": idle / 1000,
            "tap_update_worst_ms": worst / 1000,
            "taps_during_update": self.taps,
        }

    async def _taps(self, enough) -> float:
        """The longest way from a card that is held there to the relay, in us; as often as it takes."""
        lock, worst, n = self.lock, 0.0, 0
        while not enough(n):
            begun = await lock.hold("tenant")
            lock.heard.clear()
            await lock.until("pin", name="relay", level=1)
            worst = max(worst, now_us() - begun)
            lock.world.card(None)
            await asyncio.sleep(_TAP_EVERY_S)
            n += 1
        self.taps = n
        return worst


def _has(seen: list[dict], step: str) -> bool:
    return any(e["type"] == "operator" and f'"result": "{step}"' in e["payload"] for e in seen)


async def measure(folder: Path, app: Path, port: Path) -> dict[str, float]:
    """All figures by name."""
    key = rsa.generate_private_key(keys.EXPONENT, keys.BITS)
    update = _Update(folder / "update", app, port, key)
    return {**await update.measure(), **_verify(port, key, update.new)}
