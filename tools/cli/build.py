"""The command that compiles the firmware."""

import click

from menshen import build_app


@click.command()
def build() -> None:
    """Compile the firmware into build/app.

    It is laid out there as on the lock's file system. `run`, `board image` and `release build` do this by
    themselves.

    \b
        menshen build
    """
    out = build_app.build()
    files = list(out.rglob("*.mpy"))
    size = sum(path.stat().st_size for path in files)
    click.echo(f"{out.relative_to(build_app.TOP)}: {len(files)} modules, {size} bytes of .mpy")
