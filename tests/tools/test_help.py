"""The help of each command of `menshen` fits on a screen and teaches; what pages show of it can be typed."""

import re
import shlex
from pathlib import Path

import click
import pytest

from menshen.cli import files
from menshen.cli.main import main
from tests.conftest import TOP
from tests.tools.helpers.every_command import EVERY

_WIDTH, _HEIGHT = 80, 23
"""A screen of 24 lines, with the prompt."""

_EXAMPLE = re.compile(r"^ +(menshen (?:.*\\\n)*.*)$", re.MULTILINE)
_MENTIONED = re.compile(r"`(menshen [a-z][^`]*)(?<! v1)`")  # those with v1 are purposes of a MAC
_PAGES = sorted(path for path in TOP.rglob("*.md") if not {"build", ".venv", "lib"} & {*path.parts})


def _name(path: tuple[str, ...]) -> str:
    return " ".join(("menshen", *path))


def _shown(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What --help shows at a terminal; click's own CliRunner shows it wider than any terminal does."""
    monkeypatch.setenv("COLUMNS", str(_WIDTH))
    assert main([*path, "--help"], prog_name="menshen", standalone_mode=False) == 0
    return capsys.readouterr().out


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and folders that an example names are not looked for."""
    for kind in (click.Path, files.Input, files.Output):
        monkeypatch.setattr(kind, "convert", lambda _, value, *__: Path(value))
    monkeypatch.setattr(click.File, "convert", lambda _, value, *__: value)


def _command_of(example: str) -> tuple[str, ...]:
    """The words that lead to the command that it is of. Raises click.UsageError where it cannot be typed."""
    words = shlex.split(example.partition(" > ")[0].replace("\\\n", ""), comments=True)
    command: click.Command = main
    context = main.make_context(words[0], words[1:])
    path: tuple[str, ...] = ()
    while isinstance(command, click.Group):
        name, under, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert name, example
        assert under, example
        context, command, path = under.make_context(name, rest, parent=context), under, (*path, name)
    return path


def _look_for(mentioned: str) -> None:
    """Whether there is the command, and each option, that a sentence names; it need not be whole."""
    words = mentioned.split()[1:]
    path: tuple[str, ...] = ()
    while words and isinstance(EVERY[path], click.Group) and not words[0].startswith("-"):
        path = (*path, words.pop(0))
        assert path in EVERY, mentioned
    known = {option for parameter in EVERY[path].params for option in parameter.opts} | {"--help"}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, mentioned


@pytest.mark.parametrize("path", EVERY, ids=_name)
def test_it_fits_on_a_screen_and_names_each_option(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _shown(path, monkeypatch, capsys)
    lines = shown.splitlines()
    assert len(lines) <= _HEIGHT, f"{len(lines)} lines"
    assert max(map(len, lines)) <= _WIDTH, max(lines, key=len)
    if isinstance(EVERY[path], click.Group):
        assert not [line for line in lines if line.startswith("  ") and line.endswith("...")], "cut off"
    assert str(TOP) not in shown
    of = EVERY[path]
    assert of.help
    for parameter in of.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("path", EVERY, ids=_name)
@pytest.mark.usefixtures("no_files")
def test_it_has_an_example_of_that_command_that_can_be_typed(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _shown(path, monkeypatch, capsys)
    of = [_command_of(example) for example in _EXAMPLE.findall(shown)]
    if path:
        assert any(one[: len(path)] == path for one in of), "no example"
    else:
        assert "`menshen init`" in shown


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(TOP)))
@pytest.mark.usefixtures("no_files")
def test_each_line_of_a_page_that_is_a_command_can_be_typed(page: Path) -> None:
    text = page.read_text()
    for example in _EXAMPLE.findall(text):
        _command_of(example)
    for mentioned in _MENTIONED.findall(text):
        _look_for(mentioned)
