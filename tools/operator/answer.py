"""What a command says: for people as sentences and a table, for programs as JSON."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

_STYLES = {"well": "green", "list waits": "blue", "fault": "yellow", "offline": "red", "never heard": "dim"}
"""Of words that say how something is."""


@dataclass(frozen=True)
class Table:
    """Columns and rows; a row's cells are texts, whatever is in them."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass
class Answer:
    """`data` is what --json prints; the others are for people, `then` what to do next."""

    data: object
    said: Sequence[str] = ()
    table: Table | None = None
    then: Sequence[str] = ()
    status: int = 0
    record: str = ""
    """What the record of changes says of it; "" where nothing was changed that belongs there."""

    secret: Sequence[str] = field(default=(), repr=False)
    """Lines for standard output that are shown this once."""

    def show(self, as_json: bool) -> None:
        """Print it."""
        if as_json:
            click.echo(json.dumps(self.data, indent=1, ensure_ascii=False))
            return
        if self.table is not None:
            _show(self.table)
        for line in (*self.said, *self.secret):
            click.echo(line)
        for line in self.then:
            click.echo(line, err=True)


def _show(table: Table) -> None:
    """Show it with rules at a terminal; whole, and plain, where a program reads it."""
    if not sys.stdout.isatty():
        rows = [table.columns, *table.rows]
        widths = [max(len(row[at]) for row in rows) for at in range(len(table.columns))]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            click.echo("  ".join(cells).rstrip())
        return
    from rich.console import Console

    Console().print(drawn(table))


def drawn(table: Table) -> Any:
    """As rich draws it; on a narrow terminal long cells go on in the next line."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Drawn
    from rich.text import Text

    shown = Drawn(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in table.columns:
        shown.add_column(column, overflow="fold", no_wrap=column not in ("lock", "faults", "note", "doors"))
    for row in table.rows:
        shown.add_row(*(Text(cell, _STYLES.get(cell, "")) for cell in row))
    return shown
