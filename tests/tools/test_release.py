"""A release is the same bytes from the same tree, signed as RFC 7518 has it, and says what is in it."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from menshen import build_app
from menshen.cli.main import main
from menshen.errors import InputError
from menshen.release import keys, output, pack, publish, release
from menshen.wiring import BOARDS
from tests.conftest import TOP, UNIT

SECRET = b"correct horse"
IMAGE = b"\xe9" + bytes(31) + b"\x32\x54\xcd\xab" + b"m" * 50_000
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


@pytest.fixture(scope="module")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "release.pem"
    keys.create(path, SECRET)
    return path


@pytest.fixture(scope="module")
def made() -> release.Release:
    return release.build()


def _part(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_same_tree_gives_the_same_bytes(tmp_path: Path, made: release.Release) -> None:
    """In another folder, with other times on the files."""
    top = tmp_path / "a long name for a folder"
    shutil.copytree(TOP / "firmware", top / "firmware", copy_function=shutil.copyfile)
    again = release.build(top)
    assert again.payload == made.payload
    assert again.slot == made.slot
    assert again.blobs == made.blobs
    assert str(top).encode() not in again.slot


def test_another_tree_gives_other_bytes(tmp_path: Path, made: release.Release) -> None:
    shutil.copytree(TOP / "firmware", tmp_path / "firmware")
    path = tmp_path / "firmware/version.py"
    path.write_text(path.read_text() + "\n\ndef spare():\n    return 1\n")
    again = release.build(tmp_path)
    assert again.payload != made.payload
    changed = set(again.blobs) - set(made.blobs)
    assert len(changed) == 2  # the module, and the head


def test_the_manifest_is_signed_as_rfc_7518_has_it(key_path: Path, made: release.Release) -> None:
    private = keys.load(key_path, SECRET)
    head, payload, signature = made.manifest(private).split(".")
    kid = keys.key_id(private.public_key())
    assert _part(head) == f'{{"alg":"PS256","kid":"{kid}"}}'.encode()
    assert _part(payload) == made.payload
    private.public_key().verify(_part(signature), f"{head}.{payload}".encode(), PSS, hashes.SHA256())
    assert len(".".join((head, payload, signature))) < 2048  # what a lock keeps of a message


def test_the_key_is_named_by_its_public_half(key_path: Path) -> None:
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", keys.public_path(key_path), "-outform", "DER"],
        capture_output=True,
        check=False,
    ).stdout
    if not der:
        pytest.skip("there is no openssl to ask")
    assert hashlib.sha256(der).hexdigest()[:16] == keys.key_id(keys.load_public(keys.public_path(key_path)))


def test_the_vectors_of_the_unit_tests_are_what_they_say() -> None:
    names: dict[str, bytes] = {}
    exec((UNIT / "helpers/pss_vectors.py").read_text(), names)  # noqa: S102 our own constants
    key = rsa.RSAPublicNumbers(keys.EXPONENT, int.from_bytes(names["MODULUS"], "big")).public_key()
    key.verify(names["GOOD"], names["MESSAGE"], PSS, hashes.SHA256())
    key.verify(
        names["SHORT_SALT"], names["MESSAGE"], padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA256()
    )
    key.verify(names["PKCS1"], names["MESSAGE"], padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(names["SHA512"], names["MESSAGE"], PSS, hashes.SHA256())


def test_a_private_key_is_under_its_passphrase_and_for_its_owner(key_path: Path) -> None:
    assert key_path.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert key_path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(keys.KeyFileError, match="passphrase"):
        keys.load(key_path, b"another one")
    with pytest.raises(keys.KeyFileError, match="exists"):
        keys.create(key_path, SECRET)


def test_a_passphrase_comes_from_a_descriptor_or_a_file(tmp_path: Path, monkeypatch) -> None:
    ends = os.pipe()
    os.write(ends[1], SECRET + b"\n")
    os.close(ends[1])
    assert keys.asked(ends[0]) == SECRET
    (tmp_path / "secret").write_bytes(SECRET + b"\r\nmore\n")
    monkeypatch.setenv("MENSHEN_RELEASE_PASSPHRASE_FILE", str(tmp_path / "secret"))
    assert keys.asked() == SECRET
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(InputError, match="at least 8"):
        keys.asked()


def test_one_or_two_keys_are_trusted(key_path: Path) -> None:
    public = keys.load_public(keys.public_path(key_path))
    file = keys.trusted([public, public])
    assert file[0] == 2
    assert len(file) == 1 + 2 * (8 + 384)
    for wrong in ([], [public] * 3):
        with pytest.raises(keys.KeyFileError, match="one key, or two"):
            keys.trusted(wrong)


def test_a_pack_gives_back_what_went_in(made: release.Release) -> None:
    assert {entry.name: entry.data for entry in pack.unpack(made.slot)} == made.files
    assert made.slot.startswith(pack.table(made.files))
    with pytest.raises(pack.PackError, match="hash"):
        pack.unpack(made.slot[:-1] + b"x")
    for name in ("../boot.py", "/a", "a b", ""):
        with pytest.raises(pack.PackError, match="no name"):
            pack.pack({name: b""})


def test_an_image_goes_in_pieces(made: release.Release) -> None:
    with_image = release.Release(made.version, 1, made.files, IMAGE)
    says = json.loads(with_image.payload)["image"]
    pieces = with_image.blobs[says["pieces"]]
    whole = b"".join(with_image.blobs[pieces[n : n + 32].hex()] for n in range(0, len(pieces), 32))
    assert whole == IMAGE
    assert hashlib.sha256(whole).hexdigest() == says["sha256"]


def test_an_image_of_micropython_is_for_one_board_and_the_others_take_the_application(
    made: release.Release,
) -> None:
    s3 = IMAGE[:12] + b"\x09" + IMAGE[13:]
    for board, image in (("devkit", IMAGE), ("wrover", IMAGE), ("s3", s3)):
        with_image = release.Release(made.version, 1, made.files, image, board=board)
        assert [each for each in BOARDS if "image" in json.loads(with_image.payload_for(each))] == [board]
    for board, image in (("s3", IMAGE), ("devkit", s3), ("wrover", s3)):
        with pytest.raises(release.ReleaseError, match="none for the ESP32"):
            release.Release(made.version, 1, made.files, image, board=board)


def test_an_image_that_no_lock_would_take_is_no_release(made: release.Release) -> None:
    for image, word in (
        (b"\xe9" + bytes(5000), "combined"),
        (b"\0" + IMAGE[1:], "none for the ESP32"),
        (IMAGE + bytes(2_100_000), "in 4 MB of flash"),
    ):
        with pytest.raises(release.ReleaseError, match=word):
            release.Release(made.version, 1, made.files, image)


def test_the_folder_holds_chunks_manifest_and_a_text(tmp_path: Path, made: release.Release, key_path) -> None:
    private = keys.load(key_path, SECRET)
    folder = output.write(made, {board: made.manifest(private, board) for board in BOARDS}, tmp_path)
    messages = list(folder.messages())
    dashed = made.version.replace(".", "-")
    signed = dict(messages[-3:])
    assert list(signed) == [f"menshen/v1/release/{dashed}{board}" for board in ("", "-wrover", "-s3")]
    says = [json.loads(_part(manifest.decode().split(".")[1])) for manifest in signed.values()]
    assert [said.pop("board") for said in says] == list(BOARDS)
    assert says[0] == says[1] == says[2], "the same files for all"
    whole: dict[str, dict[int, bytes]] = {}
    for topic, payload in messages[:-3]:
        found = re.fullmatch(r"menshen/v1/blob/([0-9a-f]{64})/(\d+)", topic)
        assert found, topic
        assert len(payload) <= 2048
        whole.setdefault(found[1], {})[int(found[2])] = payload
    joined = {name: b"".join(parts[n] for n in sorted(parts)) for name, parts in whole.items()}
    assert joined == {name: data for name, data in made.blobs.items() if data}
    text = (folder.path / "RELEASE.txt").read_text()
    assert all(name in text for name in made.files)
    assert f"security version {made.security}" in text
    with pytest.raises(release.ReleaseError, match="released once"):
        output.write(made, {}, tmp_path)
    with pytest.raises(release.ReleaseError, match="no release"):
        output.read(tmp_path)


def test_beside_other_releases_it_tells_what_its_head_differs_in(
    tmp_path: Path, made: release.Release, key_path: Path
) -> None:
    """Not where that is more than a lock reads, nor of a folder that is no release."""
    private = keys.load(key_path, SECRET)
    some = dict(list(made.files.items())[5:])
    for version, files in (("1.2.3", some), ("1.2.4", {"a.mpy": b"all else is new"}), ("1.3.0", made.files)):
        each = release.Release(version, 1, files)
        output.write(each, {"devkit": each.manifest(private)}, tmp_path)
    (tmp_path / "latest").mkdir()
    (tmp_path / "1.2.9").mkdir()
    newest, older = (
        release.Release(version, 1, files) for version, files in (("1.3.0", made.files), ("1.2.3", some))
    )
    head = hashlib.sha256(pack.table(made.files)).hexdigest()
    told = {t: data for t, data in output.read(tmp_path / "1.3.0").messages() if "-" in t and "blob" in t}
    assert told == {f"menshen/v1/blob/{head}/1-2-3": newest.delta(older)[1]}
    assert len(newest.delta(older)[1]) < 12 + 5 * 80
    back = output.read(tmp_path / "1.2.3")
    assert dict(back.messages())[older.delta(newest)[0]] == older.delta(newest)[1]


@pytest.mark.parametrize("manifest", ["", "a.b.c", "e30.e30.", "W10.W10.", "\N{SNOWMAN}.."])
def test_a_folder_whose_manifest_says_nothing_is_no_release(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "1.2.3").mkdir()
    (tmp_path / "1.2.3/manifest.jws").write_text(manifest)
    with pytest.raises(release.ReleaseError):
        output.read(tmp_path / "1.2.3")


def test_the_order_is_signed_with_the_locks_key() -> None:
    head, payload, _ = publish.head("demo", bytes(32), "1.2.3", 7, 1_800_000_000).split(".")
    assert _part(head) == b'{"alg":"HS256","kid":"demo"}'
    said = {"lock": "demo", "time": 1_800_000_000, "version": "1.2.3"}
    assert json.loads(_part(payload)) == {**said, "order": 7}
    old = publish.head("demo", bytes(32), "1.2.3", None, 1_800_000_000)
    assert json.loads(_part(old.split(".")[1])) == said  # all that a lock of 0.1.0 takes
    echoes = publish.head("demo", bytes(32), "1.2.3", 7, 1_800_000_000, "ab" * 8)
    assert json.loads(_part(echoes.split(".")[1])) == {**said, "order": 7, "echo": "ab" * 8}


def test_an_order_is_one_above_all_that_the_broker_knows_of() -> None:
    state = {"online": True, "firmware": "0.2.0", "order": 7}
    assert publish.next_number(state) == 8
    assert publish.next_number({"online": False, "order": 7}) == 8
    assert publish.next_number(state, waiting=9) == 10
    assert publish.next_number(state, waiting=3) == 8
    assert publish.next_number(None) == 1  # never heard of
    assert publish.next_number({"online": True, "firmware": "0.1.0"}) is None
    for lie in (-1, 2**40, "9", True, [], 1.5):
        assert publish.next_number({**state, "order": lie}) == 1, lie


def test_only_an_order_that_this_key_signed_is_counted_as_waiting() -> None:
    waits = publish.head("demo", bytes(32), "1.2.3", 12, 1_800_000_000).encode()
    assert publish.number_of("demo", bytes(32), waits) == 12
    echoes = publish.head("demo", bytes(32), "1.2.3", 13, 1_800_000_000, "ab" * 8).encode()
    assert publish.number_of("demo", bytes(32), echoes) == 13
    assert publish.number_of("demo", b"k" * 32, waits) == 0
    assert publish.number_of("other", bytes(32), waits) == 0
    uncounted = publish.head("demo", bytes(32), "1.2.3", None, 1_800_000_000).encode()
    for message in (b"", b"...", b"a.b.c", waits[:-3], uncounted, waits.replace(b".", b"!")):
        assert publish.number_of("demo", bytes(32), message) == 0, message


def test_the_commands_make_a_key_and_a_release(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    monkeypatch.setenv("MENSHEN_RELEASE_PASSPHRASE_FILE", str(tmp_path / "secret"))
    key = str(tmp_path / "key.pem")
    run = CliRunner().invoke
    assert run(main, ["release", "key", "--key", key]).exit_code == 0
    made = run(main, ["release", "build", "--key", key, "--out", str(tmp_path / "out")])
    assert made.exit_code == 0, made.output
    (folder,) = (tmp_path / "out").iterdir()
    assert "update/keys" in (folder / "RELEASE.txt").read_text()
    again = run(main, ["release", "build", "--key", key, "--out", str(tmp_path / "out")])
    assert (again.exit_code, "Error: " in again.output) == (1, True)
    missing = run(main, ["release", "build", "--key", str(tmp_path / "none.pem")])
    assert "make release-key" in missing.output
    assert SECRET.decode() not in made.output + again.output + missing.output


def test_no_passphrase_is_taken_on_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "menshen", "release", "build", "--help"],
        cwd=build_app.TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.findall(r"--pass\S*", done.stdout) == ["--passphrase-fd"]
