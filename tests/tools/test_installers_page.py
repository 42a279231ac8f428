"""What the installer is told is what the lock does: signals, wires, and make's own words."""

import ast
import re
import runpy

from menshen import wiring
from menshen.simulator import lights
from tests.static.helpers.sources import FIRMWARE, TOP

PAGE = (TOP / "tools/board/README.md").read_text()
WIRING = (TOP / "README.md").read_text().split("## Wiring")[1].split("\n## ")[0]
TABLE = runpy.run_path(str(FIRMWARE / "door/signals.py"))
COLOURS = {
    value: name.lower().replace("_", "-" if name == "RED_VIOLET" else " ")
    for name, value in TABLE.items()
    if name.isupper() and isinstance(value, int)
}
"""The word for each colour: its name in the table."""

FAULTS = runpy.run_path(str(FIRMWARE / "door/faults.py"))


def _rows(part: str) -> dict[str, list[str]]:
    """The cells of a table of the page, by what stands between backquotes in the first of each row."""
    rows = re.findall(r"^\| `([^`]+)` \|(.+)\|$", PAGE.split(part)[1].split("\n## ")[0], re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def _sound(tone: int, ms: int) -> set[str]:
    """The words for a tone that is given once."""
    length = "tick" if ms <= 60 else "short" if ms <= 150 else "long" if ms >= 600 else ""
    return {length, "high" if tone >= 2400 else "low" if tone <= 600 else ""} - {""}


def test_every_signal_of_the_lock_is_explained_and_no_other() -> None:
    signals = {*lights.signals(), *lights.conditions()}
    explained = _rows("## What light")
    assert set(explained) == signals
    assert all(light and buzzer and meaning for light, buzzer, meaning, _ in explained.values())


def test_light_and_buzzer_are_explained_as_they_are() -> None:
    explained = _rows("## What light")
    for name, (colour, tone, tone_ms, _) in lights.signals().items():
        light, buzzer = explained[name][:2]
        assert light.removesuffix(", lasting") == COLOURS[colour], name
        assert set(buzzer.split(", ")) == _sound(tone, tone_ms), name
    for name, (colour, tone) in lights.conditions().items():
        light, buzzer = explained[name][:2]
        assert light == f"{COLOURS[colour]}, lasting", name
        if name not in lights.signals():
            assert buzzer == ("none" if not tone else "loud beeps" if tone > 3000 else "beeps"), name


def test_the_list_of_colours_at_the_top_has_each_that_the_lock_shows_and_no_other() -> None:
    told = WIRING.split("The light says what the lock means: ")[1].split("\n\n")[0].replace("\n", " ")
    rows = [*lights.signals().values(), *lights.conditions().values()]
    shown = {COLOURS[row[0]] for row in rows} - {"dark"}
    words = sorted(COLOURS.values(), key=len, reverse=True)  # "pale blue" before "blue"
    assert set(re.findall(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])", told)) == shown


def test_a_colour_that_is_shown_for_two_things_is_so_on_purpose() -> None:
    """Whoever sees only the light can tell what matters: orange is "wait", red-violet an intruder."""
    meanings: dict[int, set[str]] = {}
    for name, row in [*lights.signals().items(), *lights.conditions().items()]:
        meanings.setdefault(row[0], set()).add(name)
    shared = [names for names in meanings.values() if len(names) > 1]
    assert sorted(map(sorted, shared)) == [
        ["denied", "fire"],
        ["forced", "tamper"],
        ["granted", "passage"],
        ["no clock", "throttled"],
    ]


def test_the_simulator_names_every_colour_that_the_lock_shows() -> None:
    rows = [*lights.signals().values(), *lights.conditions().values()]
    assert set(lights.names()) == {f"#{colour:06x}" for colour, *_ in rows}
    assert lights.names()["#ff00ff"] == "trouble"


def test_every_fault_is_explained_and_no_other() -> None:
    assert set(_rows("## What is broken")) == set(FAULTS["FAULTS"])


def test_faults_have_bits_of_their_own_that_older_releases_know() -> None:
    """NVS `had` holds them across an update: what a bit means never changes."""
    bits = {name: bit for name, bit in FAULTS["FAULTS"].items() if bit}
    assert bits.items() >= {"reader": 1, "keypad": 2, "no credentials": 4, "residents": 8}.items()
    assert len(set(bits.values())) == len(bits)
    assert all(bit & (bit - 1) == 0 for bit in bits.values())


def test_what_a_pin_tells_is_a_fault_that_the_lock_has_with_a_light_of_its_own() -> None:
    tables = [table for table in runpy.run_path(str(FIRMWARE / "wiring.py")).values() if type(table) is tuple]
    assert len(tables) == len(wiring.BOARDS)
    for table in tables:
        told = {name: level for name, _, level in table[len(wiring.PARTS) :]}
        assert told.keys() <= set(FAULTS["FAULTS"]) & lights.conditions().keys()
        assert told[FAULTS["FIRE"]] == 1, "with its wire cut the pin is high: that is told, too"
        assert table[-1][0] == FAULTS["FIRE"], "pins() takes it away where the settings have no door.fire"


def test_faults_go_by_the_names_of_their_table() -> None:
    """`reports.fault("reader", ...)` would be the same fact once more."""
    for path in FIRMWARE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "fault"
            ):
                assert not isinstance(node.args[0], ast.Constant), f"{path.name}:{node.lineno}"


