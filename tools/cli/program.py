"""The one place where a command's end becomes a sentence and an exit status.

0: done. 1: refused, with one sentence on standard error that says why. 2: typed wrong, likewise.
"""

import codecs
import getpass
import io
import sys
import warnings
from typing import Any

import click

from .lazy import LazyGroup

_DONE, _REFUSED, _TYPED_WRONG = 0, 1, 2


class Program(LazyGroup):
    """The outermost group."""

    def main(self, *arguments: Any, standalone_mode: bool = True, **options: Any) -> Any:
        """Run a command and exit; with standalone_mode off, return what it gave, as click does."""
        if not standalone_mode:
            return super().main(*arguments, standalone_mode=False, **options)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors=_where_a_letter_is_unknown(sys.stdout.encoding))
        typed = next((given for given in (*arguments[:1], options.get("args")) if given), sys.argv[1:])
        if odd := next(filter(_has_controls, typed), None):
            _say(f"{odd!r}: a line break or another control character is part of no argument")
            sys.exit(_TYPED_WRONG)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", getpass.GetPassWarning)  # what is typed would be seen
                status = super().main(*arguments, standalone_mode=False, **options)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            _say(sentence(error))
            sys.exit(error.exit_code)
        except getpass.GetPassWarning:
            _say("a secret is asked for here, and there is no terminal to type it at")
            sys.exit(_TYPED_WRONG)
        except click.Abort:
            click.echo("Aborted!", err=True)
            sys.exit(_REFUSED)
        except OSError as error:
            _say(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
            sys.exit(_REFUSED)
        sys.exit(status if isinstance(status, int) else _DONE)  # click gives the status of an early exit


def _where_a_letter_is_unknown(encoding: str) -> str:
    """Names of files are bytes, of any kind; a terminal that is not of UTF-8 lacks letters of names."""
    return "surrogateescape" if codecs.lookup(encoding).name == "utf-8" else "backslashreplace"


def sentence(error: click.ClickException) -> str:
    """The sentence for an error: its message, and where to read how to type it right."""
    said = error.format_message()
    if not isinstance(error, click.UsageError) or error.ctx is None:
        return said
    said = " ".join(said.split()).removesuffix(".")
    return f"{said}{'' if said.endswith('?') else '.'} See {error.ctx.command_path} --help"


def _has_controls(argument: str) -> bool:
    return any(letter < " " or letter == "\x7f" for letter in argument)


def _say(said: str) -> None:
    click.echo(f"Error: {said}", err=True)
