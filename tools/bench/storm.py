"""10,000 locks lose their broker, which comes back: how many try to connect in each second.

The firmware's own back-off (link/backoff.py, with the base of outside.py) stands beside two others: a
fixed second, as mqtt_as waits, and the capped full jitter of the AWS SDKs (base 1 s, cap 20 s).
"""

import heapq
import importlib.util
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from .chart import draw

_LINK = Path(__file__).resolve().parents[2] / "firmware/link"
LOCKS = 10_000
_GONE_S = 60
_HANDSHAKES = 500  # that the broker makes in a second; whoever comes beyond them is turned away
_CAP_MS = 600_000  # the default of broker.backoff_cap_s
_AWS_BASE_MS, _AWS_CAP_MS = 1000, 20_000
_SHARES = {"half_back_s": 0.5, "99_percent_back_s": 0.99}

Wait = Callable[[], int]


def _firmware() -> tuple[type, int]:
    """The class Backoff, and the base with which the firmware makes one for TLS, in ms."""
    source = (_LINK.parent / "outside.py").read_text("utf-8")
    base = re.search(r"^_HANDSHAKE_MS = const\(([\d_]+)\)", source, re.MULTILINE)
    if base is None or "Backoff(_HANDSHAKE_MS if tls else" not in source:
        raise RuntimeError("firmware/outside.py gives Backoff another base: storm.py must follow it")
    spec = importlib.util.spec_from_file_location("menshen_backoff", _LINK / "backoff.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Backoff, int(base[1])


def simulate(make: Callable[[], Wait], locks: int = LOCKS) -> tuple[Counter, list[float]]:
    """Attempts by second since the broker went, and when each lock was back, in order."""
    attempts, admitted = Counter[int](), Counter[int]()
    waits = [make() for _ in range(locks)]
    due = [(wait() / 1000, number) for number, wait in enumerate(waits)]
    heapq.heapify(due)
    back = []
    while due:
        now, number = heapq.heappop(due)
        second = int(now)
        attempts[second] += 1
        if now >= _GONE_S and admitted[second] < _HANDSHAKES:
            admitted[second] += 1
            back.append(now - _GONE_S)
        else:
            heapq.heappush(due, (now + waits[number]() / 1000, number))
    return attempts, back


def _full_jitter(draw_to: Callable[[int], int]) -> Wait:
    """A wait from 0 to a limit that doubles, as the AWS SDKs have it."""
    limits = iter([min(_AWS_CAP_MS, _AWS_BASE_MS << n) for n in range(10)])
    return lambda: draw_to(next(limits, _AWS_CAP_MS))


async def measure(picture: Path) -> dict[str, dict[str, float]]:
    """By back-off: peak and total of attempts, seconds until half and 99 % are back. Draws them over time."""
    backoff, base = _firmware()
    dice = random.Random(1)

    def draw_to(limit: int) -> int:
        return dice.randrange(limit + 1)

    kinds: dict[str, tuple[str, Callable[[], Wait]]] = {
        "fixed": ("fixed 1 s (mqtt_as)", lambda: lambda: 1000),
        "aws": (
            f"full jitter, {_AWS_BASE_MS // 1000} to {_AWS_CAP_MS // 1000} s (AWS)",
            lambda: _full_jitter(draw_to),
        ),
        "menshen": (
            f"Menshen: jitter of a half, {base // 1000} to {_CAP_MS // 1000} s",
            lambda: backoff(base, _CAP_MS, draw_to).next,
        ),
    }
    figures: dict[str, dict[str, float]] = {}
    lines = []
    for kind, (name, make) in kinds.items():
        attempts, back = simulate(make)
        figures[kind] = {"peak_per_s": max(attempts.values()), "attempts": attempts.total()}
        for share, part in _SHARES.items():
            figures[kind][share] = round(back[int(len(back) * part) - 1], 1)
        lines.append((name, [(second + 1.0, float(count)) for second, count in sorted(attempts.items())]))
    title = (
        f"{LOCKS:,} locks lose their broker; after {_GONE_S} s it is back and admits {_HANDSHAKES} a second"
    )
    draw(picture, title, lines, "seconds since the broker went", "attempts to connect, in each second")
    return figures


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures for people."""
    names = next(iter(found.values()))
    lines = [f"{'back-off':12} " + " ".join(f"{name:>18}" for name in names)]
    for kind, figures in found.items():
        lines.append(f"{kind:12} " + " ".join(f"{value:18,.10g}" for value in figures.values()))
    return "\n".join(lines)
