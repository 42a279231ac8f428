"""The command that measures."""

import click

from menshen.bench.__main__ import main


@click.command()
def bench() -> None:
    """Measure the lock against its budgets.

    It takes some minutes, in which this computer should have nothing else to do. A table is printed, and
    build/bench.json has the figures.
    """
    main()
