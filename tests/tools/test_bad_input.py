"""Whatever is typed as an option or argument of any command: a status, and one sentence where it is wrong.

By day each parameter of each command gets two of the values below by turns, by night all of them. No value
leads to a device, or out of the test's own folder: a command writes where it is told to.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from menshen.cli.main import main
from tests.tools.helpers.houses import House, new_house

NIGHTLY = bool(os.environ.get("MENSHEN_NIGHTLY"))
_EACH = 34 if NIGHTLY else 2
_STARTS_MUCH = {("run",), ("house",), ("bench",), ("build",)}
_STATUS = {0, 1, 2, 3}

VALUES = [
    *("", " ", "a b", "-", "-1", "0", "9" * 30, "1e400", "nan", "inf", "%s", "ü" * 3000, "\n", "a\x1b[31mb"),
    *("ab\udcffcd", "nowhere/at/all", "folder", "text/x", "latin1", "empty", "zeros", "text"),
    *("deep.json", "huge.json", "list.json", "::::", "1:2", "x:99999", "[::1]:1883"),
    *("2026-02-30", "99999-01-01", "0000-00-00", "mon-fri 25:00-26:00", "front,front"),
]
RIGHT = {
    **dict.fromkeys(("name", "names", "lock", "locks", "doors"), "front"),
    "lease": "flat",
    "until": "2030-01-01",
    "key_file": "front.key",
    "broker": "127.0.0.1:1",
    "settings": "front.json",
    "folder": "folder",
    "port": "text",
    "base": "zeros",
    "file": "text",
}
"""What the other parameters get that a command needs, by their names; any other gets a word."""


def _commands(
    of: click.Command = main, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(of, click.Group):
        yield path, of
        return
    context = click.Context(of)
    for name in of.list_commands(context):
        under = of.get_command(context, name)
        assert under is not None
        yield from _commands(under, (*path, name))


COMMANDS = {path: of for path, of in _commands() if path not in _STARTS_MUCH}


def _line(of: click.Command, tried: click.Parameter, value: str) -> list[str]:
    """Arguments of a command in which `tried` has this value, and what else it needs something right."""
    options, arguments = [], []
    for parameter in of.params:
        if parameter is not tried and not parameter.required:
            continue
        typed = value if parameter is tried else RIGHT.get(parameter.name or "", "front")
        if isinstance(parameter, click.Option):
            options.append(f"{max(parameter.opts, key=len)}={typed}")
        else:
            arguments.append(typed)
    return [*options, "--", *arguments]


def _turns() -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Every command with each of its parameters, and some of the values by turns."""
    at = 0
    for path, of in COMMANDS.items():
        for parameter in of.params:
            if not (isinstance(parameter, click.Option) and parameter.is_flag):
                for _ in range(_EACH):
                    yield path, _line(of, parameter, VALUES[at % len(VALUES)])
                    at += 1


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with a lock and a lease, in a folder with files that nobody wants."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("MENSHEN_")]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    new_house(tmp_path / "house.db")
    house = House(tmp_path / "house.db", tmp_path)
    house.add_locks("front")
    house.run("lease", "add", "front", "--until", "2030-01-01", "--note", "flat")
    return house


def _lay_out(folder: Path) -> None:
    """The files anew: a command may have written to them."""
    (folder / "folder").mkdir(exist_ok=True)
    for name, content in {
        "latin1": b"\xff\xfe\xe4\xf6{}",
        "empty": b"",
        "zeros": bytes(4096),
        "text": b"hello\n",
        "deep.json": b"[" * 100_000,
        "huge.json": b'{"lock": 1' + b"0" * 5000 + b"}",
        "list.json": b"[]",
        "front.json": b'{"lock": "front"}',
        "front.key": b"11" * 32,
    }.items():
        (folder / name).write_bytes(content)


def _fault(result: Result) -> str:
    """What is wrong with how a command ended; nothing where all is well."""
    if not isinstance(result.exception, SystemExit | None):
        return repr(result.exception)
    if result.exit_code not in _STATUS:
        return f"status {result.exit_code}"
    said = [line for line in result.stderr.splitlines() if line]
    if result.exit_code == 2 and (len(said) != 1 or not said[0].startswith("Error: ")):
        return f"not one sentence: {said}"
    return ""


def test_whatever_is_typed_there_is_a_status_and_a_sentence(house: House, tmp_path: Path) -> None:
    found, tried = [], 0
    for path, line in _turns():
        _lay_out(tmp_path)
        result = CliRunner().invoke(main, ["--file", str(house.address), *path, *line], prog_name="menshen")
        tried += 1
        if fault := _fault(result):
            found.append(f"{' '.join(path)} {line}: {fault}")
    print(f"{tried} lines")
    assert not found, "\n".join(found[:20])
