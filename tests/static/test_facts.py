"""Names in NVS, purposes of digests, layouts of records stand in one place each; copies are compared."""

import ast
import io
import re
import struct
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from menshen import console_lines
from menshen.board import provision
from menshen.operator import hours, letting, lists, mailbox
from menshen.release import publish, release, roll_out
from tests.static.helpers.sources import ENTRY, FIRMWARE, MODULES, ON_CHIP, TOP, import_name, name, tree

TOOLS = sorted((TOP / "tools").rglob("*.py"))
TESTS = sorted((TOP / "tests").rglob("*.py"))
NAME_MAX = 15  # characters: esp-idf, NVS_KEY_NAME_MAX_SIZE less its end

OF_NUMBERS = {"get", "set", "get_i32", "set_i32"}
OF_BLOBS = {"blob", "put_blob", "get_blob"}
WRITES = {"set", "set_i32", "put_blob"}
OUTBOX_NUMBER, OUTBOX_BLOB = {"name + SENT", "self.name + SENT"}, "self.name + str("
"""How reports/outbox.py makes the names of a queue, whose parts are in the register."""

STAYS = {
    # Of the board, and not of the people behind its door, nor of its settings.
    "console",
    # Of its release: firmware/update.
    "choice", "had", "trying", "image", "failed", "fails", "security", "before",
    "unheard",
}  # fmt: skip
"""What a board keeps in NVS when it is provisioned again; tools/board/provision.py forgets the rest."""


def constants(module: str) -> dict[str, Any]:
    """The constants of a firmware module, by name."""
    found: dict[str, Any] = {"const": lambda value: value}
    path = FIRMWARE / (module.replace(".", "/") + ".py")
    for node in tree(path).body:
        match node:
            case ast.Assign([ast.Name(known)]) if known.isupper():
                exec(compile(ast.Module([node], []), str(path), "exec"), found)  # noqa: S102 (our own file)
    return {known: value for known, value in found.items() if known.isupper()}


NAMES = constants("storage.names")
QUEUES = {NAMES[n]: NAMES[n.replace("QUEUE", "PLACES")] for n in NAMES if n.endswith("_QUEUE")}
BLOBS = {n.removesuffix("_MAX") for n in NAMES if n.endswith("_MAX")} - {"QUEUED"}
NUMBERS = {n for n, value in NAMES.items() if isinstance(value, str) and n not in BLOBS} - {
    n for n in NAMES if n.endswith("_QUEUE") or n == "SENT"
}
QUEUED = {f"{queue}{n}" for queue, places in QUEUES.items() for n in (NAMES["SENT"], *range(places))}
REGISTERED = {NAMES[n] for n in BLOBS | NUMBERS}

PURPOSES = constants("storage.purposes")
RECORD = constants("roll.record")


def calls(path: Path) -> Iterator[tuple[int, str, ast.expr, list[ast.expr]]]:
    """Line, method, name and further arguments of each call that reads or writes NVS."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(ast.Attribute(owner, method), [key, *rest]):
                of_nvs = re.search(r"(numbers|nvs)$", ast.unparse(owner))
                if method in OF_BLOBS | {"get_i32", "set_i32", "erase_key"} or (
                    method in OF_NUMBERS and of_nvs
                ):
                    yield node.lineno, method, key, rest


def faults(path: Path, own: str) -> list[str]:
    """What a module of the firmware asks of NVS otherwise than the register says."""
    found = []
    imported = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "storage.names"
        for alias in node.names
    }
    for line, method, key, rest in calls(path):
        text = ast.unparse(key)
        known = imported.get(text, "")
        if own == "reports.outbox" and known == "":
            right = text in OUTBOX_NUMBER if method in OF_NUMBERS else text.startswith(OUTBOX_BLOB)
        elif method in OF_NUMBERS:
            right = known in NUMBERS
        else:
            right = known in BLOBS and (method == "put_blob" or ast.unparse(rest[0]) == text + "_MAX")
        if not right:
            found.append(f"line {line}: {method}({text})")
    return found


def writers() -> dict[str, set[str]]:
    """Of each name of the register who writes it: firmware, boot.py and main.py, as they are found."""
    found: dict[str, set[str]] = {known: set() for known in NUMBERS | BLOBS}
    by_value = {NAMES[known]: known for known in found}
    for path in ON_CHIP:
        if name(path) == "firmware/storage/nvs.py":
            continue
        for _, method, key, _ in calls(path):
            text = by_value.get(key.value) if isinstance(key, ast.Constant) else ast.unparse(key)
            if method in WRITES and text in found:
                found[text].add(name(path).removeprefix("firmware/").removesuffix(".py"))
    return found


def stated_writers() -> dict[str, set[str]]:
    """The same as the register's comments state it, behind a name or in the line above it."""
    source = (FIRMWARE / "storage/names.py").read_text()
    lines = source.splitlines()
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and " By: " in token.string:
            row = token.start[0] - (not token.line.startswith("#"))
            known = lines[row].split(" = ")[0]
            found[known] = {one for one in re.split(r",\s*", token.string.split(" By: ")[1]) if one}
    return found


