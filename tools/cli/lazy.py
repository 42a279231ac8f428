"""A group of commands that imports each when it is used: no command pays for what another needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from menshen import checkout


@dataclass(frozen=True)
class Later:
    """A command that is not imported yet: where it is, as "module:name", and what the group's help says."""

    place: str
    help: str
    of_sources: bool = False
    """Whether it is of use in a checkout only."""

    def load(self) -> click.Command:
        """Import it. Raises SourcesError."""
        module, _, name = self.place.partition(":")
        if self.of_sources:
            checkout.needed(name)
        return getattr(import_module(module), name)


class LazyGroup(click.Group):
    """Shows its commands in `rows`, and loads none of them to do so.

    `later` are the commands by their names; a row names one or several, such as "import, export".
    """

    def __init__(self, *arguments, later: Mapping[str, Later], rows: Mapping[str, str], **options) -> None:
        super().__init__(*arguments, **options)
        self.later, self.rows = later, rows

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order given."""
        return list(self.later)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported."""
        later = self.later.get(cmd_name)
        return later.load() if later else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the help says of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.rows.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands; of options too, where one has begun."""
        named = [
            CompletionItem(name, help=later.help)
            for name, later in self.later.items()
            if name.startswith(incomplete)
        ]
        return named + click.Command.shell_complete(self, ctx, incomplete)
