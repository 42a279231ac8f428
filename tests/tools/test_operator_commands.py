"""The command line that signs commands: what it prints is what a lock takes, and wrong options are named."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jwcrypto import jwk, jws
from jwcrypto.common import base64url_encode

from menshen.cli.main import main
from menshen.operator.commands import staff_key
from menshen.operator.lists import mac

KEY, GUEST_KEY = bytes(range(32)), bytes(range(16))
DIGEST = "0123456789abcdef0123456789abcdef"
_FIELDS = {"lock", "time", "command", "nonce", "expires"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "lock.key").write_text(KEY.hex() + "\n")
    (tmp_path / "guest.key").write_text(f"Menshen guest key of demo: {GUEST_KEY.hex()}")
    return {"key": str(tmp_path / "lock.key"), "guest": str(tmp_path / "guest.key")}


def _run(files: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, ["command", "--lock", "demo", "--lock-key", files["key"], *arguments])


def _payload(message: str, key: bytes, purpose: bytes) -> dict:
    token = jws.JWS()
    token.deserialize(message)
    token.verify(jwk.JWK(kty="oct", k=base64url_encode(mac(key, purpose))))
    assert token.jose_header == {"alg": "HS256", "kid": "demo"}
    return json.loads(token.payload)


@pytest.mark.parametrize("what", ["identify", "self-test", "restart"])
def test_a_command_is_signed_for_its_time(files: dict[str, str], what: str) -> None:
    said = _payload(_run(files, what, "--life", "90").output.strip(), KEY, b"menshen command v1")
    assert set(said) == _FIELDS
    assert (said["lock"], said["command"], said["expires"] - said["time"]) == ("demo", what, 90)
    assert len(said["nonce"]) >= 16


@pytest.mark.parametrize("who", ["staff", "tenant"])
def test_whoever_wants_in_proves_it(files: dict[str, str], who: str) -> None:
    options, key = ["--credential", DIGEST], staff_key(KEY, bytes.fromhex(DIGEST))
    if who == "tenant":
        options, key = ["--lease", "7", "--guest-key", files["guest"]], GUEST_KEY
    said = _payload(_run(files, "unlock", *options).output.strip(), KEY, b"menshen command v1")
    proof = _payload(said["proof"], key, b"menshen unlock v1")
    assert proof == {name: said[name] for name in _FIELDS}
    assert said.get("lease") == (7 if who == "tenant" else None)
    assert said.get("credential") == (None if who == "tenant" else DIGEST)


def test_wrong_options_are_named(files: dict[str, str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.key"
    bad.write_text("secret")
    for arguments, says in (
        (["unlock"], "needs --credential, or --lease with --guest-key"),
        (["unlock", "--lease", "7"], "needs --credential, or --lease with --guest-key"),
        (["unlock", "--credential", DIGEST, "--lease", "7"], "needs --credential, or --lease"),
        (["unlock", "--credential", "xyz"], "--credential must be 32 hexadecimal digits"),
        (["unlock", "--lease", "7", "--guest-key", str(bad)], "the key must be 32 hexadecimal digits"),
        (["identify", "--lease", "7"], "are for unlock"),
        (["identify", "--life", "601"], "--life"),
        (["open"], "open"),
    ):
        result = _run(files, *arguments)
        assert result.exit_code != 0
        assert says in result.output, result.output
    result = _run({"key": str(bad)}, "identify")
    assert "32 bytes, or 64 hexadecimal digits" in result.output