def _row(line: str) -> tuple[str, list[list[int]]]:
    """What a row of the wiring table is about, and its GPIO numbers for each board."""
    part, *cells = (cell.strip() for cell in line.strip("|").split("|"))
    return part, [list(map(int, re.findall(r"\d+", cell))) for cell in cells[: len(wiring.BOARDS)]]


def test_the_wiring_table_is_the_boards() -> None:
    """README's, for each board: every pin of the lock in its row, and no other."""
    shown = dict(map(_row, re.findall(r"^\| .*\d.*\|$", WIRING, re.MULTILINE)))
    rows = {
        "relay": ["relay"],
        "PN532, serial (HSU): TX, RX": ["reader_tx", "reader_rx"],
        "PN532 IRQ, RSTPD_N": ["reader_irq", "reader_reset"],
        "keypad rows": ["key_rows"],
        "keypad columns": ["key_columns"],
        "door contact": ["contact"],
        "exit button": ["exit_button"],
        "tamper switch": ["tamper"],
        "buzzer": ["buzzer"],
        "RGB light": ["light"],
        "service jumper": ["jumper"],
        "fire alarm's contact": ["fire"],
    }
    assert sorted(part for parts in rows.values() for part in parts) == sorted(wiring.pins("devkit"))
    for n, board in enumerate(wiring.BOARDS):
        pins = wiring.pins(board)
        for row, parts in rows.items():
            told = [pins[part] for part in parts]
            numbers = [number for one in told for number in ([one] if isinstance(one, int) else one)]
            assert shown[row][n] == numbers, (row, board)
        wiegand = list(wiring.gpios(board, "key_columns")[:2])
        assert shown["or a Wiegand keypad or reader: D0, D1"][n] == wiegand


def test_the_self_test_names_parts_that_every_board_has_and_no_numbers() -> None:
    """The computer puts the pins of this board in their places."""
    files = [
        *(FIRMWARE / "selftest").glob("*.py"),
        TOP / "tools/board/selftest.py",
        TOP / "tools/board/hints.py",
    ]
    named = set()
    for path in files:
        text = path.read_text()
        assert not re.findall(r"GPIO \d+", text), path.name
        named |= {
            part
            for part in re.findall(r"\{(\w+)(?: (?:%s|\d))?\}", text)
            if "_" in part or part in wiring.PARTS
        }
    assert named - {"call", "module", "keypad", "reader", "open", "wait_s"} <= set(wiring.PARTS)
    assert named >= {
        "relay",
        "reader_tx",
        "reader_rx",
        "key_rows",
        "key_columns",
        "contact",
        "light",
        "jumper",
    }


def test_the_board_takes_its_pins_in_the_order_in_which_the_tools_name_them() -> None:
    constructor = next(
        node
        for node in ast.walk(ast.parse((FIRMWARE / "board.py").read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    )
    taken = next(node for node in constructor.body if isinstance(node, ast.Assign))
    assert isinstance(taken.targets[0], ast.Tuple)
    assert tuple(ast.unparse(name) for name in taken.targets[0].elts) == (*wiring.PARTS, "*faults")
    comments = re.findall(r"^    .*,  # (\w+)", (FIRMWARE / "wiring.py").read_text(), re.MULTILINE)
    assert comments == [part for board in wiring.BOARDS for part in wiring.pins(board)]


def test_every_board_has_pins_of_its_own_for_all_that_is_wired() -> None:
    """And none that its chip has not, or needs for itself: data sheets, see firmware/wiring.py."""
    taken = {
        "devkit": {0, 1, 2, 3, 5, 12, 15, *range(6, 12), 20, 24, *range(28, 32)},
        "wrover": {0, 1, 2, 3, 12, *range(6, 12), 16, 17, 20, 24, *range(28, 32)},
        "s3": {0, 3, 19, 20, *range(22, 38), 43, 44, 45, 46},
    }
    outputs = ("relay", "reader_tx", "reader_reset", "key_rows", "buzzer", "light")
    pulled = ("key_columns", "exit_button", "tamper")
    for board, forbidden in taken.items():
        numbers: list[int] = []
        for part, pins in wiring.pins(board).items():
            own = [pins] if isinstance(pins, int) else list(pins)
            numbers += own
            if board != "s3" and part in (*outputs, *pulled):
                assert max(own) < 34, f"{board}: {part} on an input without pull"
        assert len(numbers) == len(set(numbers)), board
        assert not forbidden & set(numbers), board
        assert wiring.gpio(board, "jumper") == wiring.gpio("devkit", "jumper"), "boot.py is the same on all"


def test_the_jumper_that_boot_looks_at_is_the_boards() -> None:
    jumper = wiring.gpio("devkit", "jumper")
    assert f"Pin({jumper}, Pin.IN)" in (TOP / "lib/start.py").read_text()
    assert f"GPIO {jumper} to ground" in PAGE


def test_the_page_says_what_an_image_needs_to_take_releases() -> None:
    for line in re.findall(r"^ +make image .*$", PAGE, re.MULTILINE):
        assert "TRUST=" in line or "--no-updates" in line, line
    assert "for good" in PAGE.split("## 2. Flash")[1].split("\n## ")[0]


def test_every_command_on_the_page_is_one_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", PAGE)) <= targets
