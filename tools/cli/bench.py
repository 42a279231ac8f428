"""The command that measures."""

import click

from menshen.bench import __main__ as benchmark


@click.command()
@click.option("--shrink", is_flag=True, help="Only what each step of the build saves in RAM.")
def bench(shrink: bool) -> None:
    """Measure the lock against its budgets.

    It takes some minutes, in which this computer should have nothing else to do. A table is printed, and
    build/bench.json has the figures.
    """
    if shrink:
        benchmark.savings()
    else:
        benchmark.main()
