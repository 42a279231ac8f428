"""Says on stderr what the benchmark is at, and how long each part took."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator


class Progress:
    """`between` is called before each part."""

    def __init__(self, between: Callable[[], object]) -> None:
        self._between = between
        self._began = time.monotonic()

    @contextlib.contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        self._between()
        began = time.monotonic()
        print(f"[{began - self._began:4.0f} s] {what} ... ", end="", file=sys.stderr, flush=True)
        yield
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
