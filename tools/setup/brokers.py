"""build/toolchain/brokers: RabbitMQ, NATS and HAProxy, which only the tests against real brokers need.

Debian's Erlang works only in /usr/lib/erlang, and starts helper programs that would look for Debian stable's
C library where the machine has its own. So each of its programs gets a wrapper in its place, which starts it
through the loader that was fetched with it, wherever the folder stands.
"""

from pathlib import Path

from . import pins, toolchain
from .extra import Extra

FOLDER = toolchain.FOLDER / "brokers"

_WRAPPER = """\
#!/bin/sh
here=${{0%/*}}/{up}
exec "$here/{loader}" --library-path "$here/{libraries}" "{program}" "$@"
"""
# Takes the place of Erlang's own script of this name, which has the root folder written into it.
_ERL = """\
#!/bin/sh
BINDIR=$(cd "${0%/*}" && pwd)
ROOTDIR=${BINDIR%/*/*}
EMU=beam PROGNAME=erl
export BINDIR ROOTDIR EMU PROGNAME
exec "$BINDIR/erlexec" "$@"
"""
# What RabbitMQ's own script comes to, which knows no folder with a space in its name.
_RABBITMQ = """\
#!/bin/sh
here=$(cd "${{0%/*}}/.." && pwd)
RABBITMQ_HOME=$here/{rabbitmq}
ERL_LIBS=$RABBITMQ_HOME/plugins
export RABBITMQ_HOME ERL_LIBS
exec "$here/{erlang}/erl" -noinput -boot start_sasl -s rabbit boot +W w +pc unicode \\
    -syslog logger '[]' -syslog syslog_error_logger false -kernel prevent_overlapping_partitions false "$@"
"""
_RABBITMQCTL = """\
#!/bin/sh
here=$(cd "${{0%/*}}/.." && pwd)
ERL_LIBS=$here/{rabbitmq}/plugins
export ERL_LIBS
exec "$here/{erlang}/erl" -noinput -hidden -boot no_dot_erlang \\
    -kernel inet_dist_use_interface '{{127,0,0,1}}' \\
    -escript main rabbitmqctl_escript -run escript start -extra "$here/{rabbitmq}/escript/rabbitmqctl" "$@"
"""
_EPMD = """\
#!/bin/sh
exec "${{0%/*}}/../{erlang}/epmd" "$@"
"""


def _write_wrappers(top: Path, loader: str, libraries: str) -> None:
    (runtime,) = (top / "usr/lib/erlang").glob("erts-*")
    erlang = f"{runtime.relative_to(top)}/bin"
    (home,) = (top / "usr/lib/rabbitmq/lib").glob("rabbitmq_server-*")
    rabbitmq = home.relative_to(top)
    (helpers,) = (top / "usr/lib/erlang/lib").glob("os_mon-*/priv/bin")
    for path in [*(top / erlang).iterdir(), *helpers.iterdir()]:
        with path.open("rb") as file:
            if path.is_symlink() or file.read(4) != b"\x7fELF":
                continue
        path.rename(path.with_name(f"{path.name}.elf"))
        up = "../" * len(path.relative_to(top).parent.parts)
        wrapper = _WRAPPER.format(up=up, loader=loader, libraries=libraries, program="$0.elf")
        toolchain.write_program(path, wrapper)
    toolchain.write_program(top / erlang / "erl", _ERL)
    (top / "bin").mkdir()
    toolchain.write_program(top / "bin/rabbitmq-server", _RABBITMQ.format(erlang=erlang, rabbitmq=rabbitmq))
    control = _RABBITMQCTL.format(erlang=erlang, rabbitmq=rabbitmq)
    toolchain.write_program(top / "bin/rabbitmqctl", control)
    toolchain.write_program(top / "bin/epmd", _EPMD.format(erlang=erlang))
    for name in ("nats-server", "haproxy"):
        program = f"$here/usr/sbin/{name}"
        wrapper = _WRAPPER.format(up="..", loader=loader, libraries=libraries, program=program)
        toolchain.write_program(top / "bin" / name, wrapper)


BROKERS = Extra(
    "RabbitMQ, NATS and HAProxy",
    FOLDER,
    (*pins.DEBIAN_RABBITMQ, *pins.DEBIAN_NATS, *pins.DEBIAN_HAPROXY),
    (_WRAPPER, _ERL, _RABBITMQ, _RABBITMQCTL, _EPMD),
    _write_wrappers,
    megabytes=45,
    without="whose tests will be skipped",
)
