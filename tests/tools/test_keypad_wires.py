"""What the computer reads from the keys that came in a self-test: which wire of the keypad is off."""

from menshen.board.keys import faults, hints

LAYOUT = "123456789*0#"


def test_what_is_no_matter_of_keys_is_itself() -> None:
    for hint in ("", "no card", "row|1 2 3|0", "keys|123"):
        assert hints(hint) == [hint]
    assert hints(f"keys||{LAYOUT}") == ["no keys"]


def test_dead_rows_and_columns_name_their_wire() -> None:
    for row in range(4):
        gone = LAYOUT[row * 3 : row * 3 + 3]
        assert _without(gone) == [f"row|{' '.join(gone)}|{row}"]
    for column in range(3):
        gone = LAYOUT[column::3]
        assert _without(gone) == [f"column|{' '.join(gone)}|{column}"]


def test_a_row_and_a_column_at_once_are_both_named() -> None:
    assert hints(f"keys|235689|{LAYOUT}") == ["row|* 0 #|3", "column|1 4 7 *|0"]


def test_exchanged_wires_and_no_plug_are_told_apart() -> None:
    assert list(faults("321654987#0*", LAYOUT)) == [f"exchanged|321654987#0*|{LAYOUT}"]
    assert list(faults("", LAYOUT)) == ["no keys"]
    assert _without("5") == ["not seen|5"]


def _without(gone: str) -> list[str]:
    return list(faults("".join(key for key in LAYOUT if key not in gone), LAYOUT))
