"""Tells by the keys that came which wire of a matrix keypad is off: the lock has no room for that."""

from collections.abc import Iterator

_WIDTH = 3  # columns
SEEN = "keys"  # the lock's hint: this word, the keys that came in their order, and those of the layout


def hints(hint: str) -> list[str]:
    """The hints that the lock's own stands for; any other is itself."""
    word, *seen = hint.split("|")
    return list(faults(*seen)) if word == SEEN and len(seen) == 2 else [hint]


def faults(pressed: str, layout: str) -> Iterator[str]:
    """A hint for each fault of the wires, where not all keys came as they are printed."""
    missing = [key for key in layout if key not in pressed]
    if not missing:
        yield f"exchanged|{pressed}|{layout}"
    if len(missing) == len(layout):
        yield "no keys"
        return
    rows = [layout[start : start + _WIDTH] for start in range(0, len(layout), _WIDTH)]
    for row, keys in enumerate(rows):
        if set(keys) <= set(missing):
            yield f"row|{' '.join(keys)}|{row}"
            missing = [key for key in missing if key not in keys]
    for column in range(_WIDTH):
        keys = layout[column::_WIDTH]
        if len(missing) > 1 and not set(keys) & set(pressed):
            yield f"column|{' '.join(keys)}|{column}"
            missing = [key for key in missing if key not in keys]
    if missing:
        yield "not seen|" + " ".join(missing)
