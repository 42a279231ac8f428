"""The landlord's page, followed word by word: each command as it is printed, with the broker of `init`."""

import asyncio
import datetime as dt
import json
import re
import secrets
import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from menshen.cli.main import main
from menshen.desk import pcsc
from menshen.operator.certificates import OPERATOR, Authority
from menshen.simulator.cards.ntag424 import Ntag424
from tests.conftest import TOP
from tests.integration.helpers.brokers import Mosquitto
from tests.integration.helpers.landlord import accepting
from tests.integration.helpers.process import LOCALHOST, Process, free_ports, started
from tests.tools.helpers.houses import keys

_PAGE = (TOP / "tools/operator/README.md").read_text()
_WORD = "correct horse battery"
_TYPED = {"--pin": "274195\n274195\n"}
_YEARS = dt.date.today().year - 2026


def _lines() -> list[list[str]]:
    """The commands that stand on lines of their own, as a shell reads them; years move with the calendar."""
    found = re.findall(r"^    menshen (.*)$", _PAGE, re.MULTILINE)
    later = (re.sub(r"\b(20\d\d)-", lambda year: f"{int(year[1]) + _YEARS}-", line) for line in found)
    return [shlex.split(line, comments=True) for line in later]


def _named() -> list[str]:
    """Those within its sentences and tables."""
    prose = re.sub(r"^    .*$", "", _PAGE, flags=re.MULTILINE)
    return [line for line in re.findall(r"`menshen ([^`]+)`", prose) if "..." not in line]


@pytest.mark.parametrize("line", _named())
def test_each_command_that_the_page_names_can_be_typed(line: str) -> None:
    context = click.Context(main)
    command: click.Command | None = main
    words = shlex.split(line)
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0)) if words else None
    if command is not None and words:
        command.make_parser(context).parse_args(words)
    assert command is not None or not words


@pytest.fixture
def home() -> Iterator[Path]:
    """Where the broker's user can come."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def _at_the_desk(_seconds: int) -> Iterator[Callable[[bytes], bytes]]:
    """A factory-fresh card on the reader, another each time."""
    card = Ntag424("new", b"\x04" + secrets.token_bytes(6))
    card.power(True)
    yield card.exchange


@dataclass
class Landlord:
    """Who sits in a folder with the installer's files and types."""

    folder: Path
    port: int = 0

    def type(self, *words: str, typed: str = "") -> Result:
        """One command."""
        env = {
            "HOME": str(self.folder),
            "MENSHEN_FILE": None,
            "MENSHEN_KEY_FILE": None,
            "MENSHEN_BACKUP_PASSPHRASE_FILE": str(self.folder / "word"),
        }
        result = CliRunner(env=env).invoke(main, list(words), input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def broker(self) -> Process:
        """Begin a house as the page says, and start its broker as `init` says."""
        self.port = free_ports(1)[0]
        self.folder = self.folder / str(self.port)
        self.folder.mkdir()
        (self.folder / "word").write_text(_WORD)
        typed = f"Europe/Berlin\n{LOCALHOST}:{self.port}\nkey\n"
        said = self.type("init", "--mosquitto", str(self.folder / "broker"), typed=typed)
        assert said.exit_code == 0, said.output
        program, _, config = said.stdout.partition("It starts with: ")[2].splitlines()[0].split()
        assert program == "mosquitto"
        return Process([Mosquitto.program(), "-c", config], " running")


async def test_the_page_is_followed_word_by_word(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landlord = Landlord(home)
    broker = await started(landlord.broker)
    try:
        monkeypatch.chdir(landlord.folder)
        monkeypatch.setattr(pcsc, "card", _at_the_desk)
        keys(landlord.folder, "house", "flat-3", zone="Europe/Berlin")
        (landlord.folder / "new").mkdir()
        (landlord.folder / "holidays.ics").write_text(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//\r\nBEGIN:VEVENT\r\nUID:1\r\n"
            "DTSTART;VALUE=DATE:20001225\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Christmas\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        certificates = landlord.folder / ".menshen" / "certificates"
        own = Authority.load(certificates).issue(OPERATOR, client=True)
        async with accepting((LOCALHOST, landlord.port), certificates, own, ["house", "flat-3"]):
            for words in _lines():
                if words == ["init"]:
                    continue
                again = ["--file", str(landlord.folder / "again.db")] if words[0] == "restore" else []
                typed = next((typed for option, typed in _TYPED.items() if option in words), "")
                result = await asyncio.to_thread(landlord.type, *again, *words, typed=typed)
                assert result.exit_code in ((0, 3) if words[0] == "health" else (0,)), (words, result.output)
                if words[0] == "publish":
                    assert result.output.count("accepted") == 2, result.output
        leases = json.loads(landlord.type("lease", "list", "--json").stdout)
        assert {(row["note"], row["lock"]) for row in leases} == {("flat 3", "house"), ("flat 3", "flat-3")}
    finally:
        await broker.stop()
