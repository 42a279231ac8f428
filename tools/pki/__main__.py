"""Make the certificates for brokers, locks and the operator: python -m menshen.pki --help."""

import argparse
import sys
from pathlib import Path

from menshen.operator.certificates import OPERATOR, Authority, CertificateError, write_private


def main() -> int:
    asked = _arguments()
    try:
        for path in asked.make(asked):
            print(path)
    except (CertificateError, OSError) as error:
        print(f"pki: {error}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m menshen.pki",
        description="The operator's authority, and the certificates that it issues. "
        "All files are readable by their owner alone; ca.key.pem should never leave this computer.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    authority = commands.add_parser("authority", help="make a new authority: ca.key.pem and ca.crt.pem")
    authority.set_defaults(make=_authority)
    broker = commands.add_parser("broker", help="broker.key.pem and broker.crt.pem, to copy to the broker")
    broker.set_defaults(make=_broker)
    operator = commands.add_parser(
        "operator", help="operator.key.pem and operator.crt.pem, for your programs"
    )
    operator.set_defaults(make=_operator)
    client = commands.add_parser(
        "client", help="the same for another program, by the name in a broker's rules"
    )
    client.set_defaults(make=_client)
    lock = commands.add_parser("lock", help="the three files of a lock's /tls, in a folder of its name")
    lock.set_defaults(make=_lock)

    for command in (authority, broker, operator, client, lock):
        command.add_argument("folder", type=Path, help="the authority's folder")
    broker.add_argument("host", nargs="+", help="the names and addresses under which locks reach the broker")
    client.add_argument("name", help="the certificate's common name, such as homeassistant")
    lock.add_argument("lock", help="the lock's identifier, as in its settings")
    return parser.parse_args()


def _authority(asked: argparse.Namespace) -> list[Path]:
    Authority.create(asked.folder)
    return [asked.folder / "ca.key.pem", asked.folder / "ca.crt.pem"]


def _broker(asked: argparse.Namespace) -> list[Path]:
    pair = Authority.load(asked.folder).issue(asked.host[0], asked.host, server=True)
    return [*pair.write(asked.folder, "broker")]


def _operator(asked: argparse.Namespace) -> list[Path]:
    return [*Authority.load(asked.folder).issue(OPERATOR, client=True).write(asked.folder, "operator")]


def _client(asked: argparse.Namespace) -> list[Path]:
    if asked.name in {"ca", "broker"}:
        raise CertificateError(
            f"{asked.name}.key.pem is the authority's own or the broker's: choose another name"
        )
    pair = Authority.load(asked.folder).issue(asked.name, client=True)
    return [*pair.write(asked.folder, asked.name)]


def _lock(asked: argparse.Namespace) -> list[Path]:
    authority = Authority.load(asked.folder)
    pair = authority.issue_lock(asked.lock)
    folder = asked.folder / asked.lock
    folder.mkdir(mode=0o700, exist_ok=True)
    files = {
        "lock.key.der": pair.key_der,
        "lock.crt.der": pair.certificate_der,
        "ca.crt.der": authority.certificate_der,
    }
    for name, content in files.items():
        write_private(folder / name, content)
    return [folder / name for name in files]


sys.exit(main())
