"""One operator: an authority, a Mosquitto with a certificate of it, and what its locks are given."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from menshen.operator.certificates import Authority, Pair
from menshen.simulator.provision import BROKER_NAME
from tests.integration.conftest import Mosquitto, running

_LISTENER = """
user root
listener {{port}} 127.0.0.1
cafile {folder}/ca.pem
certfile {folder}/broker.crt.pem
keyfile {folder}/broker.key.pem
require_certificate true
use_identity_as_username true
"""


@dataclass
class House:
    """One operator's authority, and what it gave to the lock."""

    authority: Authority
    lock: Pair

    def files(self) -> dict[str, bytes]:
        """What lies in the lock's flash."""
        return {
            "/tls/lock.key.der": self.lock.key_der,
            "/tls/lock.crt.der": self.lock.certificate_der,
            "/tls/ca.crt.der": self.authority.certificate_der,
        }


@contextlib.asynccontextmanager
async def broker_of(folder: Path, authority: Authority, own: Pair) -> AsyncIterator[Mosquitto]:
    """A Mosquitto with this certificate, that lets in whom this authority knows."""
    (folder / "ca.pem").write_bytes(authority.certificate_pem)
    own.write(folder, "broker")
    async with running(folder, _LISTENER.format(folder=folder)) as broker:
        yield broker


def broker_pair(authority: Authority, *more: str) -> Pair:
    """A certificate under the name by which the locks know their broker, and under more."""
    return authority.issue("broker", hosts=[BROKER_NAME, *more], server=True)
