"""Figures and words of the firmware that a page tells people are those of the code.

A row is what stands on the page around a figure, where the figure is in the firmware, and by what the unit of
the page is larger than the code's. A figure may be written out as a word.
"""

import ast
import re

import pytest

from tests.static.helpers.sources import FIRMWARE, TOP

_WORDS = {
    "half a": 0.5, "quarter": 0.25, "an": 1, "a": 1, "two": 2, "three": 3, "third": 3, "four": 4,
    "five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12, "twenty": 20,
}  # fmt: skip

FIGURES = {
    "README.md": [
        ("makes you wait for (five) minutes at most", "access/throttle", "_LONGEST_S", 60),
    ],
    "firmware/README.md": [
        (r"feeds the watchdog \(([0-9]+) s\)", "../lib/start", "watchdog", 1000),
        ("after a wait that doubles up to (a) minute", "supervisor", "_LONGEST_WAIT_MS", 60_000),
        ("lease's other ways in after ([0-9]+) days", "people/voids", "_WEEKS_H", 24),
        ("([0-9.]+) s after the last call it is collected", "loader", "_HUSH_MS", 1000),
        ("again after every ([0-9]+) KB of allocations", "loader", "_OFTEN", 1024),
        (r"With PSRAM \(more than ([0-9]+) MB free", "loader", "_PLENTY", 1_000_000),
        ("code for that, for at most (ten) seconds", "app", "_LATER_MS", 1000),
        ("there were less than ([0-9,]+) bytes", "link/dial", "_HANDSHAKE", 1),
        ("a session has lasted (half a) minute", "link/link", "_PROVED_MS", 60_000),
    ],
    "firmware/access/README.md": [
        ("There are at most (eight) parts", "access/schedule", "_PARTS_MAX", 1),
        ("From ([0-9]+) of at most 64 counts on", "access/uses", "_CROWDED", 1),
        ("From 48 of at most ([0-9]+) counts on", "storage/names", "USES_MAX", 8),
        (r"after (ten) seconds without a key \(", "access/dialogue", "_PATIENCE_MS", 1000),
        (r"\((twenty) where a card", "access/waiting", "_LONG_MS", 1000),
        ("at the (third) refusal", "access/waiting", "_REFUSALS", 1),
        ("`pin.shortest` to ([0-9]+) digits", "access/dialogue", "_LONGEST", 1),
        ("127, 255 and ([0-9]+) s", "access/throttle", "_LONGEST_S", 1),
        ("The count falls by one in (ten) minutes", "access/throttle", "_FADE_MS", 60_000),
        ("([0-9]+) wrong codes in a day are an alarm", "access/throttle", "_MANY", 1),
        ("For ([0-9]+) seconds without a key, or until", "access/waiting", "_LONG_MS", 1000),
    ],
    "firmware/people/README.md": [
        ("A lease has up to (eight)", "people/changes", "PEOPLE_MAX", 1),
        ("A resident has a PIN, (three) cards", "people/cards", "CARDS_MAX", 1),
        ("a lease ([0-9]+) credentials of the list", "people/entry", "WITHDRAWN_MAX", 1),
        ("At most ([0-9]+) leases run at a time", "people/guard", "LEASES_MAX", 1),
        (r"has no place \(([0-9]+)\)", "people/leases", "ENTRIES_MAX", 1),
        ("; ([0-9]+) days are for residents who moved in", "people/voids", "_LONG_H", 24),
        ("It holds for ([0-9]+) days under power", "people/consent", "_HOLDS_H", 24),
        ("An entry has ([0-9]+) bytes", "people/entry", "ENTRY", 1),
        ("table of leases has ([0-9]+) bytes", "people/leases", "ENTRY", 1),
    ],
    "firmware/log/README.md": [
        ("A lock keeps (four) at most", "log/entry", "LOGS", 1),
        ("There are ([0-9]+) entries", "log/entry", "ENTRIES", 1),
        ("gone from the lock after ([0-9]+) days", "log/entry", "DAYS", 1),
    ],
    "firmware/link/README.md": [
        ("on connecting and every (quarter) of an hour", "reports/telemetry", "_PERIOD_MS", 3_600_000),
        ("Below ([0-9]+) there is the fault `certificate`", "reports/state", "_WARN_DAYS", 1),
        ("`reports/outbox.py`: ([0-9]+), 32 and 8", "storage/names", "ALARM_PLACES", 1),
        ("`reports/outbox.py`: 8, ([0-9]+) and 8", "storage/names", "STAFF_PLACES", 1),
        ("`reports/outbox.py`: 8, 32 and ([0-9]+)", "storage/names", "ACK_PLACES", 1),
        ("The last (four) refusals are kept", "reports/telemetry", "_REFUSALS", 1),
        ("of one kind is told once in (ten) minutes", "reports/reports", "_AGAIN_S", 60),
        ("is longer than ([0-9]+) bytes, or has other fields", "home/broker", "_LONGEST", 1),
        ("more than ([0-9]+) s from the lock's clock", "home/commands", "_SLACK_MS", 1000),
        ("not retained, at most ([0-9,]+) bytes", "commands/listener", "_LONGEST", 1),
        ("at most ([0-9]+) s after `time`", "commands/commands", "_LIFE_S", 1),
        ("by ([0-9,]+) at most; the state tells", "link/envelope", "RISE_MAX", 1),
        ("later that (ten) minutes have passed", "commands/remote", "_LEAST_MS", 60_000),
        ("A head is at most ([0-9,]+) bytes", "lists/listener", "_HEAD_MAX", 1),
        ("after (five) tries, each 15 s", "lists/listener", "_TRIES", 1),
        ("after five tries, each ([0-9]+) s", "lists/listener", "_AGAIN_MS", 1000),
        ("It has ([0-9,]+) bytes, and the last one", "link/blobs", "_CHUNK", 1),
        ("in pieces of ([0-9]+) bytes, straight", "link/blobs", "_PIECE", 1),
        ("The file is closed every ([0-9]+) KiB", "link/blobs", "_CLOSE", 1024),
        ("in vain: again after (ten) seconds", "link/blobs", "_FIRST_MS", 1000),
        ("twice as long each time, up to (an) hour", "link/blobs", "_LAST_MS", 3_600_000),
    ],
    "firmware/update/README.md": [
        ("After ([0-9]+) hours in which Wi-Fi was joined", "update/switch", "HOURS", 1),
        ("It has at most ([0-9,]+) characters", "update/payload", "LONGEST", 1),
        ("A fault at the end has (ten) seconds to go", "update/trial", "_MEND_MS", 1000),
        ("Pieces of ([0-9]+) KB that are in place", "update/image", "PIECE", 1024),
        ("rolled back (three) times is refused", "update/session", "_TRIES", 1),
    ],
    "firmware/roll/README.md": [
        ("At most ([0-9]+) changes lie over", "roll/layout", "CHANGES_MAX", 1),
    ],
}


