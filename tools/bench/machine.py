"""How fast this computer is now: the CPU time of one fixed piece of work, asked again and again."""

import statistics
import subprocess
from pathlib import Path

_BUSY = 1.2
_PROGRAM = """
import ffi
clock = ffi.open(None).func("l", "clock", "")
def work():
    found = {}
    for n in range(20000):
        found[n & 63] = n, str(n & 7)
times = []
for _ in range(5):
    began = clock()
    work()
    times.append(clock() - began)
print(min(times))
"""


class Machine:
    """Samples over the whole run: if they differ, other work has slowed the measurements down, too.

    CPU time is not free of that: caches, clock rate and the host of a virtual machine are shared.
    """

    def __init__(self, micropython: Path) -> None:
        self._micropython = micropython
        self._samples: list[int] = []

    def sample(self) -> int:
        """Work for some 50 ms, in a process of its own; what it took."""
        command = [self._micropython, "-X", "heapsize=300k", "-c", _PROGRAM]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        self._samples.append(int(done.stdout))
        return self._samples[-1]

    def figures(self) -> dict[str, float]:
        """`machine_us`, the median of all samples, and `machine_best_us`."""
        return {"machine_us": statistics.median(self._samples), "machine_best_us": min(self._samples)}


def warning(usual: float, best: float) -> str:
    """A line for people if the computer was busy, otherwise nothing."""
    if usual <= best * _BUSY:
        return ""
    return f"This computer was busy: the same work took {usual / best:.1f} times as long as at best.\n"
