"""What RabbitMQ and NATS, which know each lock by its name, need to know about locks."""

import json
import re
from collections.abc import Iterable

from menshen.operator.certificates import OPERATOR, PHONES, check_lock

WRITES = ("state", "alarm", "staff", "ack")
"""The topics below its own name that a lock may write, and nobody else but the operator."""

READS = ("list", "command", "update", "tenant")
"""The topics below its own name that a lock may read."""

SHARED = ("release", "blob")
"""What all locks may read, with all topics below."""

_ROOT = "menshen/v1"


def rabbitmq(locks: Iterable[str]) -> str:
    """Definitions for RabbitMQ, which it loads at its start or by `rabbitmqctl import_definitions`.

    An MQTT topic is a routing key there, with dots for slashes. No user has a password, and so none can
    log in by one. Raises CertificateError for a name that no lock can have.
    """
    root = re.escape(_ROOT.replace("/", "."))
    permissions, topics = [], []
    for name in (OPERATOR, *_checked(locks)):
        if name == OPERATOR:
            queue = "mqtt-subscription-.*qos[01]"
            write = read = rf"^{root}\..+$"
        else:
            # The client's identifier is the lock's, with or without a dot and digits that nobody can guess.
            queue = rf"mqtt-subscription-{name}(\.[0-9a-f]+)?qos[01]"
            write = rf"^{root}\.{name}\.({'|'.join(WRITES)})$"
            read = rf"^{root}\.({name}\.({'|'.join(READS)})|({'|'.join(SHARED)})\..+)$"
        both = rf"^({queue}|amq\.topic)$"
        owner = {"user": name, "vhost": "/"}
        permissions.append({**owner, "configure": f"^{queue}$", "write": both, "read": both})
        topics.append({**owner, "exchange": "amq.topic", "write": write, "read": read})
    users = [{"name": entry["user"], "password_hash": "", "tags": []} for entry in permissions]
    definitions = {
        "vhosts": [{"name": "/"}],
        "users": users,
        "permissions": permissions,
        "topic_permissions": topics,
    }
    return json.dumps(definitions, indent=1) + "\n"


def nats(locks: Iterable[str]) -> str:
    """The users of NATS's account, a file that nats-server.conf includes.

    An MQTT topic is a subject there, with dots for slashes. Raises CertificateError for a name that no
    lock can have.
    """
    root = _ROOT.replace("/", ".")
    tenants = [f"{root}.*.tenant"]
    lines = [
        _nats_user(OPERATOR, [f"{root}.>"], [root, f"{root}.>", "$MQTT.sub.>"]),
        _nats_user(
            PHONES, tenants, tenants, "LEAFNODE"
        ),  # is told of what locks listen to: it has to read that
    ]
    for name in _checked(locks):
        write = [f"{root}.{name}.{leaf}" for leaf in WRITES]
        read = (
            [f"{root}.{name}.{leaf}" for leaf in READS]
            + [subject for part in SHARED for subject in (f"{root}.{part}", f"{root}.{part}.>")]
            + ["$MQTT.sub.>"]
        )
        lines.append(_nats_user(name, write, read))
    return "users: [\n" + "".join(f"  {line}\n" for line in lines) + "]\n"


def _nats_user(name: str, write: list[str], read: list[str], by: str = "MQTT") -> str:
    return (
        f'{{user: "CN={name}", allowed_connection_types: ["{by}"], permissions: '
        f"{{publish: {json.dumps(write)}, subscribe: {json.dumps(read)}}}}}"
    )


def _checked(locks: Iterable[str]) -> list[str]:
    names = sorted(set(locks))
    for name in names:
        check_lock(name)
    return names
