"""One picture of the fleet: a tile for each lock, its colour and its word by health, on one A4 page."""

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from .ordered import naturally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .health import Health

_WIDTH, _HEIGHT, _EDGE, _HEAD, _GAP = 1188, 840, 36, 92, 8  # A4, quarters of a millimetre
# Fill, ink and mark: each state differs in its mark too, for those who do not tell the colours apart.
_LOOKS = {
    "offline": ("#b3261e", "#ffffff", "✕"),
    "fault": ("#f2b632", "#2b2100", "!"),
    "list waits": ("#4c78b8", "#ffffff", "↓"),
    "never heard": ("#d5d3cc", "#45433e", "?"),
    "well": ("#dfeee0", "#1d3b24", "✓"),
}
"""In the order in which they want somebody to look."""


def picture(locks: "Sequence[Health]", now: float) -> str:
    """The picture as SVG; `now` in seconds since 1970 stands on it. Those with trouble come first."""
    order = list(_LOOKS)
    ranked = sorted(locks, key=lambda one: (order.index(one.health), naturally(one.lock)))
    columns, rows = _grid(len(ranked))
    width = (_WIDTH - 2 * _EDGE + _GAP) / columns
    height = (_HEIGHT - _EDGE - _HEAD + _GAP) / rows
    tiles = [
        _tile(one, _EDGE + at % columns * width, _HEAD + at // columns * height, width - _GAP, height - _GAP)
        for at, one in enumerate(ranked)
    ]
    front = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'width="297mm" height="210mm" font-family="system-ui, Helvetica, Arial, sans-serif">'
    )
    paper = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
    return "\n".join([front, paper, *_heading(ranked, now), *tiles, "</svg>\n"])


def _grid(count: int) -> tuple[int, int]:
    """Columns and rows: tiles about twice as wide as high, and never larger than a sixteenth of the page."""
    columns = max(4, math.ceil(math.sqrt(count * 0.8)))
    return columns, max(4, math.ceil(count / columns))


def _heading(ranked: "Sequence[Health]", now: float) -> list[str]:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(now))
    title = f"{len(ranked)} lock{'' if len(ranked) == 1 else 's'}"
    parts = [
        _text(_EDGE, 52, title, _Letters(30, "#1c1b19", 600)),
        _text(_WIDTH - _EDGE, 52, when, _Letters(16, "#6b6862", 400, "end")),
    ]
    x = _EDGE + 190.0
    for health, (fill, ink, mark) in _LOOKS.items():
        count = sum(one.health == health for one in ranked)
        said = f"{count} {health}"
        parts.append(f'<rect x="{x}" y="34" width="22" height="22" rx="5" fill="{fill}"/>')
        parts.append(_text(x + 11, 50, mark, _Letters(14, ink, 700, "middle")))
        parts.append(_text(x + 30, 51, said, _Letters(16, "#1c1b19" if count else "#a5a29b", 500)))
        x += 54 + 8.6 * len(said)
    return parts


def _tile(one: "Health", x: float, y: float, width: float, height: float) -> str:
    fill, ink, mark = _LOOKS[one.health]
    pad = min(12.0, width * 0.09)
    size = max(8.5, min(20.0, height * 0.26, (width - 2 * pad - 16) / max(6, len(one.lock)) / 0.62))
    name = one.lock
    room = int((width - 2 * pad - 16) / size / 0.62)
    if len(name) > room:
        name = f"…{name[1 - room :]}"  # names of flats differ at their end
    small = min(14.0, height * 0.19)
    lines = [
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7" fill="{fill}"/>',
        _text(x + pad, y + height * 0.38, name, _Letters(size, ink, 600)),
        _text(x + width - pad, y + height * 0.38, mark, _Letters(min(18.0, height * 0.26), ink, 700, "end")),
    ]
    note = _note(one)
    room = int((width - 2 * pad) / (small * 0.54))
    if len(note) > room:
        note = f"{note[: room - 1]}…"
    lines.append(_text(x + pad, y + height * 0.74, note, _Letters(small, ink, 400)))
    title = f"<title>{escape(f'{one.lock}: {one.health} {note}')}</title>"
    return f"<g>{title}{''.join(lines)}</g>"


def _note(one: "Health") -> str:
    """What somebody who looks at a tile needs to know next."""
    if one.health == "fault":
        return ", ".join(one.faults)
    if one.health == "list waits":
        return f"list {one.held} of {one.wanted}"
    if one.health == "offline" and one.since:
        return f"{time.strftime('%d %b %H:%M', time.localtime(one.since))}"
    if one.health == "well":
        return f"{one.firmware}, {one.signal}" if one.signal else one.firmware
    return one.health


@dataclass(frozen=True)
class _Letters:
    """How a text looks; `anchor` is the end that stands where it is put."""

    size: float
    ink: str
    weight: int
    anchor: str = "start"


def _text(x: float, y: float, said: str, looks: _Letters) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{looks.size:.1f}" font-weight="{looks.weight}" '
        f'fill="{looks.ink}" text-anchor="{looks.anchor}">{escape(said)}</text>'
    )
