"""A release as a folder: the signed manifest, the blobs in chunks, and a text that says what is in it."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from menshen import json_text
from menshen.wiring import BOARDS

from . import pack
from .release import BOARD, CHUNK, DELTA_MAX, Release, ReleaseError, delta_topic, manifest_topic

_TEXT, _BLOBS = "RELEASE.txt", "blobs"


@dataclass(frozen=True)
class Folder:
    """A release that was written; `messages` are what publishes it, manifests last.

    Releases beside it are those that locks may run: for each of them it adds how its head differs.
    """

    path: Path
    version: str

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """Topic and payload of every retained message: blobs, then the manifests that lead to them."""
        for chunk in sorted(self.path.glob(f"{_BLOBS}/*/*")):
            yield f"menshen/v1/blob/{chunk.parent.name}/{chunk.name}", chunk.read_bytes()
        yield from self._deltas()
        for board in self.boards:
            yield manifest_topic(self.version, board), (self.path / _manifest(board)).read_bytes()

    @property
    def head(self) -> bytes:
        """The head of its pack: names, places and hashes."""
        chunks = (self.path / _BLOBS / self._head_hash).glob("*")
        return b"".join(chunk.read_bytes() for chunk in sorted(chunks, key=lambda path: int(path.name)))

    def _deltas(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self.path.parent.iterdir()):
            if not _is_release(path) or path.name == self.version:
                continue
            try:
                said = pack.delta(read(path).head, self.head)
            except (ReleaseError, pack.PackError):
                continue  # somebody else's broken folder is no reason not to publish this one
            if len(said) <= DELTA_MAX:
                yield delta_topic(self._head_hash, path.name), said

    @property
    def boards(self) -> list[str]:
        """The boards that it has a manifest for: older releases have one for `devkit` alone."""
        return [board for board in BOARDS if (self.path / _manifest(board)).is_file()]

    @property
    def slot_size(self) -> int:
        """How many bytes it has in a lock's slot. Raises ReleaseError where its manifest does not say so."""
        slot = self._part(1).get("slot")
        size = slot.get("size") if isinstance(slot, dict) else None
        if type(size) is not int:
            raise ReleaseError(f"{self.path / _manifest(self.boards[0])} names no slot with its size")
        return size

    @property
    def _head_hash(self) -> str:
        files = self._part(1).get("files")
        found = files.get("sha256") if isinstance(files, dict) else None
        if not isinstance(found, str) or not re.fullmatch("[0-9a-f]{64}", found):
            raise ReleaseError(f"{self.path / _manifest(self.boards[0])} names no pack with its hash")
        return found

    @property
    def signer(self) -> str:
        """The id of the key that it is signed with. Raises ReleaseError as slot_size does."""
        return str(self._part(0).get("kid", ""))

    def _part(self, number: int) -> dict:
        """The JSON object that is this part of the first board's manifest. Raises ReleaseError."""
        path = self.path / _manifest(self.boards[0])
        try:
            part = path.read_text("utf-8").split(".")[number]
            found = json_text.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except (ValueError, IndexError):
            found = None
        if not isinstance(found, dict):
            raise ReleaseError(f"{path} is no manifest, as `menshen release build` writes it")
        return found


def _manifest(board: str) -> str:
    return "manifest.jws" if board == BOARD else f"manifest-{board}.jws"


def write(release: Release, manifests: Mapping[str, str], folder: Path) -> Folder:
    """Write the release, with a manifest for each board, into `folder`/<version>.

    Raises ReleaseError where there is one already.
    """
    path = folder / release.version
    if path.exists():
        raise ReleaseError(f"{path} exists: a version is released once. Raise VERSION, or remove the folder")
    for topic, data in release.chunks():
        name, n = topic.split("/")[-2:]
        chunk = path / _BLOBS / name / n
        chunk.parent.mkdir(parents=True, exist_ok=True)
        chunk.write_bytes(data)
    (path / _TEXT).write_text(describe(release), "utf-8")
    for board, manifest in manifests.items():
        (path / _manifest(board)).write_text(manifest, "utf-8")
    return Folder(path, release.version)


def read(path: Path) -> Folder:
    """The release in a folder. Raises ReleaseError if there is none."""
    if not _is_release(path):
        raise ReleaseError(f"{path} is no release: make release writes them to build/release/<version>")
    found = Folder(path, path.name)
    if found.slot_size <= 0 or not found.signer:
        raise ReleaseError(f"{path} is no release: its manifest names no size, or no key")
    return found


def _is_release(path: Path) -> bool:
    return bool(Folder(path, "").boards and re.fullmatch(r"\d+\.\d+\.\d+", path.name))


def describe(release: Release) -> str:
    """What is in a release, for people."""
    says = json.loads(release.payload)
    lines = [
        f"Menshen {release.version} for {', '.join(BOARDS)}, security version {release.security}",
        f"Needs MicroPython {release.runtime[0]}.{release.runtime[1]} or later."
        + (f" Brings an image of it for {release.board}." if release.image else ""),
        "",
        *(
            f"{_manifest(board)}  signed, PS256; goes to {manifest_topic(release.version, board)}"
            for board in BOARDS
        ),
        f"{_BLOBS}/<SHA-256>/<n>  chunks of {CHUNK} bytes; go to menshen/v1/blob/<SHA-256>/<n>",
        "",
        "sha256                                                              bytes  what",
        f"{says['slot']['sha256']} {says['slot']['size']:>8}  the slot's file, of all that follows",
        f"{says['files']['sha256']} {says['files']['size']:>8}  its head: names, places, hashes",
    ]
    for name, data in sorted(release.files.items()):
        digest = next(key for key, blob in release.blobs.items() if blob == data)
        lines.append(f"{digest} {len(data):>8}  {name}")
    if release.image:
        lines.append(f"{says['image']['sha256']} {len(release.image):>8}  MicroPython's image, in pieces")
    return "\n".join(lines) + "\n"
