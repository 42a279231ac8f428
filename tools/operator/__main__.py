"""The operator's command line: python -m tools.operator COMMAND."""

import click

from .commands import command
from .guest import guest


@click.group()
def main() -> None:
    """What the operator of Menshen locks, and whoever lives behind one, works with."""


main.add_command(command)
main.add_command(guest)

if __name__ == "__main__":
    main(prog_name="python -m tools.operator")
