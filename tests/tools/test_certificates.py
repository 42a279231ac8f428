"""The operator's certificates: whom they let in and whom not, and who can read their files."""

import datetime as dt
import os
import resource
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key

from menshen.operator.certificates import LOCK_DAYS, Authority, CertificateError, Pair, write_private


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "pki")


def _context(side: int, folder: Path, trusted: Authority, own: Pair | None) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=trusted.certificate_pem.decode())
    if own:
        folder.mkdir(exist_ok=True)
        key, certificate = own.write(folder, f"side-{side}")
        context.load_cert_chain(certificate, key)
    return context


def _shake_hands(folder: Path, lock: Pair | None, broker: Pair, locks_ca: Authority, brokers_ca: Authority):
    """A TLS handshake in memory, each side checking the other; raises ssl.SSLError where one refuses."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = _context(ssl.PROTOCOL_TLS_CLIENT, folder, locks_ca, lock)
    server = _context(ssl.PROTOCOL_TLS_SERVER, folder, brokers_ca, broker)
    sides = [
        client.wrap_bio(back, there, server_hostname="broker.example"),
        server.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(5):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def _refused(*arguments) -> bool:
    try:
        _shake_hands(*arguments)
    except ssl.SSLError:
        return True
    return False


def test_lock_and_broker_know_each_other(authority: Authority, tmp_path: Path) -> None:
    lock, broker = authority.issue_lock("front-door"), authority.issue("b", ["broker.example"], server=True)
    assert not _refused(tmp_path / "tls", lock, broker, authority, authority)


def test_strangers_are_refused(authority: Authority, tmp_path: Path) -> None:
    stranger, folder = Authority.in_memory(), tmp_path / "tls"
    lock, broker = authority.issue_lock("front-door"), authority.issue("b", ["broker.example"], server=True)
    assert _refused(folder, None, broker, authority, authority)
    assert _refused(folder, stranger.issue_lock("front-door"), broker, authority, authority)
    other = stranger.issue("b", ["broker.example"], server=True)
    assert _refused(folder, lock, other, authority, authority)
    elsewhere = authority.issue("b", ["other.example"], server=True)
    assert _refused(folder, lock, elsewhere, authority, authority)


def test_a_locks_certificate_makes_no_broker_and_no_authority(authority: Authority, tmp_path: Path) -> None:
    lock, broker = authority.issue_lock("front-door"), authority.issue("b", ["broker.example"], server=True)
    assert _refused(tmp_path / "tls", lock, lock, authority, authority)
    assert _refused(tmp_path / "tls", broker, broker, authority, authority)
    forged = Authority(lock).issue("b", ["broker.example"], server=True)
    assert _refused(tmp_path / "tls", lock, forged, authority, authority)


def test_it_is_loaded_again_and_never_overwritten(authority: Authority, tmp_path: Path) -> None:
    again = Authority.load(tmp_path / "pki")
    assert again.certificate_pem == authority.certificate_pem
    with pytest.raises(CertificateError, match="exists"):
        Authority.create(tmp_path / "pki")
    with pytest.raises(CertificateError, match="missing"):
        Authority.load(tmp_path)
    Authority.in_memory().issue_lock("x").write(tmp_path / "pki", "ca")
    (tmp_path / "pki/ca.crt.pem").write_bytes(authority.certificate_pem)
    with pytest.raises(CertificateError, match="not the key"):
        Authority.load(tmp_path / "pki")


def test_the_owner_alone_can_read_the_keys(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "lock.key.pem").touch(0o644)
    paths = [*authority.issue_lock("lock").write(tmp_path, "lock"), *(tmp_path / "pki").iterdir()]
    assert {path.name: path.stat().st_mode & 0o777 for path in paths} == {
        **dict.fromkeys(("lock.key.pem", "ca.key.pem"), 0o600),
        **dict.fromkeys(("lock.crt.pem", "ca.crt.pem"), 0o644),  # brokers of another user read them, too
    }
    assert (tmp_path / "pki").stat().st_mode & 0o777 == 0o700


def test_a_lock_gets_p256_in_der_for_twenty_years(authority: Authority) -> None:
    pair = authority.issue_lock("front-door")
    key = load_der_private_key(pair.key_der, None)
    certificate = x509.load_der_x509_certificate(pair.certificate_der)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"
    assert certificate.public_key() == key.public_key()
    assert certificate.subject.rfc4514_string() == "CN=front-door"
    now = dt.datetime.now(dt.UTC)
    assert dt.timedelta(LOCK_DAYS - 1) < certificate.not_valid_after_utc - now <= dt.timedelta(LOCK_DAYS)


def test_a_later_certificate_suits_a_clock_that_stands_at_the_authoritys_first_day(
    authority: Authority,
) -> None:
    ca = x509.load_pem_x509_certificate(authority.certificate_pem)
    broker = authority.issue("b", ["broker.example"], server=True)
    assert broker.certificate.not_valid_before_utc == ca.not_valid_before_utc
    forever = authority.issue("b", ["broker.example"], server=True, days=99 * 365)
    assert forever.certificate.not_valid_after_utc == ca.not_valid_after_utc


@pytest.mark.parametrize("name", ["", "a/b", "a.b", "a b", "+", "#", "x" * 33, "o=p,CN=operator"])
def test_a_name_that_would_mean_more_in_a_topic_is_refused(authority: Authority, name: str) -> None:
    with pytest.raises(CertificateError, match="letters, digits"):
        authority.issue_lock(name)


def test_nonsense_is_refused_in_words(authority: Authority) -> None:
    for name in ("operator", "release", "blob", "homeassistant"):
        with pytest.raises(CertificateError, match=f"no lock may be called {name}"):
            authority.issue_lock(name)
    with pytest.raises(CertificateError, match="neither a host name nor"):
        authority.issue("b", ["*.example"], server=True)
    with pytest.raises(CertificateError, match="needs the host names"):
        authority.issue("b", server=True)
    with pytest.raises(CertificateError, match="client, a server or both"):
        authority.issue("b")


def test_where_the_disk_is_full_the_file_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "house.backup"
    write_private(path, b"before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="too large") as raised:
            write_private(path, b"content" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.filename == str(path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    """A pipe, as /dev/stdout may be; root could have taken a device's place by a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_private(pipe, b"content")
    assert os.read(reader, 100) == b"content"
    os.close(reader)
    assert pipe.is_fifo()
