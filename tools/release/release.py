"""Makes a release out of the compiled application: manifest, signature, and blobs in chunks."""

import hashlib
import json
import re
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from jwcrypto import jwk, jws

from menshen import build_app
from menshen.errors import MenshenError
from menshen.operator.lists import CHUNK
from menshen.setup import pins

from . import keys, pack

BOARD = "devkit"
"""Whose manifests are on topics without the board's name, as locks of 0.1.0 want them."""

DELTA_MAX = 2048
"""Bytes that a lock reads of a delta, see firmware/update/delta.py."""

IMAGE_PIECE = 32768
IMAGE_MAX = 0x1F0000
_CHIPS = {"devkit": ("ESP32", 0), "wrover": ("ESP32", 0), "s3": ("ESP32-S3", 9)}
"""Of each board: its chip, and the number of that in an image (esp-idf, esp_app_format.h)."""

_FIELD = r'^{} = "?([0-9.]+)"?$'


def manifest_topic(version: str, board: str = BOARD) -> str:
    """Where a board's manifest is retained: with dashes for dots, which RabbitMQ would turn into levels."""
    return f"menshen/v1/release/{version.replace('.', '-')}{'' if board == BOARD else f'-{board}'}"


def delta_topic(head: str, version: str) -> str:
    """Where the difference between the head of this SHA-256 and a release's head is retained."""
    return f"menshen/v1/blob/{head}/{version.replace('.', '-')}"


class ReleaseError(MenshenError):
    """A release cannot be made of this; the message says why."""


@dataclass(frozen=True)
class Release:
    """One release; `blobs` by their SHA-256 in hexadecimal, all that the manifests lead to.

    Every board has a manifest of its own, and all have the same files. `image` is MicroPython's for `board`.
    """

    version: str
    security: int
    files: dict[str, bytes]
    image: bytes = b""
    runtime: tuple[int, int] = pins.MICROPYTHON
    board: str = BOARD
    blobs: dict[str, bytes] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for data in (pack.table(self.files), *self.files.values(), *self._pieces()):
            self.blobs[_sha256(data)] = data
        if self.image:
            check_image(self.image, self.board)
            listed = self._piece_table()
            self.blobs[_sha256(listed)] = listed

    @property
    def slot(self) -> bytes:
        """The file that the other slot will be."""
        return pack.pack(self.files)

    def delta(self, since: "Release") -> tuple[str, bytes]:
        """Topic and payload for locks that run `since`: what the head differs in."""
        head = pack.table(self.files)
        return delta_topic(_sha256(head), since.version), pack.delta(pack.table(since.files), head)

    @property
    def payload(self) -> bytes:
        """What is signed for `board`."""
        return self.payload_for(self.board)

    def payload_for(self, board: str) -> bytes:
        """What is signed for a board: the same bytes for the same release."""
        says: dict[str, object] = {
            "board": board,
            "files": _named(pack.table(self.files)),
            "runtime": list(self.runtime),
            "security": self.security,
            "slot": _named(self.slot),
            "version": self.version,
        }
        if self.image and board == self.board:
            says["image"] = {**_named(self.image), "pieces": _sha256(self._piece_table())}
        return json.dumps(says, sort_keys=True, separators=(",", ":")).encode()

    def manifest(self, key: rsa.RSAPrivateKey, board: str = "") -> str:
        """The signed manifest, for `board` or another: JWS, PS256 (RFC 7515, 3.1; RFC 7518, 3.5)."""
        token = jws.JWS(self.payload_for(board or self.board))
        protected = {"alg": "PS256", "kid": keys.key_id(key.public_key())}
        token.add_signature(jwk.JWK.from_pyca(key), None, json.dumps(protected, separators=(",", ":")), None)
        return token.serialize(compact=True)

    def chunks(self) -> Iterator[tuple[str, bytes]]:
        """Topic and payload of each retained message that the blobs make."""
        for name, data in sorted(self.blobs.items()):
            for n in range(0, len(data), CHUNK):
                yield f"menshen/v1/blob/{name}/{n // CHUNK}", data[n : n + CHUNK]

    def _pieces(self) -> Iterator[bytes]:
        for n in range(0, len(self.image), IMAGE_PIECE):
            yield self.image[n : n + IMAGE_PIECE]

    def _piece_table(self) -> bytes:
        return b"".join(hashlib.sha256(piece).digest() for piece in self._pieces())


def build(
    source: Path = build_app.TOP, trusted: bytes = b"", image: bytes = b"", board: str = BOARD
) -> Release:
    """Compile the tree at `source`, from nothing, into a release. Raises BuildError, ReleaseError.

    `image` is MicroPython's for `board`; locks on other boards take the application alone.
    """
    text = (source / "firmware/version.py").read_text("utf-8")
    version, security = (_constant(text, name) for name in ("VERSION", "SECURITY"))
    with tempfile.TemporaryDirectory() as folder:
        app = build_app.build(Path(folder) / "app", source)
        slot = app / "slots" / "a"
        paths = (path for path in slot.rglob("*.mpy") if path.is_file())
        files = {path.relative_to(slot).as_posix(): path.read_bytes() for path in paths}
    if trusted:
        files[keys.TRUSTED_PATH] = trusted
    return Release(version, int(security), files, image, board=board)


def check_image(image: bytes, board: str = BOARD) -> None:
    """Raise ReleaseError unless this is an application image for this board's chip, and no combined one."""
    magic, chip = struct.unpack_from("<B11xH", image.ljust(36, b"\0"))
    name, number = _CHIPS[board]
    if magic != 0xE9 or chip != number:
        raise ReleaseError(
            f"the image is none for the {name}: it must begin with the byte 0xE9, its chip be {number}"
        )
    if image[32:36] != b"\x32\x54\xcd\xab":  # esp_app_desc.h of esp-idf
        raise ReleaseError(
            "the image is a combined one, with bootloader and partition table: give the application image "
            "alone, which MicroPython's download page calls .app-bin"
        )
    if len(image) > IMAGE_MAX:
        raise ReleaseError(f"the image has {len(image)} bytes; in 4 MB of flash {IMAGE_MAX} are the most")


def _constant(text: str, name: str) -> str:
    found = re.search(_FIELD.format(name), text, re.MULTILINE)
    if found is None:
        raise ReleaseError(f"firmware/version.py does not say {name}")
    return found[1]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _named(data: bytes) -> dict[str, object]:
    return {"sha256": _sha256(data), "size": len(data)}
