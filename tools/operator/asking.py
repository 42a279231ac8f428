"""Questions of a command to whoever typed it, while nobody is kept waiting for the file.

A command runs in one transaction. Where it has to ask, the transaction ends, the question is put, and the
command runs once more with the answer: what it had read may have changed by then.
"""

import sys
from collections.abc import Callable
from typing import Any

import click

from menshen.errors import InputError, MenshenError

_ANSWERS = "menshen.answers"
_YES = "menshen.yes"


class UnansweredError(Exception):
    """A question that has to be put first; `put` does it."""

    def __init__(self, key: str, put: Callable[[], Any]) -> None:
        super().__init__(key)
        self.key, self.put = key, put


class UnsureError(MenshenError):
    """Something is odd, and nobody could be asked about it, or they said no."""


def sure(question: str) -> None:
    """Go on if the answer is yes, or --yes was typed. Raises UnsureError."""
    if not click.get_current_context().meta.get(_YES) and not typed(question, lambda: _confirm(question)):
        raise UnsureError("nothing was changed")


def typed(key: str, put: Callable[[], Any]) -> Any:
    """What was answered; `put` asks for it."""
    answers = click.get_current_context().meta.setdefault(_ANSWERS, {})
    if key not in answers:
        raise UnansweredError(key, put)
    return answers[key]


def checked(question: str, default: str, check: Callable[[str], Any]) -> Any:
    """What `check` makes of the answer; the question is put again if that raises InputError."""

    def value(answer: str) -> Any:
        try:
            return check(answer)
        except InputError as error:
            raise click.UsageError(error.message) from error

    return click.prompt(question, default=default, value_proc=value, err=True)


def answered(command: Callable[[], Any], yes: bool) -> Any:
    """What the command gives, once all that it asked has been answered."""
    meta = click.get_current_context().meta
    meta[_YES] = yes
    while True:
        try:
            return command()
        except UnansweredError as question:
            unanswered = question
        meta.setdefault(_ANSWERS, {})[unanswered.key] = unanswered.put()


def _confirm(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise UnsureError("there is nobody to ask: --yes says yes") from None
