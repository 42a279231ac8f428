"""A release as a folder: the signed manifest, the blobs in chunks, and a text that says what is in it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .release import CHUNK, Release, ReleaseError, manifest_topic

_MANIFEST, _TEXT, _BLOBS = "manifest.jws", "RELEASE.txt", "blobs"


@dataclass(frozen=True)
class Folder:
    """A release that was written; `messages` are what publishes it, manifest last."""

    path: Path
    version: str

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """Topic and payload of every retained message: chunks, then the manifest that leads to them."""
        for chunk in sorted(self.path.glob(f"{_BLOBS}/*/*")):
            yield f"menshen/v1/blob/{chunk.parent.name}/{chunk.name}", chunk.read_bytes()
        yield manifest_topic(self.version), (self.path / _MANIFEST).read_bytes()


def write(release: Release, manifest: str, folder: Path) -> Folder:
    """Write the release into `folder`/<version>. Raises ReleaseError where there is one already."""
    path = folder / release.version
    if path.exists():
        raise ReleaseError(f"{path} exists: a version is released once. Raise VERSION, or remove the folder")
    for topic, data in release.chunks():
        name, n = topic.split("/")[-2:]
        chunk = path / _BLOBS / name / n
        chunk.parent.mkdir(parents=True, exist_ok=True)
        chunk.write_bytes(data)
    (path / _TEXT).write_text(describe(release))
    (path / _MANIFEST).write_text(manifest)
    return Folder(path, release.version)


def read(path: Path) -> Folder:
    """The release in a folder. Raises ReleaseError if there is none."""
    if not (path / _MANIFEST).is_file() or not re.fullmatch(r"\d+\.\d+\.\d+", path.name):
        raise ReleaseError(f"{path} is no release: make release writes them to build/release/<version>")
    return Folder(path, path.name)


def describe(release: Release) -> str:
    """What is in a release, for people."""
    says = json.loads(release.payload)
    lines = [
        f"Menshen {release.version} for board {release.board}, security version {release.security}",
        f"Needs MicroPython {release.runtime[0]}.{release.runtime[1]} or later."
        + (" Brings an image of it." if release.image else ""),
        "",
        f"{_MANIFEST}  signed, PS256; goes to {manifest_topic(release.version)}",
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
