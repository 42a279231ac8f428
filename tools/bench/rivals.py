"""Compares the list with what others do: a JSON file a user (esp-rfid), a dict in RAM, MicroPython's btree.

Each is filled with the same credentials on a littlefs in RAM and asked for some of them, timed in the 64-bit
Unix port; its heap is that of the 32-bit port, which has the chip's word size. What a port does not have, or
what does not fit into the chip's 240 blocks, gives no figure.
"""

import json
import os
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
_KINDS = ("list", "json", "dict", "btree")
COUNTS = (100, 1_000, 10_000, 20_000)
_LIMIT_S = 30  # for one measurement
_LARGEST_JSON = 1_000  # littlefs looks through a whole folder for a name: 10,000 files take a day to make
_PROGRAM = """
import asyncio, gc, json, os, struct, sys, time, vfs
from hashlib import sha256
kind, count = "%s", %d
class Ram:
    def __init__(self, blocks): self.blocks, self.data = blocks, memoryview(bytearray(blocks * 4096))
    def readblocks(self, n, buf, off=0): buf[:] = self.data[n * 4096 + off : n * 4096 + off + len(buf)]
    def writeblocks(self, n, buf, off=0): self.data[n * 4096 + off : n * 4096 + off + len(buf)] = buf
    def ioctl(self, op, arg): return {4: self.blocks, 5: 4096}.get(op, 0)
device = Ram(240)
vfs.VfsLfs2.mkfs(device)
vfs.mount(vfs.VfsLfs2(device, readsize=32, progsize=32, lookahead=32), "/access")
def digest(n): return sha256(struct.pack("<I", n)).digest()[:16]
rest = struct.pack("<BBHBBIIH", 1, 2, 1, 0, 0, 0, 0, 0)
from roll.credentials import Credential, Credentials
from roll.install import NO_SNAPSHOT, install
free = os.statvfs("/access")[3]
gc.collect()
heap = gc.mem_alloc()
if kind == "list":
    hashed = sha256()
    records = sorted([digest(n) + rest for n in range(count)])
    with open("/access/a", "wb") as file:
        for part in [b"MNL2" + struct.pack("<III", count, 0, 0)] + records:
            file.write(part)
            hashed.update(part)
    del records
    credentials = Credentials()
    identity = 1, 16 + 32 * count, hashed.digest()
    async def pace(): pass
    asyncio.run(install(credentials, bytes(32), (1, 0), (identity, NO_SNAPSHOT), b"", pace))
    find = credentials.find
elif kind == "json":
    names = ("role", "kind", "lease", "schedule", "uses", "not_before", "not_after", "key_ref")
    for n in range(count):
        with open("/access/" + digest(n).hex(), "w") as file:
            json.dump(dict(zip(names, struct.unpack("<BBHBBIIH", rest))), file)
    def find(key):
        try:
            with open("/access/" + key.hex()) as file:
                return json.load(file)
        except OSError:
            return None
elif kind == "dict":
    users = {digest(n): bytes(memoryview(rest)) for n in range(count)}
    def find(key):
        record = users.get(key)
        return record and Credential(key + record)
elif kind == "btree":
    import btree
    file = open("/access/tree", "w+b")
    tree = btree.open(file, pagesize=512)
    for n in range(count): tree[digest(n)] = rest
    tree.flush()
    def find(key):
        record = tree.get(key)
        return record and Credential(key + record)
gc.collect()
heap = gc.mem_alloc() - heap
took = []
for n in range(0, count, max(1, count // 1000)):
    key = digest(n)
    began = time.ticks_us()
    found = find(key)
    took.append(time.ticks_diff(time.ticks_us(), began))
    if found is None: raise ValueError(n)
took.sort()
flash = (free - os.statvfs("/access")[3]) * 4096
print(json.dumps({"us": took[len(took) // 2], "heap": heap, "flash": flash}))
"""


def look_up(micropython: Path, kind: str, count: int) -> dict[str, float] | None:
    """Median us a look-up, bytes of heap and of flash; None if the port has not got it, or no space."""
    environment = {**os.environ, "MICROPYPATH": f"{TOP / 'firmware'}:.frozen"}
    done = subprocess.run(
        [micropython, "-X", "heapsize=64m", "-c", _PROGRAM % (kind, count)],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=_LIMIT_S,
    )
    if done.returncode:
        if "OSError: 28" in done.stdout + done.stderr or "no module named" in done.stdout + done.stderr:
            return None
        raise RuntimeError(done.stdout + done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


async def measure(wide: Path, narrow: Path) -> dict[str, float]:
    """Median us a look-up, bytes of heap and of flash, of each kind at each count: `json_us_1000`, …"""
    figures: dict[str, float] = {}
    for kind in _KINDS:
        for count in COUNTS:
            if kind == "json" and count > _LARGEST_JSON:
                continue
            fast, small = look_up(wide, kind, count), look_up(narrow, kind, count)
            if fast is None or small is None:
                continue
            figures[f"{kind}_us_{count}"] = fast["us"]
            figures[f"{kind}_heap_bytes_{count}"] = small["heap"]
            figures[f"{kind}_flash_bytes_{count}"] = small["flash"]
    return figures


def table(figures: dict[str, float]) -> str:
    """The figures side by side, a line for each count."""
    lines = [f"{'credentials':>12}" + "".join(f"{kind:>30}" for kind in _KINDS)]
    for count in COUNTS:
        cells = []
        for kind in _KINDS:
            us, heap, flash = (
                figures.get(f"{kind}_{n}_{count}") for n in ("us", "heap_bytes", "flash_bytes")
            )
            cells.append("-" if us is None else f"{us:.0f} us, {heap:.0f} B, {flash / 1024:.0f} KB flash")
        lines.append(f"{count:>12}" + "".join(f"{cell:>30}" for cell in cells))
    return "\n".join(lines)
