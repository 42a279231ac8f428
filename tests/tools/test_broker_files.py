"""What RabbitMQ and NATS are told of each lock; integration/test_brokers.py tests what they make of it."""

import json
import re

import pytest

from menshen.brokers import locks
from menshen.operator.certificates import CertificateError
from tests.tools.helpers.commands import command


def test_no_user_of_rabbitmq_can_log_in_by_password() -> None:
    users = json.loads(locks.rabbitmq(["front-door"]))["users"]
    assert {user["name"]: user["password_hash"] for user in users} == {"operator": "", "front-door": ""}


@pytest.mark.parametrize("name", ["door", "back-door", "front-door-2", "front.door"])
def test_rabbitmqs_rules_for_one_lock_fit_no_other(name: str) -> None:
    definitions = json.loads(locks.rabbitmq(["front-door"]))
    (topics,) = [rule for rule in definitions["topic_permissions"] if rule["user"] == "front-door"]
    for leaf in (*locks.WRITES, *locks.READS):
        assert not re.search(topics["write"], f"menshen.v1.{name}.{leaf}")
        assert not re.search(topics["read"], f"menshen.v1.{name}.{leaf}")
    (queues,) = [rule for rule in definitions["permissions"] if rule["user"] == "front-door"]
    for right in ("configure", "read", "write"):
        assert re.search(queues[right], "mqtt-subscription-front-door.1f00qos1")
        assert not re.search(queues[right], f"mqtt-subscription-{name}qos1")


def test_an_order_of_locks_makes_no_difference() -> None:
    for write in (locks.rabbitmq, locks.nats):
        assert write(["b", "a", "b"]) == write(["a", "b"])


@pytest.mark.parametrize("name", ["", "a.b", "*", ">", 'a"', "operator", "release", "blob", "x\n"])
@pytest.mark.parametrize("write", [locks.rabbitmq, locks.nats])
def test_a_name_that_would_be_a_rule_is_refused(write, name: str) -> None:
    with pytest.raises(CertificateError, match="lock"):
        write(["front-door", name])


def test_the_command_takes_locks_as_arguments_and_from_a_list() -> None:
    assert command("brokers", "nats", "a", "b").stdout == locks.nats(["a", "b"])
    assert command("brokers", "rabbitmq", "-", stdin="a\nb\n").stdout == locks.rabbitmq(["a", "b"])
    refused = command("brokers", "nats", "a/b")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "'a/b' is no lock's identifier" in refused.stderr