def _figure(text: str) -> float:
    """What a page says: "2,048", "ten", "half a"."""
    return _WORDS[text] if text in _WORDS else float(text.replace(",", ""))


def _constant(source: str, name: str) -> float:
    """The number that is given to this name: as it stands there, by const(), or as WDT's timeout."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assign([ast.Name(known)], value) if known == name:
                if isinstance(value, ast.Call):
                    value = (value.args or [value.keywords[0].value])[0]
                return eval(compile(ast.Expression(value), name, "eval"))  # noqa: S307 (our own file)
    raise LookupError(name)


@pytest.mark.parametrize(
    ("page", "said", "module", "name", "unit"),
    [(page, *row) for page, rows in FIGURES.items() for row in rows],
)
def test_a_figure_on_a_page_is_that_of_the_code(
    page: str, said: str, module: str, name: str, unit: int
) -> None:
    found = re.findall(said.replace(" ", r"\s+"), (TOP / page).read_text())
    assert len(found) == 1, f"{page} does not say this once: {said}"
    assert _figure(found[0]) == _constant((FIRMWARE / f"{module}.py").read_text(), name) / unit


def test_each_purpose_on_a_page_is_one_of_the_firmware() -> None:
    register = (FIRMWARE / "storage/purposes.py").read_text()
    pages = [page.read_text() for room in ("firmware", "tools") for page in (TOP / room).rglob("*.md")]
    said = {purpose for text in pages for purpose in re.findall(r'"(menshen\s[\w\s]+\sv\d)"', text)}
    assert len(said) > 20
    assert {one for one in said if f'b"{" ".join(one.split())}"' not in register} == set()


def test_a_figure_that_is_another_is_seen() -> None:
    assert _figure("2,048") == 2048
    assert _figure("half a") == 0.5
    assert _constant("A = const(8 + 4)\nB = 3", "A") == 12
    assert _constant("def f():\n    w = WDT(timeout=8000)", "w") == 8000
    with pytest.raises(LookupError):
        _constant("A = 1", "B")
