"""Gives a command the house that the outermost command knows by its address, and prints what it answers."""

import signal
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from menshen.errors import InputError, MenshenError

from . import asking
from .answer import Answer
from .opening import opened
from .store import Store

json_ = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
_yes = click.option("--yes", is_flag=True, help="Yes to whatever would be asked.")


class RolledBackError(Exception):
    """Nothing that the command has done is kept; this carries its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("rolled back")
        self.answer = answer


def reading(function: Callable[..., Answer]) -> Callable:
    """The command gets the open house as its first argument, and changes nothing that was entered."""
    return json_(_with_store(function, lambda store, command: command()))


def changing(function: Callable[..., Answer]) -> Callable:
    """The same for one that changes something: whole or not at all, and on the record."""

    def run(store: Store, command: Callable[[], Answer]) -> Answer:
        try:
            with store.change():
                answer = command()
                if answer.record:
                    store.journal.kept(store.note(answer.record))
                _to_the_end()
        except RolledBackError as rolled_back:
            return rolled_back.answer
        return answer

    return json_(_yes(_with_store(function, run)))


def open_house() -> Store:
    """The house of the command that runs; it is closed when that has ended."""
    context = click.get_current_context()
    store = opened(context.find_root().obj, lambda said: click.echo(said, err=True))
    context.call_on_close(store.close)
    return store


def _with_store(function: Callable[..., Answer], run: Callable[[Store, Callable], Answer]) -> Callable:
    @wraps(function)
    def command(*arguments: Any, as_json: bool, yes: bool = False, **options: Any) -> Any:
        check_texts(options)
        store = open_house()
        answer = asking.answered(lambda: run(store, lambda: function(store, *arguments, **options)), yes)
        try:
            answer.show(as_json)
        except OSError as error:
            if not answer.record:
                raise
            said = f"it was done, and is on the record (`menshen record`), but is not shown: {error.strerror}"
            raise MenshenError(said) from error
        return answer.status

    return command


def _to_the_end() -> None:
    """From here on no Ctrl-C ends the command: what is kept is told, codes that are shown once above all."""
    if threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        click.get_current_context().call_on_close(lambda: signal.signal(signal.SIGINT, before))


def check_texts(options: dict[str, Any]) -> None:
    """Refuse texts that no file and no terminal could show again. Raises InputError."""
    for name, value in options.items():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and not isinstance(text, Path):
                _check(name, text)


def _check(name: str, text: str) -> None:
    shown = text.encode("unicode_escape").decode()
    if not text.isprintable():
        raise InputError(f"{name.upper()} {shown}: has bytes that are no UTF-8, or no letters")
    if len(text) > 300:
        raise InputError(f"{name.upper()} {shown[:40]}…: is {len(text)} letters long; 300 are the most")
