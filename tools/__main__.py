"""`python -m menshen` is the command `menshen`."""

from .cli.main import main

main(prog_name="menshen")
