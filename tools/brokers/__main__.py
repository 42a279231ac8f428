"""Write what a broker must know of each lock: python -m menshen.brokers rabbitmq|nats LOCK..."""

import argparse
import sys

from menshen.operator.certificates import CertificateError

from . import locks


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m menshen.brokers", description=__doc__)
    parser.add_argument("broker", choices=("rabbitmq", "nats"), help="whose file to write to standard output")
    parser.add_argument(
        "lock", nargs="+", help="the identifiers of all locks; - reads them from standard input"
    )
    asked = parser.parse_args()
    names = [name for name in asked.lock if name != "-"]
    if "-" in asked.lock:
        names += sys.stdin.read().split()
    try:
        text = locks.rabbitmq(names) if asked.broker == "rabbitmq" else locks.nats(names)
    except CertificateError as error:
        print(f"brokers: {error}", file=sys.stderr)
        return 1
    print(text, end="")
    return 0


sys.exit(main())
