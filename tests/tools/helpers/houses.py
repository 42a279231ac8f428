"""Houses for tests: a file with its key beside it, and nobody in it yet."""

import json
import secrets
from pathlib import Path

from click.testing import CliRunner, Result

from menshen.cli.main import main
from menshen.operator import opening, seal, store, tables, zones


def new_house(address: Path | str, zone: str = "UTC") -> None:
    """What `menshen init` makes, without certificates."""
    if isinstance(address, Path):
        address.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = seal.Seal()
    tables.create(str(address), made, made.under_key(seal.make_key(opening.key_file(str(address)))))
    house = open_house(address)
    with house.change():
        house.set("zone", zone)
    house.close()


def open_house(address: Path | str) -> store.Store:
    """It, as a command opens it."""
    return opening.opened(str(address), print)


def keys(folder: Path, *names: str, zone: str = "UTC", reader: str = "pn532", plain: bool = True) -> None:
    """What provisioning leaves of these locks: a key, and the settings beside it."""
    for name in names:
        (folder / f"{name}.key").write_bytes(secrets.token_bytes(32))
        settings = {"lock": name, "time": {"zone": zones.rule(zone)}, "reader": {"type": reader}}
        (folder / f"{name}.json").write_text(json.dumps({**settings, "cards": {"plain_uid": plain}}))


class House:
    """One file and one command line; `run` is a command that has to end well, `refused` one that must not."""

    def __init__(self, address: Path | str, folder: Path) -> None:
        self.address, self.folder = address, folder

    def call(self, *arguments: str, typed: str | None = None) -> Result:
        """Whatever comes of it."""
        result = CliRunner().invoke(main, ["--file", str(self.address), *arguments], input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def run(self, *arguments: str, typed: str | None = None) -> str:
        """What it prints on both."""
        result = self.call(*arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.output

    def json(self, *arguments: str) -> object:
        """What it prints with --json."""
        result = self.call(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, status: int, says: str, *arguments: str, typed: str | None = None) -> None:
        """It ends with this status and a sentence that says this."""
        result = self.call(*arguments, typed=typed)
        assert (result.exit_code, says in result.output) == (status, True), (result.exit_code, result.output)

    def add_locks(self, *names: str, zone: str = "UTC", reader: str = "pn532", plain: bool = True) -> None:
        """Locks of this house, as the installer leaves them; `plain`: cards open by their number alone."""
        keys(self.folder, *names, zone=zone, reader=reader, plain=plain)
        for name in names:
            self.run("lock", "add", name, "--key-file", str(self.folder / f"{name}.key"))

    def publish(self, *names: str) -> None:
        """As if each of these locks had been sent its list, and had taken it."""
        from menshen.operator import publishing

        store_ = open_house(self.address)
        with store_.change():
            for name in names:
                publishing.prepare(store_, name, 0)
                store_.taken(name, store_.lock(name)["version"])
        store_.close()
