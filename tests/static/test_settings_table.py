"""README's table of settings is the lock's: names, order, defaults and bounds."""

import re

from tests.settings_rows import settings_rows
from tests.static.helpers.sources import TOP

_SECTION = (TOP / "README.md").read_text().split("## Settings")[1].split("\n## ")[0]
TABLE = {
    name: (what, default)
    for name, what, default in re.findall(r"^\| `([a-z_.]+)` \| (.+) \| (.+) \|$", _SECTION, re.MULTILINE)
}
ROWS = {row[0]: row[1:] for row in settings_rows().values()}


def test_every_setting_is_in_the_table_and_no_other_in_the_same_order() -> None:
    assert list(TABLE) == list(ROWS)


def test_each_default_is_told() -> None:
    for name, (default, *_) in ROWS.items():
        told = TABLE[name][1].strip("`")
        if name == "pin.shortest":
            assert told == "6, with `door.shared` 8"
        elif name == "broker.port":
            assert told == "8883, without TLS 1883"  # tests/unit/test_settings.py sees that it is so
        elif name == "home.port":
            assert told == "1883, with `home.certificate` 8883"
        elif default in (None, "", []) and default is not False:
            assert told == "none", name
        else:
            assert told == (str(default).lower() if isinstance(default, bool) else str(default)), name


def test_each_bound_is_told() -> None:
    for name, (_, kind, *bounds) in ROWS.items():
        what = TABLE[name][0]
        if kind == "number":
            unit = " seconds" if bounds[2:] else ""
            assert what.startswith(f"{bounds[0]} to {bounds[1]}{unit}"), name
        elif kind == "host":
            assert all(f"none in `{ending}`" in what for ending in bounds), name
        elif kind == "text":
            assert f"at most {bounds[0]} bytes" in what, name
        elif kind == "one_of":
            assert all(f"`{word}`" in what for word in bounds), name
        else:
            numbers = set(re.findall(r"(?<![\w.:-])\d+(?![\w.:-])", what))
            assert {str(bound) for bound in bounds} <= numbers, name
