"""Draws the wiring of a board profile as an SVG, with the pins of firmware/wiring.py: one source for both."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from menshen import wiring

_WIDTH, _ROW, _TOP = 1120, 30, 96
_BOARD_X, _BOARD_WIDTH = 380, 190
_PART_X, _PART_WIDTH = 690, 400
_RED, _BLACK, _BLUE, _GREEN = "#b3261e", "#202020", "#1f4fa3", "#1d6b3a"
_STYLE = """
text{font:14px sans-serif;fill:#202020}.small{font-size:12px;fill:#555}.pin{font:bold 13px monospace}
.title{font-size:20px;font-weight:bold}rect{fill:#fff;stroke:#202020;stroke-width:1.5}
path{fill:none;stroke-width:2}
"""
CHIPS = {"devkit": "ESP32-WROOM", "wrover": "ESP32-WROVER", "s3": "ESP32-S3"}
"""What stands on the board's own module."""


@dataclass(frozen=True)
class Wire:
    """One wire from a pin: the part of wiring.py, its place there, the terminal, and what lies on the way."""

    part: str
    place: int
    terminal: str
    on_the_way: str = ""


@dataclass(frozen=True)
class Module:
    """What the wires of one box lead to, and what an electrician must know of it."""

    name: str
    wires: Sequence[Wire]
    also: str


MODULES = (
    Module(
        "Relay driver, 5 V coil",
        [Wire("relay", 0, "IN", "10 kΩ: see page")],
        "1 kΩ, transistor, diode across the coil; 5 V, ground",
    ),
    Module(
        "PN532, switches to HSU",
        [
            Wire("reader_tx", 0, "RXD"),
            Wire("reader_rx", 0, "TXD"),
            Wire("reader_irq", 0, "IRQ (P70)"),
            Wire("reader_reset", 0, "RSTPD_N"),
        ],
        "3.3 V or 5 V as the module says; ground",
    ),
    Module(
        "Keypad, 4 rows of 3",
        [
            *(
                Wire("key_rows", n, f"row {keys}")
                for n, keys in enumerate(("1 2 3", "4 5 6", "7 8 9", "* 0 #"))
            ),
            *(
                Wire("key_columns", n, f"column {keys}")
                for n, keys in enumerate(("1 4 7 *", "2 5 8 0", "3 6 9 #"))
            ),
        ],
        "or Wiegand: D0, D1 at the first two columns, 5 V divided",
    ),
    Module(
        "Door contact",
        [Wire("contact", 0, "contact to ground", "10 kΩ to 3.3 V")],
        "closed contact: closed door; second wire to ground",
    ),
    Module(
        "Exit button, first contact",
        [Wire("exit_button", 0, "contact 1 to ground")],
        "contact 2 does not come here: see the strike below",
    ),
    Module(
        "Tamper switch in the case", [Wire("tamper", 0, "to ground, case closed")], "second wire to ground"
    ),
    Module(
        "Service jumper",
        [Wire("jumper", 0, "jumper to ground", "10 kΩ to 3.3 V")],
        "in while somebody works over USB, else out",
    ),
    Module("Buzzer, passive", [Wire("buzzer", 0, "base, by 1 kΩ")], "transistor; the buzzer at 5 V"),
    Module(
        "Fire alarm's second contact, if wanted",
        [Wire("fire", 0, "break contact to ground", "10 kΩ to 3.3 V")],
        "shown only (door.fire); the first contact: see the strike",
    ),
    Module("WS2812 light", [Wire("light", 0, "DIN", "330 Ω")], "5 V, ground, 100 nF beside it"),
)
"""All that is wired to the board, from top to bottom."""


def terminals(board: str) -> dict[tuple[str, int], int]:
    """GPIO numbers by (part, place) of every wire that is drawn."""
    return {(wire.part, wire.place): _number(board, wire) for module in MODULES for wire in module.wires}


def drawing(board: str) -> str:
    """The whole drawing, an SVG."""
    chip = CHIPS[board]
    rows = sum(len(module.wires) + 2 for module in MODULES)
    door_y = _TOP + rows * _ROW + 10
    height = door_y + 330
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>Wiring of the board profile {escape(board)}</title><style>{_STYLE}</style>",
        f'<rect x="0" y="0" width="{_WIDTH}" height="{height}" style="stroke:none"/>',
        _text(20, 36, f"Wiring: board profile {board}, {chip}", "title"),
        _text(
            20,
            60,
            "Numbers are GPIO numbers. Red: 12 V. Blue: 5 V. Grey text: what else each part needs.",
            "small",
        ),
        _box(_BOARD_X, _TOP - 10, _BOARD_WIDTH, rows * _ROW - 6),
        _text(_BOARD_X + 14, _TOP + 14, chip),
    ]
    y = _TOP + _ROW
    for module in MODULES:
        parts.append(_box(_PART_X, y - 22, _PART_WIDTH, (len(module.wires) + 1) * _ROW + 14))
        parts.append(_text(_PART_X + 10, y - 2, module.name))
        for n, wire in enumerate(module.wires):
            at = y + 20 + n * _ROW
            parts += _wire(board, wire, at)
        parts.append(_text(_PART_X + 10, y + 14 + len(module.wires) * _ROW, module.also, "small"))
        y += (len(module.wires) + 2) * _ROW
    return "\n".join([*parts, *_supply(), *_door(door_y), "</svg>"]) + "\n"


def _wire(board: str, wire: Wire, y: int) -> list[str]:
    ends = _BOARD_X + _BOARD_WIDTH
    named = f"GPIO {_number(board, wire)}"
    drawn = [
        _path(f"M{ends} {y}H{_PART_X}", _BLACK),
        f'<text class="pin" x="{ends - 10}" y="{y + 5}" text-anchor="end">{named}</text>',
        _text(_PART_X + 10, y + 5, wire.terminal),
    ]
    if wire.on_the_way:
        middle = (ends + _PART_X) // 2
        drawn.append(
            f'<text class="small" x="{middle}" y="{y - 6}" text-anchor="middle">{wire.on_the_way}</text>'
        )
    return drawn


def _supply() -> list[str]:
    """The left side: mains, battery, and the two voltages."""
    x, y = 20, _TOP + 20
    boxes = (
        ("Power supply 12 V, 2 A", "safety extra-low voltage; fuse 2 A"),
        ("12 V battery, charger", "board and strike without mains"),
        ("Converter 12 V to 5 V, 2 A", "board, light, buzzer, relay coil"),
    )
    drawn = []
    for n, (name, also) in enumerate(boxes):
        at = y + n * 120
        drawn += [_box(x, at, 290, 64), _text(x + 12, at + 26, name), _text(x + 12, at + 48, also, "small")]
        if n:
            drawn.append(_path(f"M{x + 145} {at - 56}V{at}", _RED))
    at = y + 2 * 120 + 32
    drawn.append(_path(f"M{x + 290} {at}H{_BOARD_X}", _BLUE))
    drawn.append(_text(x + 296, at - 8, "5 V, GND", "small"))
    drawn.append(_path(f"M{x + 40} {at + 32}V{at + 110}", _RED))
    drawn.append(_text(x + 52, at + 80, "12 V goes on to the strike, below", "small"))
    return drawn


def _door(y: int) -> list[str]:
    """The 12 V circuit of the strike: the relay, and past it the exit button's second contact."""
    line, lower = y + 90, y + 190
    minus = f"M860 {line}H1040V{lower}H860M720 {lower}H20"
    notes = (
        "Fail-safe strike (escape route): the relay's NC contact, and in series with it the exit button's",
        "second contact as a break contact, and the fire alarm's.",
        "The fire alarm's first contact is a wire of its own here: it lets go whatever the board does.",
    )
    return [
        _path(f"M20 {y}H{_WIDTH - 20}", "#ccc"),
        _text(20, y + 30, "The strike's circuit, 12 V: of the lock only the relay's contact is in it"),
        _path(f"M20 {line}H160M300 {line}H720{minus}", _RED),
        *_labelled(160, line, "relay contact", "NO: fail-secure"),
        _path(f"M100 {line}V{line + 62}H160M300 {line + 62}H420V{line}", _GREEN),
        *_labelled(160, line + 62, "exit button", "contact 2, by itself"),
        *_labelled(720, line, "strike 12 V", "or motor lock"),
        _path(f"M690 {line}V{line - 46}H890V{line}", _BLACK),
        _path(f"M798 {line - 54}v16l-16 -8zM780 {line - 54}v16", _BLACK),
        _text(640, line - 60, "flyback diode 1N4007 at the strike, stripe to plus", "small"),
        *_labelled(720, lower, "0 V of 12 V", "joins GND once"),
        _text(30, line - 10, "+12 V", "small"),
        *(_text(20, lower + 50 + 22 * n, note) for n, note in enumerate(notes)),
    ]


def _labelled(x: int, line: int, name: str, also: str) -> list[str]:
    """A box of the strike's circuit, in the middle of a line."""
    return [
        _box(x, line - 24, 140, 48),
        _text(x + 12, line - 3, name),
        _text(x + 12, line + 15, also, "small"),
    ]


def _path(way: str, colour: str) -> str:
    return f'<path d="{way}" stroke="{colour}"/>'


def _number(board: str, wire: Wire) -> int:
    numbers = wiring.pins(board)[wire.part]
    return numbers if isinstance(numbers, int) else numbers[wire.place]


def _box(x: int, y: int, width: int, height: int) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>'


def _text(x: int, y: int, said: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x}" y="{y}">{escape(said)}</text>'
