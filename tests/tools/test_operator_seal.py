"""What seals the locks' keys in the operator's file: a key file, or a passphrase."""

import shutil
import stat
from pathlib import Path

import pytest

from menshen.operator import store
from tests.tools.helpers.houses import House, keys, new_house, open_house

KEY = bytes(range(32))


@pytest.fixture
def plain(tmp_path: Path) -> House:
    """A house in a file."""
    path = tmp_path / "house" / "operator.db"
    new_house(path)
    return House(path, tmp_path)


def test_locks_keys_are_sealed_by_the_key_file(plain: House, tmp_path: Path) -> None:
    (tmp_path / "front.key").write_bytes(KEY)
    plain.run("lock", "add", "front", "--key-file", str(tmp_path / "front.key"))
    assert isinstance(plain.address, Path)
    data = plain.address.read_bytes()
    assert KEY not in data
    assert KEY.hex().encode() not in data
    own = plain.address.with_suffix(".key")
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    assert own.read_bytes() not in data
    kept = own.read_bytes()
    own.write_bytes(bytes(32))
    plain.refused(1, "not the key of this file", "lease", "add", "front", "--until", "2030-01-01")
    assert "front" in plain.run("lock", "list")  # which needs no key
    own.unlink()
    plain.refused(1, "No such file", "lease", "add", "front", "--until", "2030-01-01")
    own.write_bytes(kept)
    plain.run("lease", "add", "front", "--until", "2030-01-01")


def test_a_lock_does_not_get_anothers_key(plain: House) -> None:
    plain.add_locks("front", "back")
    opened = open_house(plain.address)
    with opened.change():
        opened.run("update lock set key = (select key from lock where name = 'back') where name = 'front'")
    with pytest.raises(store.StoreError, match="another lock's"):
        opened.key("front")
    opened.close()


def test_a_passphrase_opens_the_keys_and_can_be_another(plain: House, tmp_path: Path) -> None:
    plain.add_locks("front")
    plain.run("seal", "passphrase", typed="correct horse\ncorrect horse\n")
    add = ("lease", "add", "front", "--until", "2030-01-01")
    plain.run(*add, typed="correct horse\n")
    plain.refused(2, "not the passphrase of the file", *add, typed="incorrect horse\n")
    plain.refused(2, "at least 8", *add, typed="short\n")
    plain.run("lock", "list")
    plain.run("seal", "key", typed="correct horse\n")
    plain.run(*add)


def test_a_passphrase_is_read_from_the_file_that_is_named(
    plain: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.run("seal", "passphrase", typed="correct horse\ncorrect horse\n")
    (tmp_path / "word").write_text("correct horse\n")
    monkeypatch.setenv("MENSHEN_PASSPHRASE_FILE", str(tmp_path / "word"))
    plain.add_locks("front")
    plain.run("lease", "add", "front", "--until", "2030-01-01")


def test_a_copy_of_a_file_opens_with_its_key_where_that_is_named(
    plain: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.add_locks("front")
    assert isinstance(plain.address, Path)
    copy = tmp_path / "copy.db"
    shutil.copy(plain.address, copy)
    keys(tmp_path, "back")
    House(copy, tmp_path).refused(1, "$MENSHEN_KEY_FILE", "lease", "add", "front", "--until", "2030-01-01")
    monkeypatch.setenv("MENSHEN_KEY_FILE", str(plain.address.with_suffix(".key")))
    House(copy, tmp_path).run("lease", "add", "front", "--until", "2030-01-01")
