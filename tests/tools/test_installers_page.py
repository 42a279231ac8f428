"""What the installer is told is what the lock does: signals, wires, and make's own words."""

import ast
import re
import runpy

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


def _constants(path: str) -> dict[str, object]:
    """What a module of the firmware assigns at its top, as far as it is plain data."""
    found: dict[str, object] = {}
    for node in ast.parse((FIRMWARE / path).read_text()).body:
        match node:
            case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
                if isinstance(value, ast.Call) and ast.unparse(value.func) == "const":
                    value = value.args[0]
                try:
                    found[name] = ast.literal_eval(value)
                except ValueError:
                    continue
    return found


def _rows(part: str) -> dict[str, list[str]]:
    """The cells of a table of the page, by what stands between backquotes in the first of each row."""
    rows = re.findall(r"^\| `([^`]+)` \|(.+)\|$", PAGE.split(part)[1].split("\n## ")[0], re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def _sound(tone: int, ms: int) -> set[str]:
    """The words for a tone that is given once."""
    length = "tick" if ms <= 60 else "short" if ms <= 150 else "long" if ms >= 600 else ""
    return {length, "high" if tone >= 2400 else "low" if tone <= 600 else ""} - {""}


def _pins() -> dict[str, set[int]]:
    """GPIO numbers by their names in board.py."""
    pins = {}
    for name, value in _constants("board.py").items():
        if name in {"_WS2812_NS", "_HALF_DUTY"}:
            continue
        if name == "_FAULT_INPUTS":
            pins[name] = {number for _, number, _ in value}
        else:
            pins[name] = set(value) if isinstance(value, tuple) else {value}
    return pins


def test_every_signal_of_the_lock_is_explained_and_no_other() -> None:
    signals = {*TABLE["SIGNALS"], *(name for name, *_ in TABLE["CONDITIONS"])}
    explained = _rows("## What light")
    assert set(explained) == signals
    assert all(light and buzzer and meaning for light, buzzer, meaning, _ in explained.values())


def test_light_and_buzzer_are_explained_as_they_are() -> None:
    explained = _rows("## What light")
    lasting = {name: row for name, *row in TABLE["CONDITIONS"]}
    for name, (colour, tone, tone_ms, _) in TABLE["SIGNALS"].items():
        light, buzzer = explained[name][:2]
        assert light.removesuffix(", lasting") == COLOURS[colour], name
        assert set(buzzer.split(", ")) == _sound(tone, tone_ms), name
    for name, (colour, tone) in lasting.items():
        light, buzzer = explained[name][:2]
        assert light == f"{COLOURS[colour]}, lasting", name
        if name not in TABLE["SIGNALS"]:
            assert buzzer == ("none" if not tone else "loud beeps" if tone > 3000 else "beeps"), name


def test_the_list_of_colours_at_the_top_has_each_that_the_lock_shows_and_no_other() -> None:
    told = WIRING.split("The light says what the lock means: ")[1].split("\n\n")[0].replace("\n", " ")
    rows = [*TABLE["SIGNALS"].values(), *(row[1:] for row in TABLE["CONDITIONS"])]
    shown = {COLOURS[row[0]] for row in rows} - {"dark"}
    words = sorted(COLOURS.values(), key=len, reverse=True)  # "pale blue" before "blue"
    assert set(re.findall(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])", told)) == shown


def test_a_colour_that_is_shown_for_two_things_is_so_on_purpose() -> None:
    """Whoever sees only the light can tell what matters: orange is "wait", red-violet an intruder."""
    meanings: dict[int, set[str]] = {}
    for name, row in [*TABLE["SIGNALS"].items(), *((name, row) for name, *row in TABLE["CONDITIONS"])]:
        meanings.setdefault(row[0], set()).add(name)
    shared = [names for names in meanings.values() if len(names) > 1]
    assert sorted(map(sorted, shared)) == [
        ["forced", "tamper"],
        ["granted", "passage"],
        ["no clock", "throttled"],
    ]


def test_the_simulator_names_every_colour_that_the_lock_shows() -> None:
    rows = [*TABLE["SIGNALS"].values(), *(row[1:] for row in TABLE["CONDITIONS"])]
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


def test_what_pins_tell_are_faults_that_the_lock_has() -> None:
    inputs = _constants("board.py")["_FAULT_INPUTS"]
    assert {name for name, _, _ in inputs} <= set(FAULTS["FAULTS"])


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


def test_the_wiring_table_has_every_pin_of_the_board() -> None:
    shown = {
        int(number)
        for row in re.findall(r"^\|[^|]+\|([^|]+)\|", WIRING, re.MULTILINE)
        for number in re.findall(r"\d+", row)
    }
    assert set().union(*_pins().values()) <= shown


def test_the_self_test_names_no_pin_that_the_board_has_not() -> None:
    pins = set().union(*_pins().values())
    for path in (FIRMWARE / "selftest").glob("*.py"):
        named = {int(number) for number in re.findall(r"GPIO (\d+)", path.read_text())}
        assert named <= pins, path.name


def test_the_self_tests_keypad_is_wired_as_the_boards() -> None:
    board, keys = _constants("board.py"), _constants("selftest/keys.py")
    assert (keys["_ROWS"], keys["_COLUMNS"]) == (board["_KEY_ROWS"], board["_KEY_COLUMNS"])


def test_the_jumper_that_boot_looks_at_is_the_boards() -> None:
    (jumper,) = _pins()["_JUMPER"]
    assert f"Pin({jumper}, Pin.IN)" in (TOP / "boot.py").read_text()
    assert f"GPIO {jumper} to ground" in PAGE


def test_the_page_says_what_an_image_needs_to_take_releases() -> None:
    for line in re.findall(r"^ +make image .*$", PAGE, re.MULTILINE):
        assert "TRUST=" in line or "--no-updates" in line, line
    assert "for good" in PAGE.split("## 2. Flash")[1].split("\n## ")[0]


def test_every_command_on_the_page_is_one_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", PAGE)) <= targets
