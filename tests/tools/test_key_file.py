"""A lock's key is read as provisioning writes it and as people copy it, and nothing else is taken for one."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from menshen.cli.main import main
from menshen.errors import InputError
from menshen.key_file import read_lock_key

KEY = bytes(range(224, 256))  # no UTF-8


@pytest.mark.parametrize(
    "content", [KEY, KEY.hex().encode(), KEY.hex().upper().encode(), f" {KEY.hex()}\r\n".encode()]
)
def test_a_key_is_raw_or_in_digits(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "front.key").write_bytes(content)
    assert read_lock_key(tmp_path / "front.key", "--lock-key") == KEY


@pytest.mark.parametrize(
    "content", [b"", KEY[:-1], KEY + b"\n", KEY.hex()[:-1].encode(), b"g" * 64, b"-----BEGIN KEY-----"]
)
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "front.key").write_bytes(content)
    with pytest.raises(InputError, match=r"--lock-key .*front\.key: must hold a lock's key") as refused:
        read_lock_key(tmp_path / "front.key", "--lock-key")
    assert not content or content.decode(errors="replace") not in str(refused.value)


def test_a_command_is_signed_with_the_file_that_provisioning_left(tmp_path: Path) -> None:
    (tmp_path / "front.key").write_bytes(KEY)
    line = ["command", "identify", "--lock", "front", "--lock-key", str(tmp_path / "front.key")]
    done = CliRunner().invoke(main, line)
    assert (done.exit_code, done.stdout.count(".")) == (0, 2), done.output
