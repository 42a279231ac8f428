"""make provision and make selftest on a simulated board, over a pseudo-terminal that speaks the raw REPL."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key

from menshen.board import provision
from menshen.board.console import Console
from menshen.operator.certificates import Authority
from menshen.simulator.provision import PIN, TENANT, Credential, Provision
from tests.chip_heap import PORT, heap_for
from tests.tools.helpers.installer import JUMPER, Installer, at_a_new_board


@pytest_asyncio.fixture
async def installer(make_lock: Callable, tmp_path: Path, app_dir: Path) -> AsyncIterator[Installer]:
    lock = await make_lock(tmp_path / "lock", power=False)
    (tmp_path / "house").mkdir()
    async with at_a_new_board(lock, app_dir, tmp_path / "house") as installer:
        yield installer


async def test_a_new_board_becomes_a_lock_in_one_command_that_says_no_secret(installer: Installer) -> None:
    assert await installer.provision() == 0, installer.said
    assert "Everything was read back" in installer.said
    assert re.search(r"keypad +ok\n", installer.said)
    assert re.search(r"broker +ok\n", installer.said)
    assert "The lock is armed" in installer.said
    key = (installer.folder / "front.key").read_bytes()
    assert len(key) == 32
    assert (installer.folder / "front.key").stat().st_mode & 0o777 == 0o600
    config = json.loads(await installer.file("/config.json") or b"")
    assert config["key"] == key.hex()
    assert {name: config[name] for name in installer.settings if name != "time"} == installer.settings
    assert config["time"]["floor"] > 1_700_000_000
    told = installer.said + "\n".join(installer.lock.world.board.lines)
    for secret in (key.hex(), str(key), installer.settings["wifi"]["password"]):
        assert secret not in told


async def test_the_provisioned_lock_takes_lists_signed_with_its_key_and_opens(installer: Installer) -> None:
    lock = installer.lock
    assert await installer.provision() == 0, installer.said
    give = Provision((installer.folder / "front.key").read_bytes(), "front")
    lock.world.provision = give
    await lock.wait_online()  # since the self-test's last action: others come after it
    await installer.leave()
    tenant = Credential(PIN, b"135792", TENANT, lease=1)
    await lock.publish_list(1, [tenant], retain=True)
    ack = (await lock.wait_message("ack"))["json"]
    assert ack["result"] == "accepted", ack
    await lock.keys("135792#")
    await lock.wait_unlocked()


async def test_a_network_named_by_an_emoji_with_a_key_in_hexadecimal_digits_is_joined(
    installer: Installer,
) -> None:
    installer.settings["wifi"] = {"ssid": "\U0001f600" * 8, "password": "0123456789abcdef" * 4}
    assert await installer.provision() == 0, installer.said
    wanted = [e["ssid"] for e in installer.lock.events if e["type"] == "wifi" and e["action"] == "connect"]
    assert set(wanted) == {"\U0001f600" * 8}
    raw = await installer.file("/config.json") or b""
    assert ("\U0001f600" * 8).encode() in raw
    assert b"\\u" not in raw


async def test_an_open_network_is_one_without_a_password(installer: Installer) -> None:
    installer.settings["wifi"] = {"ssid": "open to all", "password": ""}
    assert await installer.provision() == 0, installer.said
    assert re.search(r"broker +ok\n", installer.said)
    assert json.loads(await installer.file("/config.json") or b"")["wifi"]["password"] == ""


@pytest.mark.slow
async def test_its_console_is_shut_from_then_on(installer: Installer) -> None:
    assert await installer.provision() == 0, installer.said
    installer.lock.world.board.set_input(JUMPER, 1)
    await installer.lock.power(False)
    await installer.lock.power(True)
    await installer.lock.wait_armed()
    assert await installer.run("selftest") == 1
    assert "put the service jumper from GPIO 39 to ground" in installer.said
    installer.lock.world.board.set_input(JUMPER, 0)
    await installer.lock.power(False)
    await installer.lock.power(True)
    await installer.lock.wait_armed()
    assert await installer.run("selftest") == 0, installer.said


async def test_the_relay_is_at_its_safe_level_from_the_first_start_on(installer: Installer) -> None:
    installer.settings["relay"]["unlock_level"] = 0
    assert await installer.provision() == 0, installer.said
    nvs = json.loads(installer.lock.world.board.nvs_path.read_text())["menshen"]
    assert (nvs["relay_pin"], nvs["relay_safe"], nvs["console"]) == (23, 1, 0)


@pytest.mark.parametrize("level", [0, 1])
async def test_a_level_that_was_turned_around_is_driven_by_no_start(installer: Installer, level: int) -> None:
    installer.settings["relay"]["unlock_level"] = 1 - level
    assert await installer.provision("--leave-open", hands=None) == 0, installer.said
    installer.settings["relay"]["unlock_level"] = level
    lock = installer.lock

    def settle() -> None:
        with Console.open(installer.port.path) as console:
            provision.install(console, provision.prepare(installer.settings, None), lambda *_: None)

    await asyncio.to_thread(settle)
    await lock.power(False)
    before = len(lock.events)
    for _ in range(2):
        await lock.power(True)
        await lock.wait_armed()
        await lock.power(False)
    edges = [e["level"] for e in lock.events[before:] if e["type"] == "pin" and e["name"] == "relay"]
    assert edges
    assert level not in edges


@pytest.mark.slow
async def test_the_certificate_is_the_authoritys_and_its_key_is_on_the_board_alone(
    installer: Installer,
) -> None:
    authority = Authority.create(installer.folder / "authority")
    installer.settings["broker"]["tls"] = True
    # The broker of this world speaks no TLS: the self-test says so, and the rest stands.
    assert await installer.provision("--authority", str(installer.folder / "authority")) == 1
    assert re.search(r"broker +FAULT", installer.said)
    assert "the console stays open" in installer.said
    ca = x509.load_der_x509_certificate(await installer.file("/tls/ca.crt.der") or b"")
    own = x509.load_der_x509_certificate(await installer.file("/tls/lock.crt.der") or b"")
    key_der = await installer.file("/tls/lock.key.der") or b""
    key = load_der_private_key(key_der, None)
    assert await installer.file("/tls/ca.crt.der") == authority.certificate_der
    own.verify_directly_issued_by(ca)
    assert own.public_key() == key.public_key()
    assert own.subject.rfc4514_string() == "CN=front"
    for path in installer.folder.rglob("*"):
        assert path.is_dir() or key_der not in path.read_bytes()


async def test_a_provisioned_board_is_refused_unless_forced(installer: Installer) -> None:
    assert await installer.provision("--leave-open", hands=None) == 0, installer.said
    key = (installer.folder / "front.key").read_bytes()
    assert await installer.provision() == 1
    assert "provisioned already. --force (FORCE=1)" in installer.said
    assert (installer.folder / "front.key").read_bytes() == key
    assert json.loads(await installer.file("/config.json") or b"")["key"] == key.hex()
    installer.lock.world.board.write_file("/access/residents", b"of the tenant before")
    nvs_path = installer.lock.world.board.nvs_path
    nvs = json.loads(nvs_path.read_text())
    in_2084 = 60_000_000
    nvs["menshen"] |= {
        "wrong_codes": 3,
        "staff0": "00",
        "staff_sent": 1,
        "security": 5,
        "clock_floor": in_2084,
    }
    nvs_path.write_text(json.dumps(nvs))
    await installer.lock.power(True)
    assert await installer.provision("--force") == 0, installer.said
    new_key = (installer.folder / "front.key").read_bytes()
    assert new_key != key
    assert json.loads(await installer.file("/config.json") or b"")["key"] == new_key.hex()
    assert json.loads(await installer.file("/config.good.json") or b"")["key"] == new_key.hex()
    assert await installer.file("/access/residents") in (None, b"")
    nvs = json.loads(nvs_path.read_text())["menshen"]
    assert nvs["security"] == 5, "an older release must not become possible"
    assert nvs.get("wrong_codes", 0) == 0
    assert nvs.get("clock_floor", 0) < in_2084, "a wrong floor must not outlive the lock"
    assert "staff0" not in nvs


async def test_all_of_it_runs_in_the_heap_of_a_chip_without_psram(
    make_lock: Callable, tmp_path: Path, app_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.simulated_lock.micropython", lambda: PORT)
    heapsize = await heap_for(100 * 1024, tmp_path / "nothing", app_dir.parent / "fakes")
    lock = await make_lock(tmp_path / "lock", power=False, heapsize=heapsize, probe=False)
    async with at_a_new_board(lock, app_dir, tmp_path) as installer:
        assert await installer.provision() == 0, installer.said
        assert not [line for line in lock.world.board.lines if "MemoryError" in line]
