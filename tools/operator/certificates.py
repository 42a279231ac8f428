"""The operator's own authority: P-256 certificates for locks, brokers and people, for TLS both ways.

No public authority is needed: a lock trusts only the operator's, and the operator's broker lets in only its
certificates. Curve P-256 because an ESP32 needs half the time of RSA-2048 for a handshake with it.
"""

import contextlib
import datetime as dt
import ipaddress
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from menshen.errors import InputError, MenshenError

OPERATOR = "operator"
"""The common name that the brokers of tools/brokers let read and write everything of Menshen's."""

PHONES = "phones"
"""The name for whatever brings what residents send from their phones; good for that alone."""

LOCK_DAYS = 20 * 365
"""A lock's certificate outlives the lock: nobody visits a door to renew one."""

_AUTHORITY_DAYS = 40 * 365
_LEAF_DAYS = 5 * 365
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TAKEN = {
    OPERATOR: "brokers give that name all rights",
    "release": "all locks read the topics below that name",
    PHONES: "brokers give that name to residents who open from afar",
    "homeassistant": "brokers give that name rights of its own",
    "blob": "all locks read the topics below that name",
}
_KEY_FILE, _CERTIFICATE_FILE = "ca.key.pem", "ca.crt.pem"


class CertificateError(MenshenError):
    """What was asked for cannot be issued or read; the message names what would be right."""


class NoNameError(CertificateError, InputError):
    """No certificate can be issued to this name."""


