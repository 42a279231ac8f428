"""A lock gets another certificate and another authority over the air, and comes back with each."""

import asyncio
import json
from pathlib import Path

from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from menshen import ending
from menshen.cli.main import main
from menshen.operator import lists
from menshen.operator.certificates import Authority
from menshen.simulator.provision import lock_key
from tests.integration.conftest import MakeBroker
from tests.integration.helpers.brokers import Broker
from tests.integration.helpers.rights import ROOT, client
from tests.simulated_lock import Lock

LOCK = "demo"
_SETTINGS = {"broker": {"tls": True, "backoff_cap_s": 1}, "relay": {"seconds": 1}}


async def _online(broker: Broker, is_new: asyncio.Event) -> None:
    """The lock has said, after this, that it is online: what is retained does not count."""
    async with client(broker, broker.operator(), "onlooker") as connected:
        await connected.subscribe(f"{ROOT}/{LOCK}/state", qos=1)
        is_new.set()
        async for message in connected.messages:
            assert isinstance(message.payload, bytes)
            if not message.retain and json.loads(message.payload)["online"]:
                return


async def test_a_certificate_and_an_authority_are_replaced_over_the_air(
    make_broker: MakeBroker, make_lock, tmp_path: Path
) -> None:
    broker = await make_broker("mosquitto", [LOCK])
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, authority in ((old, broker.authority), (new, Authority.in_memory())):
        folder.mkdir(mode=0o700)
        authority._pair.write(folder, "ca")
    broker.operator().write(old, "operator")
    own = broker.lock(LOCK)
    certificate = tmp_path / "demo.crt.pem"
    certificate.write_bytes(own.certificate_pem)
    workdir = tmp_path / "lock"
    key = lock_key(workdir)
    (tmp_path / "demo.key").write_bytes(key)
    files = {
        "/tls/lock.key.der": own.key_der,
        "/tls/lock.crt.der": own.certificate_der,
        "/tls/ca.crt.der": broker.authority.certificate_der,
        **lists.flash_files(key, 1, lists.snapshot([])),
    }
    lock: Lock = await make_lock(
        workdir, tls_address=(broker.host, broker.port), settings=_SETTINGS, files=files, sntp=True
    )
    await lock.wait_armed()
    await lock.world.board.wait_line("link: online")

    async def run(*line: str, status: int = 0) -> str:
        whole = ["--file", str(tmp_path / "house.db"), *line]
        done = await asyncio.to_thread(CliRunner().invoke, main, whole)
        assert done.exit_code == status, (done.output, done.exception)
        return done.output

    async def back_again() -> None:
        """It starts anew within two minutes; here it is made to at once."""
        ready = asyncio.Event()
        async with ending.running(_online(broker, ready)) as waiting, asyncio.timeout(120):
            await ready.wait()
            await lock.power(False)
            await lock.power(True)
            await waiting

    await run("init", "--zone", "UTC", "--broker", "none", "--seal", "key")
    await run("broker", f"{broker.host}:{broker.port}", "--certificates", str(old))
    await run("lock", "add", LOCK, "--key-file", str(tmp_path / "demo.key"))
    renew = ("pki", "renew", str(old), LOCK, "--certificate", str(certificate))
    assert "took its certificate" in await run(*renew, "--days", "700")
    await back_again()
    assert "refuses it: denied" in await run("pki", "trust", "--lock", LOCK, str(new), status=1)
    stranger = tmp_path / "other.crt.pem"
    stranger.write_bytes(broker.lock(LOCK).certificate_pem)
    wrong = ("pki", "renew", str(old), LOCK, "--certificate", str(stranger))
    assert "refuses it: denied" in await run(*wrong, status=1)
    assert f"{LOCK}: trusts" in await run("pki", "trust", "--lock", LOCK, str(old), str(new))
    await back_again()
    await lock.power(False)
    held = x509.load_der_x509_certificate(lock.world.board.read_file("/tls/lock.crt.der"))
    assert held == x509.load_pem_x509_certificate(certificate.read_bytes())
    assert held.public_key() == own.key.public_key()
    both = b"".join(Authority.load(folder).certificate_der for folder in (old, new))
    assert lock.world.board.read_file("/tls/ca.crt.der") == both
    assert held.public_bytes(Encoding.DER) != own.certificate_der
