"""Release keys: RSA-3072, kept under a passphrase; locks trust the public half of at most two at once."""

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from menshen.cli import files
from menshen.errors import MenshenError
from menshen.operator.certificates import write_private
from menshen.passphrase import passphrase

BITS, EXPONENT = 3072, 65537
TRUSTED_PATH = "update/keys"
"""Where a release carries the keys that it trusts, within its slot."""


class KeyFileError(MenshenError):
    """A key cannot be made, read or trusted; the message says why, and what would be right."""


def asked(descriptor: int | None = None, again: bool = False) -> bytes:
    """The passphrase of the release key. Raises InputError."""
    return passphrase("the release key", "MENSHEN_RELEASE_PASSPHRASE_FILE", again, descriptor)


def create(path: Path, secret: bytes) -> tuple[Path, Path]:
    """Make a key: `path` the private half under the passphrase, beside it .pub.pem. Never replaces one."""
    for half in (path, public_path(path)):
        if half.exists():
            raise KeyFileError(f"{half} exists: locks trust it, so it is not replaced; name another file")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = rsa.generate_private_key(EXPONENT, BITS)
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret)))
    public = public_path(path)
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path, public


def public_path(path: Path) -> Path:
    """Where the public half of a key is."""
    return path.with_name(path.name.removesuffix(".pem") + ".pub.pem")


def load(path: Path, secret: bytes) -> rsa.RSAPrivateKey:
    """The private half. Raises KeyFileError, which never contains the passphrase."""
    try:
        key = load_pem_private_key(files.contents(path), secret)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path}: no key in PEM, or this is not its passphrase") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyFileError(f"{path} must be an RSA key")
    _check(key.public_key(), path)
    return key


def load_public(path: Path) -> rsa.RSAPublicKey:
    """The public half. Raises KeyFileError."""
    try:
        key = load_pem_public_key(files.contents(path))
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise KeyFileError(f"{path}: no public key in PEM") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise KeyFileError(f"{path} must be an RSA key")
    _check(key, path)
    return key


def key_id(key: rsa.RSAPublicKey) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of its SubjectPublicKeyInfo in DER."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:16]


def trusted(keys: list[rsa.RSAPublicKey]) -> bytes:
    """The file of trusted keys as the lock reads it: their count, then id and modulus of each."""
    if not 0 < len(keys) <= 2:
        raise KeyFileError("a release trusts one key, or two while one takes the place of the other")
    entries = (bytes.fromhex(key_id(key)) + key.public_numbers().n.to_bytes(BITS // 8, "big") for key in keys)
    return bytes((len(keys),)) + b"".join(entries)


def trusted_ids(file: bytes) -> list[str]:
    """The ids of the keys in such a file, as `key_id` gives them."""
    size = 8 + BITS // 8
    return [file[1 + n * size : 9 + n * size].hex() for n in range(file[0])]


def _check(key: rsa.RSAPublicKey, path: Path) -> None:
    if key.key_size != BITS or key.public_numbers().e != EXPONENT:
        raise KeyFileError(f"{path} must be RSA with {BITS} bits and the exponent {EXPONENT}")
