"""What a landlord types wrong is told so that they know what would be right."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from menshen.cli.main import main
from tests.tools.helpers.houses import House, new_house

_LONGEST = 200  # letters of a sentence that somebody reads


@pytest.fixture
def house(tmp_path: Path) -> House:
    """With the door "front", called "House door", and a lease "flat 3"."""
    new_house(tmp_path / "house.db")
    house = House(tmp_path / "house.db", tmp_path)
    house.add_locks("front")
    house.run("lock", "rename", "front", "House door")
    house.run("lease", "add", "front", "--until", "2030-01-01", "--note", "flat 3")
    return house


@pytest.mark.parametrize("name", ["folder", "front.key", "/dev/null"])
def test_a_file_that_is_no_house_is_not_to_be_made_ones_own(house: House, tmp_path: Path, name: str) -> None:
    """Whoever named the wrong file was told to change who may read it."""
    (tmp_path / "folder").mkdir(mode=0o755)
    (tmp_path / "front.key").chmod(0o644)
    result = CliRunner().invoke(main, ["--file", str(tmp_path / name), "lock", "list"])
    assert result.exit_code == 2
    assert "chmod" not in result.output
    assert f"--file {tmp_path / name}: " in result.output


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["publish", "fornt"], "LOCK fornt: not in the file; did you mean front? `menshen lock list`"),
        (["lock", "show", "Housedoor"], "did you mean House door?"),
        (
            ["lease", "code", "flat3"],
            "LEASE flat3: not in the file; did you mean flat 3? `menshen lease list`",
        ),
        (["lease", "code", "attic"], "LEASE attic: not in the file; `menshen lease list`"),
    ],
)
def test_a_name_that_is_nearly_right_is_told(house: House, line: list[str], says: str) -> None:
    house.refused(2, says, *line)


def test_init_asks_again_where_an_answer_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "house.db"
    typed = "Europe/Berln\nEurope/Berlin\nmqtt://x\nnone\nkey\n"
    result = CliRunner().invoke(main, ["--file", str(path), "init"], input=typed)
    assert result.exit_code == 0, result.output
    assert "Europe/Berln: unknown; a name such as Europe/Berlin is right" in result.output
    assert "mqtt://x: such as mqtt.example.org" in result.output
    assert House(path, tmp_path).run("lock", "list")


def test_init_asks_nothing_where_there_is_a_house(house: House) -> None:
    result = CliRunner().invoke(main, ["--file", str(house.address), "init"], input="")
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1), result.output
    assert "there is one already" in result.output


@pytest.mark.parametrize("line", [["holiday", "import"], ["import"]])
def test_a_program_that_is_no_table_is_not_shown(house: House, tmp_path: Path, line: list[str]) -> None:
    """iCalendar's library has the whole of it in its message."""
    (tmp_path / "program").write_bytes(b"\x7fELF\x02\x01\xd0" + b"\0ELF" * 2000)
    result = house.call(*line, str(tmp_path / "program"))
    assert (result.exit_code, "program: no " in result.output) == (2, True), result.output
    assert len(result.output) < _LONGEST + len(str(tmp_path))


def test_somebody_has_to_be_responsible(house: House, tmp_path: Path) -> None:
    (tmp_path / "front.json").write_text('{"lock": "front"}')
    line = ["privacy", "sheet", "front", "--settings", str(tmp_path / "front.json"), "--landlord", " "]
    house.refused(2, "--landlord: a name", *line)


def test_a_backup_is_written_to_what_is_no_file(house: House, tmp_path: Path) -> None:
    """As root it took the place of a device, /dev/full."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    (tmp_path / "passphrase").write_text("long enough")
    environment = {"MENSHEN_BACKUP_PASSPHRASE_FILE": str(tmp_path / "passphrase")}
    line = ["--file", str(house.address), "backup", str(pipe)]
    result = CliRunner().invoke(main, line, env=environment)
    assert result.exit_code == 0, result.output
    assert os.read(reader, 15) == b"menshen house 1"
    os.close(reader)
    assert pipe.is_fifo()
