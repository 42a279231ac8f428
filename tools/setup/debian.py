"""Packages of Debian in a folder of our own: fetched and checked by apt, extracted, not installed.

A private apt configuration keeps apt away from the machine's own state, so that no root is
needed and nothing on the machine changes; the mirror, the proxy and the signature checks are the
machine's.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import pins, step

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_CONFIGURATION = """\
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{folder}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
#clear APT::Architectures;
APT::Architecture "{native}";
APT::Architectures {{ {architectures} }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""

_SOURCE = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Architectures: {architectures}
Signed-By: {keyring}
"""


class UnavailableError(Exception):
    """Debian's packages cannot be had here; the message says why in half a sentence."""


def architecture() -> str:
    """The machine's architecture in Debian's words, such as amd64."""
    for tool in ("apt-get", "dpkg", "dpkg-deb"):
        if not shutil.which(tool):
            raise UnavailableError(f"{tool} is missing")
    if not KEYRING.exists():
        raise UnavailableError("the package debian-archive-keyring is missing")
    return step.run(["dpkg", "--print-architecture"]).strip()


def fetch(wanted: Mapping[str, Iterable[str]], folder: Path) -> None:
    """Fetch packages by architecture (or "all") and extract each set into folder/<architecture>."""
    first, *others = pins.DEBIAN_SUITES
    try:
        _fetch_from(first, wanted, folder)
    except UnavailableError as reason:
        for suite in others:
            with contextlib.suppress(UnavailableError):
                return _fetch_from(suite, wanted, folder)
        raise reason from None


def _fetch_from(suite: str, wanted: Mapping[str, Iterable[str]], folder: Path) -> None:
    native = architecture()
    architectures = [native, *(name for name in wanted if name not in {native, "all"})]
    with step.scratch() as private:
        configuration = _configure(private, suite, native, architectures)
        _apt([*_APT, configuration, "update"], private)
        debs = {name: private / f"debs-{name}" for name in wanted}
        for name, packages in wanted.items():
            debs[name].mkdir()
            named = [package if name == "all" else _qualified(package, name) for package in packages]
            _apt([*_APT, configuration, "download", *named], debs[name])
        for name in wanted:
            for deb in sorted(debs[name].glob("*.deb")):
                step.run(["dpkg-deb", "--extract", deb, folder / name])


def mirror(etc: Path = Path("/etc/apt")) -> str:
    """The address of the Debian archive in the machine's own apt sources."""
    found = []
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]:
        found += _one_line_sources(path)
    for path in sorted((etc / "sources.list.d").glob("*.sources")):
        found += _deb822_sources(path)
    archives = [
        uri
        for uri, suites, components in found
        if "main" in components and any(suite in _SUITES for suite in suites)
    ]
    # Others may publish a suite of the same name; the archive's own folder is called debian.
    archives.sort(key=lambda uri: "debian" not in uri.rstrip("/").rpartition("/")[2])
    if not archives:
        raise UnavailableError("the machine's apt sources name no Debian archive")
    return archives[0]


_SUITES = {"stable", "oldstable", "testing", "unstable", "sid", "bookworm", "trixie", "forky", "duke"}


def _one_line_sources(path: Path) -> Iterable[tuple[str, list[str], list[str]]]:
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        kind, _, rest = line.strip().partition(" ")
        if kind != "deb":
            continue
        rest = rest.strip()
        if rest.startswith("["):
            rest = rest.partition("]")[2]
        uri, suite, *components = [*rest.partition("#")[0].split(), "", ""]
        yield uri, [suite.strip("/")], components


def _deb822_sources(path: Path) -> Iterable[tuple[str, list[str], list[str]]]:
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    for stanza in "\n".join(lines).split("\n\n"):
        fields: dict[str, list[str]] = {}
        name = ""
        for line in stanza.splitlines():
            if not line[:1].isspace():
                name, _, line = line.partition(":")  # noqa: PLW2901 (what is left is the value)
            fields.setdefault(name.strip().lower(), []).extend(line.split())
        if "deb" in fields.get("types", []) and fields.get("enabled") != ["no"]:
            for uri in fields.get("uris", []):
                yield uri, fields.get("suites", []), fields.get("components", [])


def _qualified(package: str, name: str) -> str:
    package, equals, version = package.partition("=")
    return f"{package}:{name}{equals}{version}"


def _configure(private: Path, suite: str, native: str, architectures: list[str]) -> Path:
    for path in ("state/lists/partial", "cache/archives/partial", "sources"):
        (private / path).mkdir(parents=True)
    (private / "status").touch()
    (private / "sources" / "debian.sources").write_text(
        _SOURCE.format(
            mirror=mirror(),
            suite=suite,
            architectures=" ".join(architectures),
            keyring=KEYRING,
        ),
        "utf-8",
    )
    configuration = private / "apt.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=private,
            native=native,
            architectures=" ".join(f'"{name}";' for name in architectures),
        ),
        "utf-8",
    )
    return configuration


_APT = ("apt-get", "--quiet", "--config-file")


def _apt(command: list[str | Path], cwd: Path) -> None:
    try:
        output = step.run(command, cwd=cwd)
    except subprocess.CalledProcessError as failure:
        raise UnavailableError(f"apt-get said: {step.error_line(failure, 'E:')}") from failure
    # Without this, an index that could not be fetched would be a mere warning to `apt-get update`.
    trouble = [line for line in output.splitlines() if line.startswith(("Err:", "W: Failed to fetch"))]
    if trouble:
        raise UnavailableError(f"apt-get could not fetch {trouble[0].partition(' ')[2]}; is the network up?")
