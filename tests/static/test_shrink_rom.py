"""Names that lie in MicroPython's ROM: which there are, and what the build calls by them."""

import tempfile
from pathlib import Path

from menshen import build_app
from menshen.shrink import rom, shrink


def test_short_names_are_words_of_the_rom_where_that_means_nothing_else() -> None:
    """The compiler says those by their number: no letters in the file, and none in RAM."""
    tree = "\n".join(f"x.{word}" for word in rom.WORDS) + "\nx.no_word"
    assert [_said_by_number(tree), set(rom.FREE) - set(rom.WORDS)] == [len(rom.WORDS), set()]
    made = shrink(
        {
            "a": "import json\nclass Bad(Exception):\n    def first(self):\n        pass\n"
            "class Good:\n    def append(self):\n        pass\n    def second(self):\n        pass\n"
        },
        {"append"},
        {"append"},
    ).names
    assert made["first"] not in rom.WORDS, "what it inherits is not seen"
    assert made["second"] in set(rom.FREE) - {"append"}


def _said_by_number(program: str) -> int:
    """How many names of a program its .mpy says by their number: docs.micropython.org, ".mpy files"."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "a.mpy"
        build_app.compile_file(target, target, "abs", program)
        data = iter(target.read_bytes()[4:])

    def number() -> int:
        value, byte = 0, 0x80
        while byte & 0x80:
            byte = next(data)
            value = value << 7 | byte & 0x7F
        return value

    found, names_in_it, _ = 0, number(), number()
    for _ in range(names_in_it):
        size = number()
        found += size & 1
        for _ in range(0 if size & 1 else (size >> 1) + 1):
            next(data)
    return found - 1  # that of the file itself
