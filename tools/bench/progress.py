"""Says on stderr what the benchmark is at, each figure once it is known, and how long each part took."""

import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from menshen import ending

Figures = Mapping[str, Any]


class Progress:
    """`between` is called before each part. `missing` has the reason for each part that gave no figures."""

    def __init__(self, between: Callable[[], object]) -> None:
        self._between = between
        self._began = time.monotonic()
        self.missing: dict[str, str] = {}

    async def part(self, what: str, limit_s: float, work: Coroutine[Any, Any, Figures]) -> dict[str, Any]:
        """The figures of one part; none where it fails, or takes longer than this: the others follow."""
        self._between()
        began = time.monotonic()
        self._say(f"[{began - self._began:4.0f} s] {what} ... ", end="")
        try:
            found = dict(await ending.within(limit_s, work))
        except TimeoutError:
            self.missing[what] = f"not done in {limit_s:.0f} s, or a wait in it was in vain"
        except Exception as error:  # whatever it was, the others are measured
            self.missing[what] = f"{type(error).__name__}: {error}"
        else:
            self._say(f"{time.monotonic() - began:.0f} s")
            for name, value in found.items():
                self._say(f"{name:>36} {row(value)}")
            return found
        self._say(self.missing[what])
        return {}

    def _say(self, text: str, end: str = "\n") -> None:
        print(text, end=end, file=sys.stderr, flush=True)


def row(value: object) -> str:
    """A figure, or several by name, on one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {row(part)}" for name, part in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
