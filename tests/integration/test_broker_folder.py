"""A Mosquitto starts with the folder that `menshen brokers mosquitto` makes, and warns of nothing."""

import os
import pwd
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from menshen.brokers import house
from menshen.cli.main import main
from menshen.operator.certificates import Authority
from tests.integration.helpers.brokers import Mosquitto
from tests.integration.helpers.process import LOCALHOST, Process, free_ports, started

_COMPLAINTS = ("Warning", "Error", "permission", "Unable")
_MEANT = "/#' does not contain '%c' or '%u'"  # the rules for what all locks may read


@pytest.fixture
def house_folder() -> Iterator[Path]:
    """Where another user can come: Mosquitto does not run as root."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """As `menshen pki authority` leaves it."""
    Authority.create(tmp_path / "pki")
    return tmp_path / "pki"


def make(folder: Path, authority: Path, *more: str) -> Result:
    """Run the command for a broker on this computer."""
    line = ["brokers", "mosquitto", str(folder), "--authority", str(authority), "--host", LOCALHOST, *more]
    return CliRunner().invoke(main, line)


def _complaints(broker: Process) -> list[str]:
    return [line for line in broker.said if any(word in line for word in _COMPLAINTS) and _MEANT not in line]


def _user() -> str:
    """Who the broker runs as: never root."""
    return pwd.getpwuid(os.geteuid()).pw_name if os.geteuid() else "nobody"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_it_starts_as_it_is_and_warns_of_nothing(house_folder: Path, authority: Path) -> None:
    folder, me = house_folder / "broker", _user()

    def configured() -> Process:
        shutil.rmtree(folder, ignore_errors=True)
        done = make(folder, authority, "--port", str(free_ports(1)[0]), "--user", me)
        assert done.exit_code == 0, done.output
        program, _, config = done.stdout.partition("Now: ")[2].splitlines()[0].split()
        assert program == "mosquitto"
        return Process([Mosquitto.program(), "-c", config], " running")

    broker = await started(configured)
    try:
        assert _complaints(broker) == []
    finally:
        await broker.stop()
    assert _mode(folder / "broker.key.pem") == _mode(folder / house.RULES) == 0o600
    assert {path.owner() for path in folder.rglob("*")} == {me}


def test_a_folder_where_the_brokers_user_cannot_come_is_refused(house_folder: Path, authority: Path) -> None:
    """By root, who gives it to that user; anybody else cannot give files away at all."""
    closed = house_folder / "closed"
    closed.mkdir(mode=0o700)
    refused = make(closed / "broker", authority, "--user", "nobody")
    said = "only root can give" if os.geteuid() else "cannot come there"
    assert (refused.exit_code, said in refused.output) == (1, True)
    assert not (closed / "broker").exists()


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (["--listen", "house.example"], 2, "--listen house.example: must be an address"),
        (["--user", "no-such-user"], 2, "--user no-such-user"),
        (["--host", "*"], 2, "neither a host name nor an IP address"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    tmp_path: Path, authority: Path, more: list[str], status: int, said: str
) -> None:
    done = make(tmp_path / "broker", authority, *more)
    assert (done.exit_code, said in done.output) == (status, True), done.output
    assert not (tmp_path / "broker").exists()


def test_the_same_command_renews_the_certificate_and_leaves_the_rules(
    tmp_path: Path, authority: Path
) -> None:
    folder, me = tmp_path / "broker", pwd.getpwuid(os.geteuid()).pw_name
    make(folder, authority, "--user", me)
    before = (folder / "broker.crt.pem").read_bytes()
    with (folder / house.RULES).open("a") as rules:
        rules.write("\nuser front-door\ntopic deny menshen/v1/#\n")
    make(folder, authority, "--user", me)
    assert (folder / "broker.crt.pem").read_bytes() != before
    assert "topic deny" in (folder / house.RULES).read_text()
    assert sorted(path.name for path in folder.iterdir()) == [
        "broker.crt.pem",
        "broker.key.pem",
        "ca.crt.pem",
        "data",
        "menshen.conf",
        "mosquitto.acl",
        "mosquitto.conf",
        house.NAMES,
    ]


async def test_files_for_debians_service_are_whole_without_the_line_on_persistence(
    house_folder: Path, authority: Path
) -> None:
    """What /etc/mosquitto/mosquitto.conf of the package says, and menshen.conf in its conf.d."""
    folder, service, me = house_folder / "broker", house_folder / "etc", _user()
    (service / "conf.d").mkdir(parents=True)

    def configured() -> Process:
        make(folder, authority, "--port", str(free_ports(1)[0]), "--user", me)
        shutil.copy(folder / "menshen.conf", service / "conf.d")
        kept = f"persistence true\npersistence_location {folder}/data/\n"
        (service / "mosquitto.conf").write_text(f"user {me}\n{kept}include_dir {service}/conf.d\n")
        return Process([Mosquitto.program(), "-c", service / "mosquitto.conf"], " running")

    broker = await started(configured)
    try:
        port = int((service / "conf.d/menshen.conf").read_text().split("listener ")[1].split()[0])
        socket.create_connection((LOCALHOST, port), 10).close()
        assert _complaints(broker) == []
    finally:
        await broker.stop()
