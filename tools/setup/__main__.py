"""Set this machine up for Menshen: python3 -m tools.setup [tests], from the top of the project."""

import sys

if sys.version_info < (3, 11):
    # Kept to the grammar of every Python 3, so that an old one can still read this sentence.
    sys.exit(
        "Menshen needs Python 3.11 or later and this is %d.%d: install a newer one, "
        "or name one with `make PYTHON=python3.11`." % sys.version_info[:2]
    )

from . import brokers, browser, extra, postgresql, python_env, step, toolchain, umqtt


def main() -> int:
    try:
        with step.alone():
            python_env.prepare()
            umqtt.prepare()
            toolchain.prepare()
            if "tests" in sys.argv[1:]:
                extra.prepare(brokers.BROKERS)
                extra.prepare(postgresql.POSTGRESQL)
                browser.prepare()
    except step.CannotGoOnError as reason:
        print(f"setup: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; the next run goes on from here.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"setup: {error}.", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
