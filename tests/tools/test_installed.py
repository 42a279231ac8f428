"""Installed by pip somewhere else, `menshen` works without the checkout, or says that it needs one."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import TOP

pytestmark = pytest.mark.slow

_BUILT_OF = ("tools", "firmware", "pyproject.toml", "README.md", "LICENSE")
_CHECKOUT = "needs the firmware's sources, which this installed menshen does not have: in a checkout"
_LOADED = """
import sys
from menshen.cli.main import main
for later in main.later.values():
    if not later.of_sources:
        later.load()
print(*{name.partition(".")[0] for name, module in sys.modules.items() if getattr(module, "__file__", "")})
"""
_NAMED = "from importlib.metadata import requires; print(*requires('menshen'), sep='\\n')"
Menshen = Callable[..., subprocess.CompletedProcess[str]]


def _run(*line: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False, **options
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip makes of a checkout that nobody has built anything in."""
    folder = tmp_path_factory.mktemp("wheel")
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in _BUILT_OF:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(TOP / name, checkout)
    pip = (sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check")
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    done = _run(*pip, "wheel", *offline, "--wheel-dir", folder, checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in checkout.iterdir()} == {*_BUILT_OF, "build"}, "pip leaves files at the top"
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def menshen(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Menshen:
    """Run the command from an environment of its own, in an empty home, in a folder that is no checkout.

    What pip would fetch for it is lent by this project's environment.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    venv, home = folder / "venv", folder / "home"
    home.mkdir()
    assert _run(sys.executable, "-m", "venv", "--without-pip", venv).returncode == 0
    python = venv / "bin/python"
    done = _run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    assert done.returncode == 0, done.stdout + done.stderr
    (site,) = venv.glob("lib/python*/site-packages")
    assert {path.name.partition("-")[0] for path in site.iterdir()} == {"menshen"}, (
        "names collide with others'"
    )
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {"HOME": str(home), "PATH": os.defpath}

    def run(*arguments: str | Path, program: str = "menshen") -> subprocess.CompletedProcess[str]:
        return _run(venv / "bin" / program, *arguments, cwd=home, env=environment)

    return run


def test_everything_of_tools_is_in_the_package(wheel: Path) -> None:
    packed = {name.removeprefix("menshen/") for name in zipfile.ZipFile(wheel).namelist()}
    ours = {path.relative_to(TOP / "tools") for path in (TOP / "tools").rglob("*") if path.is_file()}
    missing = {str(path) for path in ours if "__pycache__" not in path.parts} - packed
    assert missing == {"simulator/door.png"}  # the README's picture


def test_what_an_operator_needs_works_without_a_checkout(menshen: Menshen) -> None:
    (home,) = {Path(menshen("-c", "import os; print(os.getcwd())", program="python").stdout.strip())}
    where = menshen("-c", "import menshen; print(menshen.__file__)", program="python").stdout
    assert "site-packages/menshen" in where
    (home / "front.key").write_text("0f" * 32)
    for line, says in (
        (["--help"], "lock, lease, card"),
        (["--version"], "menshen "),
        (["pki", "authority", "pki"], "ca.key.pem"),
        (["pki", "broker", "pki", "broker.example"], "broker.crt.pem"),
        (["pki", "operator", "pki"], "operator.crt.pem"),
        (["init", "--zone", "Europe/Berlin", "--broker", "none", "--seal", "key"], "your file"),
        (["broker", "broker.example:8883", "--certificates", "pki"], "the broker is broker.example:8883"),
        (["lock", "add", "front", "--key-file", "front.key", "--zone", "Europe/Berlin"], "front: added"),
        (
            ["lease", "add", "front", "--from", "2100-01-01", "--until", "2100-12-31", "--yes"],
            "move-in code: ",
        ),
        (["staff", "add", "front", "Anna", "--card", "04a1b2c3", "--yes"], "Anna may enter at front"),
        (["lock", "list"], "Europe/Berlin"),
        (["brokers", "nats", "front"], "CN=front"),
        (["command", "identify", "--lock", "front", "--lock-key", "front.key"], "."),
        (["board", "--help"], "selftest"),
        (["release", "publish", "--help"], "--tls-authority"),
    ):
        done = menshen(*line)
        assert done.returncode == 0, (line, done.stderr)
        assert says in done.stdout, line
    assert (home / ".menshen/operator.db").is_file()


def test_what_needs_the_sources_says_so_in_one_sentence(menshen: Menshen) -> None:
    for line in (
        ["board", "image", "--base", "/bin/true"],
        ["release", "build", "--key", "release.pem"],
        ["run"],
        ["build"],
        ["bench"],
    ):
        done = menshen(*line)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
        assert _CHECKOUT in done.stderr


def test_pip_brings_all_that_it_needs(menshen: Menshen) -> None:
    """Whatever its commands import is among the packages that [project] names, or theirs."""
    named = menshen("-c", _NAMED, program="python").stdout.splitlines()
    needed = {name for line in named for name in _with_what_they_need(line)}
    providers = packages_distributions()
    loaded = menshen("-c", _LOADED, program="python").stdout.split()
    loaded.remove("menshen")
    foreign = {name: set(map(canonicalize_name, providers[name])) for name in loaded if name in providers}
    assert {name for name, those in foreign.items() if not those & needed} == set()


def _with_what_they_need(line: str) -> Iterator[str]:
    """The package that a line of requirements names, and those that it needs in its turn."""
    requirement = Requirement(line)
    if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
        yield canonicalize_name(requirement.name)
        for other in distribution(requirement.name).requires or ():
            yield from _with_what_they_need(other)
