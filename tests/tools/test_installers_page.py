"""What the installer is told is what the lock does: signals, wires, and make's own words."""

import ast
import re

from tests.static.sources import FIRMWARE, TOP

PAGE = (TOP / "tools/board/README.md").read_text()
WIRING = (TOP / "README.md").read_text().split("## Wiring")[1].split("\n## ")[0]


def _constants(path: str) -> dict[str, object]:
    """What a module of the firmware assigns at its top, as far as it is plain data."""
    found: dict[str, object] = {}
    for node in ast.parse((FIRMWARE / path).read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "const":
                value = value.args[0]
            try:
                found[node.targets[0].id] = ast.literal_eval(value)
            except ValueError:
                continue
    return found


def _pins() -> dict[str, set[int]]:
    """GPIO numbers by their names in board.py."""
    pins = {}
    for name, value in _constants("board.py").items():
        if name in {"_WS2812_NS", "_HALF_DUTY"}:
            continue
        pins[name] = set(value) if isinstance(value, tuple) else {value}
    return pins


def test_every_signal_of_the_lock_is_explained_and_no_other() -> None:
    constants = _constants("door/indicator.py")
    signals = set(constants["_SIGNALS"]) | {name for name, *_ in constants["_CONDITIONS"]}
    explained = set(
        re.findall(r"^\| `([^`]+)` \| \S", PAGE.split("## What light")[1].split("\n## ")[0], re.MULTILINE)
    )
    assert explained == signals


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


def test_every_command_on_the_page_is_one_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", PAGE)) <= targets
