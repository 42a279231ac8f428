"""Times a decision among 10,000 records: the firmware's own parts on the flash of a simulated lock.

The program runs in the Unix port, on the fakes' flash and on the sources, whose private names are whole. The
fake flash takes a part of the CPU time; so the number of reads is shown, too.
"""

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

from menshen.simulator import provision

TOP = Path(__file__).resolve().parents[2]
COUNT = 10_000
_TENANT_LEASE = 1
_LIMIT_S = 60
_PROGRAM = """
import json, os, struct, sys, vfs
from bus import libc
from flash import Flash
import esp32, machine
def now(*date): return 2026, 1, 1, 3, 0, 0, 0, 0
class Knife:
    own_us = 0
    def falls(self, kind): return False
    def now(self): return 0
class Part:
    def __getattr__(self, name): return now if name == "datetime" else Part()
    def __call__(self, *arguments, **settings): return 0
    def __len__(self): return 0
    def blob(self, *_): return b""
flash, source = Flash(Knife()), vfs.VfsPosix(os.getenv("MENSHEN_SOURCE"))
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/")
vfs.mount(source, "/source")
sys.path[:] = "/source", ".frozen"
import board, inside, settings
from access.decide import decide
from storage.hmac import Mac
board.Board = lambda *_: Part()
with open("/config.json") as file:
    key = bytes.fromhex(json.load(file)["key"])
gate = inside.Lock(settings.load(), Part())._doorkeeper._gate
cards = [struct.pack(">I", n) for n in range(0, %d, 10)]
mac = Mac(key)
digests = [mac.digest(b"\\x02", card)[:16] for card in cards]
credentials = gate._credentials
def search(digest):
    return decide(credentials.find(digest), None) == "granted"
def judge(card):
    return gate.card(card).granted
clock = libc.func("l", "clock", "")
def took(what, given):
    times = []
    for one in given:
        began = clock()
        granted = what(one)
        times.append(clock() - began)
        if not granted: raise ValueError(one)
    times.sort()
    return times[len(times) // 2]
took(judge, cards)
reads = flash.reads
figures = {"decision_us": took(search, digests)}
figures["decision_reads"] = (flash.reads - reads) / len(digests)
figures["judge_us"] = took(judge, cards)
print(json.dumps(figures))
"""


def credentials() -> list[provision.Credential]:
    """COUNT cards of one lease."""
    return [
        provision.Credential(provision.CARD, struct.pack(">I", n), provision.TENANT, _TENANT_LEASE)
        for n in range(COUNT)
    ]


def measure(micropython: Path, flash: Path, app: Path) -> dict[str, float]:
    """Medians of CPU time in us: decision (digest to verdict), judge (card to verdict, with the HMAC).

    `flash` is the image of a lock that holds credentials(); it is copied. Raises RuntimeError with what the
    program said.
    """
    copy = flash.with_name("decision.img")
    shutil.copy(flash, copy)
    environment = {
        **os.environ,
        "MICROPYPATH": f"{app.parent / 'fakes'}:.frozen",
        "MENSHEN_FLASH": str(copy),
        "MENSHEN_SOURCE": str(TOP / "firmware"),
    }
    done = subprocess.run(
        [micropython, "-X", "heapsize=64m", "-c", _PROGRAM % COUNT],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=_LIMIT_S,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return json.loads(done.stdout.splitlines()[-1])
