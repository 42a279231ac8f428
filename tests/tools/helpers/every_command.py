"""Every command that `menshen` has."""

from collections.abc import Iterator

import click

from menshen.cli.main import main


def _commands(
    of: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, of
    if isinstance(of, click.Group):
        context = click.Context(of)
        for name in of.list_commands(context):
            under = of.get_command(context, name)
            assert under is not None
            yield from _commands(under, (*path, name))


EVERY = dict(_commands(main))
"""By the words that lead to it: the outermost group by none."""
