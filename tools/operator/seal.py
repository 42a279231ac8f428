"""Seals the locks' keys in the operator's file, under a passphrase or the bytes of a key file.

One key of 32 random bytes seals all (AES-256-GCM, NIST SP 800-38D); it lies in the file itself, sealed by the
passphrase (scrypt, RFC 7914) or the key file.
"""

import json
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from menshen.cli import files
from menshen.errors import InputError
from menshen.passphrase import passphrase

from .database import StoreError

KEY_BYTES = 32
_NONCE = 12
_COST, _BLOCK, _LANES = 2**15, 8, 1  # 32 MiB, a tenth of a second
_WHAT = b"menshen file seal"


class Seal:
    """The one key, not sealed for as long as a command runs."""

    def __init__(self, key: bytes | None = None) -> None:
        self.key = secrets.token_bytes(KEY_BYTES) if key is None else key

    def close(self, name: str, secret: bytes) -> bytes:
        """Seal a secret that belongs to this name."""
        return _close(self.key, secret, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """The secret again. Raises StoreError if it belongs to another name, or was changed."""
        try:
            return _open(self.key, sealed, name.encode())
        except InvalidTag as error:
            raise StoreError(f"{name}: its key in the file was changed, or is another lock's") from error

    def under_passphrase(self, passphrase: bytes) -> str:
        """What lies in the file."""
        salt = secrets.token_bytes(16)
        sealed = _close(_stretched(passphrase, salt), self.key, _WHAT)
        return json.dumps({"kind": "passphrase", "salt": salt.hex(), "key": sealed.hex()})

    def under_key(self, key: bytes) -> str:
        """The same under the bytes of a key file."""
        return json.dumps({"kind": "key", "key": _close(key, self.key, _WHAT).hex()})


def opened(text: str, key_file: Path) -> Seal:
    """The seal of a file that says this of it. Raises StoreError, or InputError for a wrong passphrase."""
    try:
        kept = json.loads(text)
        sealed, salt = bytes.fromhex(kept["key"]), bytes.fromhex(kept.get("salt", ""))
        by_passphrase = kept["kind"] == "passphrase"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError("what the file says of its seal is damaged; restore a backup") from error
    secret = _stretched(of_the_file(), salt) if by_passphrase else read_key(key_file)
    try:
        return Seal(_open(secret, sealed, _WHAT))
    except InvalidTag as error:
        if by_passphrase:
            raise InputError("this is not the passphrase of the file") from error
        raise StoreError(f"{key_file}: not the key of this file; $MENSHEN_KEY_FILE names another") from error


def of_the_file(again: bool = False) -> bytes:
    """The passphrase that opens the operator's file. Raises InputError."""
    return passphrase("your file", "MENSHEN_PASSPHRASE_FILE", again)


def read_key(path: Path) -> bytes:
    """The bytes of a key file. Raises StoreError."""
    try:
        key = files.contents(path)
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}; it opens the locks' keys, and $MENSHEN_KEY_FILE names another"
        ) from error
    if len(key) != KEY_BYTES:
        raise StoreError(f"{path}: no key file, which has {KEY_BYTES} bytes")
    return key


def make_key(path: Path) -> bytes:
    """A new key file that its owner alone can read; where there is one already, that one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(path)
    key = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def locked(passphrase_: bytes, plain: bytes) -> bytes:
    """All of a backup under a passphrase: salt, then what is sealed."""
    salt = secrets.token_bytes(16)
    return salt + _close(_stretched(passphrase_, salt), plain, _WHAT)


def unlocked(passphrase_: bytes, data: bytes) -> bytes:
    """A backup's contents. Raises InputError."""
    try:
        return _open(_stretched(passphrase_, data[:16]), data[16:], _WHAT)
    except (InvalidTag, ValueError) as error:
        raise InputError("this is not the backup's passphrase, or the backup is damaged") from error


def _stretched(passphrase_: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, n=_COST, r=_BLOCK, p=_LANES).derive(passphrase_)


def _close(key: bytes, plain: bytes, belongs_to: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, belongs_to)


def _open(key: bytes, sealed: bytes, belongs_to: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], belongs_to)
