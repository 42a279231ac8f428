"""The operator's command line: python -m menshen.operator COMMAND."""

from pathlib import Path

import aiomqtt
import click

from .certificates import CertificateError
from .codes import CodeError
from .commands import command
from .dates import DateError
from .guest import guest
from .health import health
from .leases import lease
from .lists import ListError
from .locks import broker, lock
from .publishing import publish
from .staff import staff
from .store import Store, StoreError

_SAID = (aiomqtt.MqttError, CertificateError, CodeError, DateError, ListError, OSError, StoreError)
_NO_FILE = {"command", "guest"}


class _Sentences(click.Group):
    """Says what went wrong in a sentence, and not in a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except _SAID as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Sentences)
@click.option(
    "--file", "path", type=click.Path(dir_okay=False, path_type=Path), envvar="MENSHEN_FILE",
    default=Path("~/.menshen/operator.db"), show_default=True, help="Your own file, for you alone to read.",
)  # fmt: skip
@click.pass_context
def main(context: click.Context, path: Path) -> None:
    """What the operator of Menshen locks, and whoever lives behind one, works with."""
    if context.invoked_subcommand not in _NO_FILE:
        context.obj = Store(path.expanduser())
        context.call_on_close(context.obj.close)


for _each in (broker, lock, lease, staff, publish, health, command, guest):
    main.add_command(_each)

if __name__ == "__main__":
    main(prog_name="python -m menshen.operator")