@dataclass(frozen=True)
class Pair:
    """A private key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        """PKCS #8, not encrypted: brokers read it at start."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def key_der(self) -> bytes:
        """SEC 1 (RFC 5915): shorter than PKCS #8, and what mbedTLS reads with the least code."""
        return self.key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    @property
    def certificate_pem(self) -> bytes:
        """As brokers and MQTT clients on a computer take it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def certificate_der(self) -> bytes:
        """As the lock takes it, which has no decoder for PEM to spare."""
        return self.certificate.public_bytes(Encoding.DER)

    def write(self, folder: Path, stem: str) -> tuple[Path, Path]:
        """Put `stem`.key.pem, readable by its owner alone, and `stem`.crt.pem, no secret, into the folder."""
        paths = folder / f"{stem}.key.pem", folder / f"{stem}.crt.pem"
        write_private(paths[0], self.key_pem)
        paths[1].write_bytes(self.certificate_pem)
        paths[1].chmod(0o644)
        return paths


class Authority:
    """Issues certificates; whoever holds its key can pass for any lock, broker or operator.

    A certificate is valid from the authority's first day and not from its own: a lock that lost the time goes
    on from the last time that it trusted, which may be before the broker's certificate was made.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    @classmethod
    def create(cls, folder: Path, name: str = "Menshen") -> "Authority":
        """Make a new authority in a folder for it; raises CertificateError where there is one already."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (folder / _KEY_FILE).exists():
            raise CertificateError(f"{folder / _KEY_FILE} exists: locks that trust it would be lost with it")
        authority = cls.in_memory(name)
        authority._pair.write(folder, "ca")
        return authority

    @classmethod
    def in_memory(cls, name: str = "Menshen") -> "Authority":
        """A new authority that nothing is kept of."""
        key = ec.generate_private_key(ec.SECP256R1())
        # A day back, for computers and locks whose clocks are a little behind.
        first = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=1)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(key.public_key(), subject, first, first + dt.timedelta(days=_AUTHORITY_DAYS))
        builder = builder.issuer_name(subject)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        return cls(Pair(key, builder.sign(key, hashes.SHA256())))

    @classmethod
    def load(cls, folder: Path) -> "Authority":
        """The authority that `create` made there; raises CertificateError if its files are not."""
        try:
            key = load_pem_private_key((folder / _KEY_FILE).read_bytes(), None)
            certificate = x509.load_pem_x509_certificate((folder / _CERTIFICATE_FILE).read_bytes())
        except FileNotFoundError as error:
            raise CertificateError(f"{error.filename} is missing: make an authority first") from error
        except (ValueError, TypeError) as error:
            raise CertificateError(f"{folder} holds no {_KEY_FILE} and {_CERTIFICATE_FILE} in PEM") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
            raise CertificateError(f"{_KEY_FILE} is not the key of {_CERTIFICATE_FILE} in {folder}")
        return cls(Pair(key, certificate))

    @property
    def certificate_pem(self) -> bytes:
        """What brokers and clients use to check others' certificates."""
        return self._pair.certificate_pem

    @property
    def certificate_der(self) -> bytes:
        """The same for the lock."""
        return self._pair.certificate_der

    def issue(
        self,
        common_name: str,
        hosts: Iterable[str] = (),
        client: bool = False,
        server: bool = False,
        days: float = _LEAF_DAYS,
    ) -> Pair:
        """A new key with its certificate.

        `hosts` are the names and IP addresses under which a server is reached; `days` count from now and
        end with the authority's own at the latest. Raises CertificateError.
        """
        names = _alternative_names(hosts)
        if not client and not server:
            raise CertificateError("a certificate is for a client, a server or both")
        if server and not names:
            raise CertificateError("a server's certificate needs the host names that it is reached under")
        if client and not _NAME.fullmatch(common_name):
            raise NoNameError(f"{common_name!r} is no client's name: 1 to 32 letters, digits, - or _")
        key = ec.generate_private_key(ec.SECP256R1())
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH] * client + [ExtendedKeyUsageOID.SERVER_AUTH] * server
        return Pair(key, self._certify(key.public_key(), common_name, purposes, names, days))

    def _certify(
        self,
        key: ec.EllipticCurvePublicKey,
        common_name: str,
        purposes: list[x509.ObjectIdentifier],
        names: list[x509.GeneralName],
        days: float,
    ) -> x509.Certificate:
        ca = self._pair.certificate
        last = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=days)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = _builder(key, subject, ca.not_valid_before_utc, min(last, ca.not_valid_after_utc))
        builder = builder.issuer_name(ca.subject)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._pair.key.public_key()), critical=False
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._pair.key, hashes.SHA256())

    def renew(self, old: x509.Certificate, days: float = LOCK_DAYS) -> x509.Certificate:
        """A certificate for the key and the name of an old one, a client's, from now on for so many days.

        The key itself stays where it is: on the lock. Raises CertificateError.
        """
        names = old.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        key = old.public_key()
        if not names or not isinstance(key, ec.EllipticCurvePublicKey):
            raise CertificateError("the old certificate is not one that a lock can have")
        return self._certify(key, str(names[0].value), [ExtendedKeyUsageOID.CLIENT_AUTH], [], days)

    def issue_lock(self, lock: str) -> Pair:
        """The certificate of a lock: its identifier is the common name, by which brokers know its topics."""
        check_lock(lock)
        return self.issue(lock, client=True, days=LOCK_DAYS)


def check_lock(name: str) -> None:
    """Raises CertificateError unless a lock may have this identifier.

    It becomes a part of topics and of the brokers' configurations, where its characters must have no meaning.
    """
    if not _NAME.fullmatch(name):
        raise NoNameError(f"{name!r} is no lock's identifier: 1 to 32 letters, digits, - or _")
    if name in _TAKEN:
        raise NoNameError(f"no lock may be called {name}: {_TAKEN[name]}")


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, from its first byte on: whole, or it stays as it was.

    What is no file, such as /dev/stdout, stays what it is, and is written to. Raises OSError with the path.
    """
    new = path.parent / f"{path.name}.part"
    try:
        if path.absolute().is_relative_to("/dev") or (path.exists() and not path.is_file()):
            new = path  # nothing beside it is removed
            path.write_bytes(content)
            return
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        new.replace(path)
    except OSError as error:
        if new != path:
            with contextlib.suppress(OSError):
                new.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error


def _builder(
    key: ec.EllipticCurvePublicKey, subject: x509.Name, first: dt.datetime, last: dt.datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(first).not_valid_after(last)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            if not re.fullmatch(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", host):
                raise NoNameError(f"{host!r} is neither a host name nor an IP address") from None
            names.append(x509.DNSName(host))
    return names
