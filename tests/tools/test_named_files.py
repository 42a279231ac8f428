"""Files that a person names: no device is read to its end, and nothing takes the place of something else."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from menshen.cli import files
from menshen.cli.main import main
from tests.tools.helpers.houses import House, new_house
from tests.tools.test_bad_input import COMMANDS

_WORD = "correct horse battery"
_NEW_ONLY = {("import", "codes")}
"""What is refused wherever there is a file."""


def _named() -> list[tuple[tuple[str, ...], click.Parameter]]:
    """Every option and argument that names a file and no folder."""
    return [
        (path, parameter)
        for path, of in COMMANDS.items()
        for parameter in of.params
        if isinstance(parameter.type, click.Path) and parameter.type.file_okay and not parameter.type.dir_okay
    ]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("MENSHEN_BACKUP_PASSPHRASE_FILE", str(tmp_path / "word"))
    (tmp_path / "word").write_text(_WORD)
    new_house(tmp_path / "house.db")
    house = House(tmp_path / "house.db", tmp_path)
    house.add_locks("front")
    return house


def test_every_file_that_is_named_is_looked_at() -> None:
    bare = {(*path, of.name) for path, of in _named() if not isinstance(of.type, files.Input | files.Output)}
    assert bare == _NEW_ONLY


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/null"])
def test_a_device_is_no_file_to_read(device: str) -> None:
    context = click.Context(main)
    tried = [of for _, of in _named() if isinstance(of.type, files.Input)]
    assert len(tried) > 10
    for parameter in tried:
        with pytest.raises(click.BadParameter, match="is a device"):
            parameter.type.convert(device, parameter, context)


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(files.MOST + 1)  # a hole, which takes no room
    with pytest.raises(click.BadParameter, match="has more than 64 MiB"):
        files.Input().convert(str(tmp_path / "large"), None, None)
    with pytest.raises(OSError, match="has more than 64 MiB"):
        files.contents(tmp_path / "large")


@pytest.mark.parametrize("variable", ["MENSHEN_KEY_FILE", "MENSHEN_PASSPHRASE_FILE"])
def test_a_variable_that_names_a_device_is_told_in_a_sentence(
    house: House, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    if variable == "MENSHEN_PASSPHRASE_FILE":
        house.run("seal", "passphrase", typed=f"{_WORD}\n{_WORD}\n")
    monkeypatch.setenv(variable, "/dev/zero")
    result = house.call("lock", "add", "back", "--key-file", str(house.folder / "front.key"))
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith("Error: ")


def test_a_table_that_names_a_device_is_told_in_a_sentence(house: House) -> None:
    (house.folder / "table.csv").write_text("kind,doors,name,key_file\nlock,back,,/dev/zero\n")
    house.refused(1, "/dev/zero", "import", str(house.folder / "table.csv"))


@pytest.mark.parametrize(
    "line",
    [
        ["export", "{}"],
        ["backup", "{}"],
        ["health", "--picture", "{}.svg"],
        ["lease", "sheet", "--settings", "front.json", "--pdf", "{}"],
    ],
    ids=" ".join,
)
def test_what_is_something_else_is_not_written_over(
    house: House, monkeypatch: pytest.MonkeyPatch, line: list[str]
) -> None:
    """As somebody types who takes one name for the other: their file, its key, a lock's settings."""
    monkeypatch.chdir(house.folder)
    for name in ("house.db", "house.key", "front.json", "front.key"):
        named = name
        if line[0] == "health":
            named = f"{name}.svg"
            (house.folder / named).symlink_to(name)
        before = Path(name).read_bytes()
        house.refused(2, "something else", *(word.format(name) for word in line))
        assert Path(named).read_bytes() == before


def test_what_was_written_before_is_written_anew(house: House) -> None:
    for line in (["export", "house.csv"], ["backup", "house.backup"]):
        for _ in range(2):
            house.run(line[0], str(house.folder / line[1]))
    (house.folder / "empty").touch()
    house.run("export", str(house.folder / "empty"))
    (house.folder / "edited").write_bytes("\ufeffdoors;kind;name\r\n".encode())
    house.run("export", str(house.folder / "edited"))


def test_a_backup_holds_certificates_of_any_bytes_and_no_folders(house: House) -> None:
    """A file that only is called so is no reason to have no backup."""
    own = house.folder / "certificates"
    (own / "old.pem").mkdir(parents=True)
    (own / "odd.pem").write_bytes(b"\xff\x00\r\n\xc3")
    for name in ("ca.crt.pem", "operator.crt.pem", "operator.key.pem"):
        (own / name).write_bytes(b"")
    house.run("broker", "127.0.0.1:1", "--certificates", str(own))
    house.run("backup", str(house.folder / "house.backup"))
    again = House(house.folder / "again/house.db", house.folder)
    again.run("restore", str(house.folder / "house.backup"))
    assert (house.folder / "again/certificates/odd.pem").read_bytes() == b"\xff\x00\r\n\xc3"


def test_another_page_is_not_taken_for_the_resident_s(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>Our house</title>")
    result = CliRunner().invoke(main, ["phone", "--out", str(tmp_path)])
    assert (result.exit_code, "another page" in result.output) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    (tmp_path / "index.html").unlink()
    for _ in range(2):
        assert CliRunner().invoke(main, ["phone", "--out", str(tmp_path)]).exit_code == 0


def test_neither_half_of_a_release_key_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "word").write_text(_WORD)
    monkeypatch.setenv("MENSHEN_RELEASE_PASSPHRASE_FILE", str(tmp_path / "word"))
    (tmp_path / "release.pub.pem").write_text("what locks trust")
    result = CliRunner().invoke(main, ["release", "key", "--key", str(tmp_path / "release.pem")])
    assert (result.exit_code, "release.pub.pem exists" in result.output) == (1, True)
    assert (tmp_path / "release.pub.pem").read_text() == "what locks trust"
