"""Draws lines over time as an SVG picture, with both scales logarithmic."""

import math
from collections.abc import Iterable
from html import escape
from pathlib import Path

_WIDTH, _HEIGHT = 860, 484
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 30, 116, 52
_COLOURS = ("#b4381f", "#b88300", "#0b6e4f")
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:16px;font-weight:600}"
    ".grid{stroke:#ddd}.line{fill:none;stroke-width:1.8;stroke-linejoin:round}"
)

Line = tuple[str, list[tuple[float, float]]]


class _Scale:
    """From 10^first to 10^last, on `size` pixels that begin at `start`."""

    def __init__(self, values: Iterable[float], start: float, size: float) -> None:
        found = sorted(values)
        self.first, self.last = math.floor(math.log10(found[0])), math.ceil(math.log10(found[-1]))
        self._start, self._size = start, size

    def at(self, value: float) -> float:
        return self._start + self._size * (math.log10(value) - self.first) / (self.last - self.first)

    def ticks(self) -> list[int]:
        return [10**power for power in range(max(self.first, 0), self.last + 1)]


def draw(path: Path, title: str, lines: list[Line], across: str, up: str) -> None:
    """Write the picture; the points of each line are (x, y), all above zero, and x rises."""
    points = [point for _, line in lines for point in line]
    xs = _Scale((x for x, _ in points), _LEFT, _WIDTH - _LEFT - _RIGHT)
    ys = _Scale((y for _, y in points), _HEIGHT - _BOTTOM, _TOP + _BOTTOM - _HEIGHT)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text class="title" x="{_LEFT}" y="26">{escape(title)}</text>',
    ]
    for tick in xs.ticks():
        x = xs.at(tick)
        out.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
        out.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{tick:,}</text>')
    for tick in ys.ticks():
        y = ys.at(tick)
        out.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:,}</text>')
    for number, (name, line) in enumerate(lines):
        colour, y = _COLOURS[number % len(_COLOURS)], 44 + 16 * number
        way = " ".join(f"{xs.at(a):.1f},{ys.at(b):.1f}" for a, b in line)
        out.append(f'<polyline class="line" stroke="{colour}" points="{way}"/>')
        out.append(f'<rect x="{_LEFT}" y="{y - 4}" width="22" height="4" fill="{colour}"/>')
        out.append(f'<text x="{_LEFT + 30}" y="{y + 3}">{escape(name)}</text>')
    out.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 12}" text-anchor="end">{escape(across)}</text>')
    out.append(f'<text x="14" y="{_TOP - 12}">{escape(up)}</text></svg>')
    path.write_text("\n".join(out) + "\n", "utf-8")
