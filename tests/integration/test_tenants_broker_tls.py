"""A tenant's own broker over TLS, for boards with PSRAM: it is the one that the settings name, or nobody."""

import contextlib
import datetime as dt
import hashlib
import ipaddress
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from menshen.operator.certificates import Authority, Pair
from menshen.simulator.network import Network
from menshen.simulator.provision import DEMO_PIN
from tests.integration.conftest import Mosquitto, running
from tests.integration.helpers.home_assistant import home_assistant
from tests.integration.helpers.house import House, broker_of, broker_pair
from tests.simulated_lock import Lock

_CODE = "Menshen home code of demo: "
_HOST = "127.0.0.1"
pytestmark = pytest.mark.slow
_LISTENER = (
    "user root\nlistener {{port}} 127.0.0.1\ncertfile {0}/broker.crt.pem\nkeyfile {0}/broker.key.pem\n"
)


@dataclass
class Flat:
    """A lock at two brokers, each with an authority of its own: the operator's, and the tenant's."""

    lock: Lock
    home: Mosquitto
    way: Network

    async def switch_on(self) -> str:
        """At the keypad, with a phone: the home code."""
        lock = self.lock
        await lock.keys(f"{DEMO_PIN}*6#")
        await lock.wait_light("enrolling")
        async with lock.tap("phone"):
            read = (await lock.wait_event(lambda e: e["type"] == "phone"))["read"]
        assert read.startswith(_CODE)
        return read.removeprefix(_CODE)


@contextlib.asynccontextmanager
async def _flat(
    make_lock: Callable, folder: Path, board: str, pair: Pair, trusted: bytes
) -> AsyncIterator[Flat]:
    """`pair` is the tenant's broker's, `trusted` the certificate that the settings name."""
    (folder / "home").mkdir()
    (folder / "operator").mkdir()
    pair.write(folder / "home", "broker")
    operator = Authority.in_memory()
    own = House(operator, operator.issue_lock("demo"))
    async with (
        running(folder / "home", _LISTENER.format(folder / "home")) as home,
        broker_of(folder / "operator", operator, broker_pair(operator)) as broker,
    ):
        way = Network(home.tls_address, lambda event: None, tls=True)
        await way.start()
        try:
            settings = {
                "board": board,
                "relay": {"seconds": 1},
                "broker": {"tls": True, "backoff_cap_s": 1},
                "home": {
                    "host": _HOST,
                    "port": way.broker_port,
                    "certificate": hashlib.sha256(trusted).hexdigest(),
                },
            }
            lock = await make_lock(
                broker_address=broker.address,
                tls_address=broker.tls_address,
                settings=settings,
                files={**own.files(), "/tls/home.crt.der": trusted},
                sntp=True,
            )
            await lock.wait_armed()
            await lock.world.board.wait_line("link: online")
            ends = x509.load_der_x509_certificate(trusted).not_valid_after_utc
            soon = ends - dt.datetime.now(dt.UTC) < dt.timedelta(60)
            state = await lock.wait_event(lambda e: e["type"] == "operator" and e["topic"].endswith("/state"))
            assert json.loads(state["payload"])["faults"] == ["home certificate"] * soon
            yield Flat(lock, home, way)
        finally:
            await way.stop()


def _signed_itself() -> Pair:
    """As a tenant's broker makes one for itself, without an authority."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(_HOST))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(30))
    return Pair(key, made.add_extension(address, critical=False).sign(key, hashes.SHA256()))


@pytest.mark.parametrize(("board", "signed"), [("wrover", "by an authority"), ("s3", "by itself")])
async def test_the_door_is_opened_over_tls(make_lock, tmp_path: Path, board: str, signed: str) -> None:
    """Both sessions are up; Home Assistant is at the same broker."""
    authority = Authority.in_memory("A tenant")
    pair = _signed_itself() if signed == "by itself" else authority.issue("hub", hosts=[_HOST], server=True)
    trusted = pair.certificate_der if signed == "by itself" else authority.certificate_der
    async with _flat(make_lock, tmp_path, board, pair, trusted) as flat:
        code = await flat.switch_on()
        async with home_assistant(flat.home.address) as home:
            await home.entity()
            await home.unlock(code)
            await flat.lock.wait_unlocked()
            lines = await flat.lock.console()
    assert any("home: online" in line for line in lines)
    assert not [line for line in lines if "Traceback" in line or "no memory" in line], lines


async def _hopeless(flat: Flat) -> str:
    """What the lock says of the broker, which hears nothing; the door opens meanwhile as ever."""
    lock = flat.lock
    await flat.switch_on()
    said = await lock.world.board.wait_line("home: offline")  # it may have tried before the phone was read
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await lock.keys(DEMO_PIN + "#")
    await lock.wait_unlocked()
    assert not [line for line in flat.home.said if "demo.home" in line], flat.home.said
    lines = await lock.console()
    assert not [line for line in lines if "home: online" in line or "Traceback" in line], lines
    return said


_WRONG = [
    ("over", "validity has expired"),
    ("another authority", "not correctly signed"),
    ("another host", "does not match"),
]


@pytest.mark.parametrize(("what", "said"), _WRONG if os.environ.get("MENSHEN_NIGHTLY") else _WRONG[:2])
async def test_a_broker_that_is_not_the_one_is_told_nothing(
    make_lock, tmp_path: Path, what: str, said: str
) -> None:
    authority = Authority.in_memory("A tenant")
    other = Authority.in_memory("A thief") if what == "another authority" else authority
    host = "other.example" if what == "another host" else _HOST
    pair = other.issue("broker", hosts=[host], server=True, days=-0.5 if what == "over" else 30)
    async with _flat(make_lock, tmp_path, "wrover", pair, authority.certificate_der) as flat:
        assert said in await _hopeless(flat)
