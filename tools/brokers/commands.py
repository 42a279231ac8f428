"""Commands that make what a broker needs: all of it for a house, what it must know of locks for a fleet."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from menshen.cli import numbers
from menshen.cli.options import packed
from menshen.operator.certificates import Authority

from . import house
from . import locks as known

_locks = click.argument("locks", metavar="LOCK...", nargs=-1, required=True)
_listener = packed(
    "listener",
    house.Listener,
    click.option(
        "--listen", "address", default="127.0.0.1", show_default=True, help="The address that locks reach."
    ),
    click.option("--port", type=numbers.Whole(1, 65535), default=8883, show_default=True, help="Its port."),
    click.option("--user", help="The broker's user; mosquitto where root makes the folder, else you."),
)


@click.group()
def brokers() -> None:
    """Make what a broker needs to know your locks.

    \b
        menshen brokers mosquitto /etc/menshen --authority ~/menshen-pki \\
            --host mqtt.example.org --listen 192.0.2.7
        menshen brokers nats front back > /etc/nats-locks.conf
    """


@brokers.command("mosquitto")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--authority",
    "of",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Your folder of `menshen pki`.",
)
@click.option(
    "--host", "hosts", multiple=True, required=True, help="A name or address under which locks reach it."
)
@_listener
def mosquitto(folder: Path, of: Path, hosts: tuple[str, ...], listener: house.Listener) -> None:
    """Make a folder with which Mosquitto starts as it is.

    FOLDER gets configuration, rules and certificates; only the broker's user can read what is secret. The
    same command renews the certificate in it.

    \b
        menshen brokers mosquitto /etc/menshen --authority ~/menshen-pki \\
            --host mqtt.example.org
    """
    config = house.mosquitto(folder, Authority.load(of), hosts, listener)
    click.echo(f"{folder}: complete. Now: mosquitto -c {config}")
    click.echo(f"For Debian's service: cp {folder / house.LISTENER} /etc/mosquitto/conf.d/")


@brokers.command("rabbitmq")
@_locks
def rabbitmq(locks: tuple[str, ...]) -> None:
    """Write RabbitMQ's definitions of all your locks.

    They go to standard output. Each LOCK is an identifier, and all of them have to be named; - reads them
    from standard input.

    \b
        menshen brokers rabbitmq front back > definitions.json
    """
    _write(known.rabbitmq, locks)


@brokers.command("nats")
@_locks
def nats(locks: tuple[str, ...]) -> None:
    """Write the users of NATS, one for each of your locks.

    They go to standard output. Each LOCK is an identifier, and all of them have to be named; - reads them
    from standard input.

    \b
        menshen brokers nats front back > locks.conf
    """
    _write(known.nats, locks)


def _write(writer: Callable[[list[str]], str], locks: tuple[str, ...]) -> None:
    names = [name for name in locks if name != "-"]
    if "-" in locks:
        names += sys.stdin.read().split()
    click.echo(writer(names), nl=False)