@pytest.mark.parametrize("path", [p for p in MODULES if name(p) != "firmware/storage/nvs.py"], ids=name)
def test_every_name_in_nvs_is_of_the_register_and_of_its_type(path: Path) -> None:
    assert faults(path, import_name(path)) == []


@pytest.mark.parametrize(
    "line",
    [
        'self._numbers.get("choice")',
        'board.numbers.set("new_name", 1)',
        'store.put_blob("guests", b"")',
        "numbers.get(USES)",
        "numbers.blob(LIVED, 8)",
        "numbers.blob(USES, 8)",
        "nvs.set_i32(NAME, 1)",
    ],
)
def test_another_name_or_type_is_seen(line: str, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(f"from storage.names import LIVED, USES, USES_MAX\n{line}\n")
    assert len(faults(path, "access.module")) == 1
    path.write_text("from storage.names import USES, USES_MAX\nnumbers.blob(USES, USES_MAX)\n")
    assert faults(path, "access.module") == []


def test_names_are_different_and_short_enough_for_esp_idf() -> None:
    every = [NAMES[n] for n in NUMBERS | BLOBS] + sorted(QUEUED)
    assert len(set(every)) == len(every)
    assert [known for known in every if len(known) > NAME_MAX] == []


def test_the_register_says_who_writes_each_name() -> None:
    found = writers()
    found["CONSOLE"] |= {"tools/board"}  # see the next test
    found["ALARM_QUEUE"] = {"reports/outbox"}  # see OUTBOX_NUMBER
    assert found == stated_writers()


def test_those_who_cannot_import_the_register_use_its_names_only() -> None:
    """boot.py, start.py, and programs that the tools have a board run; they know numbers only."""
    texts = [path.read_text() for path in (*ENTRY, *TOOLS)]
    pattern = r'(?:_?stored|\w*nvs\.(?:get|set)_i32)\(\s*"(\w+)"'
    found = {known for text in texts for known in re.findall(pattern, text)}
    assert {"choice", "console", "relay_pin", "relay_safe"} <= found
    assert found <= {NAMES[n] for n in NUMBERS}


def test_tests_speak_of_registered_names() -> None:
    pattern = r'(?:\.kept|\bvalues|nvs|\["menshen"\]|numbers)(?:\[|\.get\(|\.set\(|\.[gs]et_i32\()"(\w+)"'
    own = ("unit/storage/test_nvs.py", "system/test_chip_flash.py", "static/test_facts.py")
    found = {
        (name(path), known)
        for path in TESTS
        if not name(path).endswith(own)
        for known in re.findall(pattern, path.read_text())
    }
    assert len(found) > 10
    assert {
        (where, known) for where, known in found if known not in REGISTERED | QUEUED | {"menshen"}
    } == set()


def test_each_name_is_either_the_boards_or_forgotten_with_its_past() -> None:
    assert set(provision.PAST) == REGISTERED - STAYS, "add it to tools/board/provision.py, or to STAYS here"
    assert provision.PAST_QUEUES == QUEUES


def literals(path: Path) -> Iterator[tuple[int, bytes]]:
    """Line and value of all bytes that a file writes out."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            yield node.lineno, node.value


def test_no_two_purposes_are_the_same() -> None:
    assert len(set(PURPOSES.values())) == len(PURPOSES)
    assert not [p for p in PURPOSES.values() if any(o != p and o.startswith(p) for o in PURPOSES.values())]


def written_out(path: Path) -> list[int]:
    """Lines of a module in which a purpose is written, rather than taken from the table of purposes."""
    found = []
    taken = {
        alias.asname or alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "storage.purposes"
        for alias in node.names
    }
    for node in ast.walk(tree(path)):
        match node:
            case ast.Constant(bytes(value)) if value.startswith(b"menshen "):
                found.append(node.lineno)
            case ast.Constant(str(value)) if value.startswith("menshen "):
                found.append(node.lineno)
            case ast.Call(ast.Attribute(_, "digest") | ast.Name("hmac_sha256"), arguments):
                found += [each.lineno for each in arguments if _is_own(each, taken)]
    return found


def _is_own(argument: ast.expr, taken: set[str]) -> bool:
    """Whether it is a constant of the module itself, by its name or put together."""
    match argument:
        case ast.Constant():
            return True
        case ast.Name(known):
            return known.isupper() and known not in taken
        case ast.BinOp(left, _, right):
            return _is_own(left, taken) or _is_own(right, taken)
        case ast.Call(ast.Attribute(ast.Constant(), "encode")):
            return True
    return False


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_firmware_takes_purposes_from_one_module(path: Path) -> None:
    if name(path) != "firmware/storage/purposes.py":
        assert not written_out(path), f"{name(path)} writes a purpose out in line {written_out(path)}"


@pytest.mark.parametrize(
    "line",
    [
        'X = b"menshen own v1"',
        'X = "menshen own v1".encode()',
        'mac.digest(b"own", value)',
        'mac.digest("own".encode(), value)',
        '_OWN = b"own"; mac.digest(_OWN, value)',
        'mac.digest(b"men" + b"shen own v1", value)',
        'hmac_sha256(key, b"own")',
        'OWN = b"own"; hmac_sha256(key, OWN + value)',
    ],
)
def test_a_purpose_that_is_written_out_is_seen(line: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(f"from storage.purposes import PIN_VALUE\n{line}\n")
    assert written_out(tmp_path / "own.py")


def test_a_purpose_that_is_taken_is_none(tmp_path: Path) -> None:
    text = "from storage.purposes import PIN_VALUE as _PIN\nmac.digest(_PIN, value)\nmac.digest(purpose, x)\n"
    (tmp_path / "own.py").write_text(text)
    assert not written_out(tmp_path / "own.py")


@pytest.mark.parametrize("path", TOOLS, ids=name)
def test_the_tools_copies_of_purposes_are_the_firmwares(path: Path) -> None:
    copies = {value for _, value in literals(path) if re.fullmatch(rb"menshen \w+ v\d+", value)}
    assert copies <= set(PURPOSES.values())


def test_the_tools_have_a_copy_of_what_they_sign_and_digest() -> None:
    copies = {value for path in TOOLS for _, value in literals(path)}
    theirs = (
        "LIST_MESSAGE",
        "COMMAND_MESSAGE",
        "UPDATE_MESSAGE",
        "UNLOCK_PROOF",
        "STAFF_KEYS",
        "LIST_FILE",
        "LIST_HASH",
        "LEASE_DIGEST",
        "SCHEDULE_DIGEST",
        "HOLIDAY_DIGEST",
        "GUEST_CODE",
        "HOUSE_KEY",
        "HOUSE_WRAP",
        "HOUSE_CARD",
    )
    assert {known for known in theirs if PURPOSES[known] not in copies} == set()


def test_home_assistant_signs_what_the_lock_expects() -> None:
    """The template is one text, so the purpose stands in it once more."""
    assert f"'{PURPOSES['HOME_COMMAND'].decode()} %s '" in (FIRMWARE / "home/entity.py").read_text()


def test_kinds_are_the_purposes_of_their_values() -> None:
    assert bytes((RECORD["PIN"],)) == PURPOSES["PIN_VALUE"]
    assert bytes((RECORD["CARD"],)) == PURPOSES["CARD_VALUE"]


def test_a_records_bytes_are_what_its_layout_says() -> None:
    fields = struct.calcsize(RECORD["FIELDS"])
    assert RECORD["DIGEST"] + fields == RECORD["RECORD"] == RECORD["CHANGE"] - 1
    assert (RECORD["ROLE"], RECORD["KIND"]) == (RECORD["DIGEST"], RECORD["DIGEST"] + 1)
    assert struct.calcsize(constants("roll.head")["HEAD_FORMAT"]) == RECORD["HEAD_FRONT"]
    residents, leases = constants("people.entry"), constants("people.leases")
    assert RECORD["DIGEST"] + struct.calcsize(residents["ENTRY_FIELDS"]) == residents["ENTRY"]
    assert struct.calcsize(leases["ENTRY_FORMAT"]) == leases["ENTRY"]
    places = [struct.calcsize(part) for part in ("<II", "<IIB", "<IIB5x", "<IIB5xH", "<IIB5xHH")]
    assert [leases["FLAGS"], leases["AGREED"], leases["DUE"], leases["_LEASE"], leases["WHAT"]] == places


def test_the_operators_tools_have_the_firmwares_layouts_roles_and_kinds() -> None:
    layout, head = constants("roll.layout"), constants("roll.head")
    assert lists._RECORD.format == f"<{RECORD['DIGEST']}s" + RECORD["FIELDS"][1:]
    assert lists._FRONT.size == RECORD["FRONT"]
    assert lists._HEAD.format == head["HEAD_FORMAT"]
    assert (layout["MAGIC"], head["HEAD_MAGIC"]) == (lists._MAGIC, lists._HEAD_MAGIC)
    assert layout["CHANGES_MAX"] == lists.CHANGES_MAX
    for known in (
        "TENANT",
        "STAFF",
        "MOVE_IN",
        "LEASE",
        "SCHEDULE",
        "HOLIDAY",
        "STAFF_PASSAGE",
        "HOUSE_KEY",
        "PIN",
        "CARD",
    ):
        assert getattr(lists, known) == RECORD[known], known
    assert list(lists.flash_files(bytes(32), 1, lists.snapshot([]))) == [head["HEAD"], layout["SNAPSHOTS"][0]]
    schedule = constants("access.schedule")
    assert schedule["_PARTS_MAX"] == hours._PARTS_MAX
    assert hours.DAYS.index("holiday") == schedule["_HOLIDAY_BIT"]


def test_the_tools_have_the_firmwares_limits_and_names() -> None:
    payload, envelope = constants("update.payload"), constants("link.envelope")
    assert constants("link.blobs")["_CHUNK"] == lists.CHUNK == release.CHUNK
    guard = (FIRMWARE / "people/guard.py").read_text()
    assert f"\nLEASES_MAX = const({letting.LEASES_MAX})\n" in guard
    assert (payload["_SLOT_MAX"], payload["_IMAGE_MAX"]) == (roll_out.SLOT_MAX, release.IMAGE_MAX)
    assert envelope["NUMBER_MAX"] == publish._NUMBER_MAX
    assert constants("door.faults")["ALARMS"] == mailbox.ALARMS
    level, _, rest = console_lines.ARMED.partition(" ")
    source, _, begin = rest.partition(": ")
    assert re.search(
        rf'console\.{level.lower()}\(\s*"{source}", "{begin} ', (FIRMWARE / "app.py").read_text()
    )


def layouts(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each struct format of a record or an entry that a file writes out."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Constant(str(text)) if re.fullmatch(r"<(\d+s)?[BHI]*BBH[BHI]*|<16s\w+", text):
                yield node.lineno, text


def test_the_firmware_writes_each_layout_once() -> None:
    found = [text for path in MODULES for _, text in layouts(path)]
    assert len(found) == len(set(found)), found


def test_models_and_tests_have_layouts_that_there_are() -> None:
    fields = [RECORD["FIELDS"], constants("people.entry")["ENTRY_FIELDS"]]
    right = {*fields, *("<16s" + text[1:] for text in fields), constants("people.leases")["ENTRY_FORMAT"]}
    found = {(name(p), text) for p in TESTS if p != Path(__file__) for _, text in layouts(p)}
    assert len(found) > 3
    assert {(where, text) for where, text in found if text not in right} == set()
