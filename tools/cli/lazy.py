"""A group of commands that imports each when it is used: no command pays for what another needs."""

from collections.abc import Iterator, Mapping
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
    """Shows its commands under headings, in the order given, and loads none of them to do so.

    `together` are rows of several commands, by their names, and what the help says of them.
    """

    def __init__(
        self,
        *arguments,
        sections: Mapping[str, Mapping[str, Later]],
        together: Mapping[str, str] | None = None,
        **options,
    ) -> None:
        super().__init__(*arguments, **options)
        self._sections, self._together = sections, together or {}
        self.later = {name: later for section in sections.values() for name, later in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the headings."""
        return list(self.later)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported."""
        later = self.later.get(cmd_name)
        return later.load() if later else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the help says of them."""
        width = max(map(len, (*self.later, *self._together)))
        for heading, section in self._sections.items():
            with formatter.section(heading):
                formatter.write_dl([(names.ljust(width), said) for names, said in self._rows(section)])

    def _rows(self, section: Mapping[str, Later]) -> Iterator[tuple[str, str]]:
        """A row for each command, and one for several that belong together, such as "import, export"."""
        rows = {name: names for names in self._together for name in names.split(", ")}
        for name, later in section.items():
            names = rows.get(name, name)
            if names == name:
                yield name, later.help
            elif names.startswith(f"{name}, "):
                yield names, self._together[names]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands; of options too, where one has begun."""
        named = [
            CompletionItem(name, help=later.help)
            for name, later in self.later.items()
            if name.startswith(incomplete)
        ]
        return named + click.Command.shell_complete(self, ctx, incomplete)
