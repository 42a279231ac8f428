"""The command that measures."""

import click

from menshen.bench import __main__ as benchmark


@click.command()
@click.option("--shrink", is_flag=True, help="Only what each step of the build saves in RAM.")
@click.option("--steps", is_flag=True, help="Only a start, and the longest steps of the event loop.")
def bench(shrink: bool, steps: bool) -> None:
    """Measure the lock against its budgets.

    It takes five minutes, in which this computer should have nothing else to do. Each figure is printed on
    stderr as soon as it is known. At the end a table is printed, and build/bench.json has the figures. The
    exit status is 1 where something could not be measured.

    \b
        menshen bench --steps
    """
    if shrink:
        benchmark.savings()
    elif steps:
        benchmark.longest_steps()
    elif not benchmark.main():
        raise SystemExit(1)
