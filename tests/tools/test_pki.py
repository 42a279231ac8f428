"""The command that makes certificates leaves the files that are wanted, and says what is wrong."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key

from tests.tools.helpers.commands import command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "authority"
    assert not command("pki", "authority", str(folder)).returncode
    return folder


def test_a_broker_gets_a_certificate_for_its_names(folder: Path) -> None:
    done = command("pki", "broker", str(folder), "broker.example", "192.0.2.7")
    key, certificate = map(Path, done.stdout.split())
    names = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(name.value) for name in names.value] == ["broker.example", "192.0.2.7"]
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_a_lock_gets_its_three_files(folder: Path) -> None:
    done = command("pki", "lock", str(folder), "front-door")
    key, certificate, ca = map(Path, done.stdout.split())
    assert [path.name for path in (key, certificate, ca)] == ["lock.key.der", "lock.crt.der", "ca.crt.der"]
    own = x509.load_der_x509_certificate(certificate.read_bytes())
    own.verify_directly_issued_by(x509.load_der_x509_certificate(ca.read_bytes()))
    assert own.public_key() == load_der_private_key(key.read_bytes(), None).public_key()


def test_every_key_is_for_its_owner_alone(folder: Path) -> None:
    command("pki", "operator", str(folder))
    command("pki", "lock", str(folder), "front-door")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 7
    shut = {path.name for path in files if not path.stat().st_mode & 0o077}
    assert shut == {path.name for path in files if not path.name.endswith(".crt.pem")}
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("status", "arguments", "said"),
    [
        (2, ["lock", "{}", "operator"], "no lock may be called operator"),
        (2, ["lock", "{}", "../x"], "1 to 32 letters, digits, - or _"),
        (1, ["lock", "{}/none", "front-door"], "is missing: make an authority first"),
        (2, ["client", "{}", "../x"], "1 to 32 letters, digits, - or _"),
        (2, ["client", "{}", "ca"], "is the authority's own"),
        (1, ["authority", "{}"], "exists"),
        (2, ["broker", "{}", "*"], "neither a host name nor an IP address"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    folder: Path, status: int, arguments: list[str], said: str
) -> None:
    before = sorted(folder.rglob("*"))
    done = command("pki", *(part.format(folder) for part in arguments))
    assert done.returncode == status
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before
