"""The command that writes what a broker must know of each lock."""

import sys

import click

from . import locks as known

_WRITERS = {"rabbitmq": known.rabbitmq, "nats": known.nats}


@click.command()
@click.argument("broker", type=click.Choice([*_WRITERS]))
@click.argument("locks", metavar="LOCK...", nargs=-1, required=True)
def brokers(broker: str, locks: tuple[str, ...]) -> None:
    """Write what a broker must know of each lock.

    It is for RabbitMQ or NATS, and goes to standard output. Each LOCK is an identifier, and all of them have
    to be named; - reads them from standard input. Mosquitto and EMQX go by the names in the certificates, and
    need nothing.

    \b
        menshen brokers nats front back > /etc/nats-locks.conf
    """
    names = [name for name in locks if name != "-"]
    if "-" in locks:
        names += sys.stdin.read().split()
    click.echo(_WRITERS[broker](names), nl=False)
