"""The operator's lists: what is published, in which order, and that two long ones have room in the flash."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from littlefs import LittleFS

from menshen import build_app, littlefs_image
from menshen.operator import link, lists, publishing
from tests.tools.helpers.houses import House, new_house, open_house

KEY = bytes(range(32))


def _card(n: int, lease: int = 1) -> bytes:
    return lists.Credential(lists.CARD, n.to_bytes(7, "big"), lists.TENANT, lease=lease).record(KEY)


def _head(messages: list[tuple[str, bytes]]) -> dict:
    (message,) = [payload for topic, payload in messages if topic.endswith("/list")]
    payload = message.split(b".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + b"=="))


def test_a_snapshot_is_sorted_and_nobody_is_in_it_twice() -> None:
    data = lists.snapshot([_card(3), _card(1), _card(2)])
    found = list(lists.records_of(data))
    assert data[:16] == b"MNL2" + (3).to_bytes(4, "little") + bytes(8)
    assert found == sorted(found)
    with pytest.raises(lists.ListError, match="twice"):
        lists.snapshot([_card(1), _card(1, lease=2)])


def test_changes_lead_from_one_list_to_the_other() -> None:
    old = lists.snapshot(map(_card, range(50)))
    new = lists.snapshot([*map(_card, range(3, 55)), _card(60, 9)])
    delta = lists.changes(old, new)
    records = {record[:16]: record for record in lists.records_of(old)}
    keys = []
    for at in range(0, len(delta), 33):
        op, record = delta[at], delta[at + 1 : at + 33]
        keys.append(record[:16])
        records.pop(record[:16], None)
        if op:
            records[record[:16]] = record
    assert lists.snapshot(records.values()) == new
    assert keys == sorted(set(keys))
    assert len(keys) == 3 + 5 + 1
    assert lists.changes(new, new) == b""


def test_chunks_put_together_are_the_snapshot() -> None:
    data = lists.snapshot(map(_card, range(500)))
    found = list(lists.chunks(data))
    assert b"".join(chunk for _, chunk in found) == data
    assert {len(chunk) for _, chunk in found[:-1]} == {2048}
    root = f"menshen/v1/blob/{hashlib.sha256(data).hexdigest()}"
    assert [topic for topic, _ in found] == [f"{root}/{n}" for n in range(len(found))]


def test_a_series_says_little_as_long_as_it_can() -> None:
    series = lists.Series("demo", KEY)
    everybody = [_card(n) for n in range(300)]
    first = series.publish(everybody)
    assert [topic.split("/")[2] for topic, _ in first] == ["blob"] * 5 + ["demo"]  # chunks before the head
    kinds = []
    for n in range(lists.CHANGES_MAX + 2):
        everybody.append(_card(1000 + n))
        said = series.publish(everybody)
        head = _head(said)
        assert (head["version"], head["sha256"]) == (n + 2, hashlib.sha256(series.base_data).hexdigest())
        kinds.append((head["base"], len(said) == 1))
    assert kinds[: lists.CHANGES_MAX] == [(1, True)] * lists.CHANGES_MAX
    assert kinds[lists.CHANGES_MAX] == (lists.CHANGES_MAX + 1, False)  # the version that all hold is the base
    assert kinds[-1] == (lists.CHANGES_MAX + 1, True)
    assert max(len(payload) for _, payload in series.publish(everybody)) < 2560
    many = series.publish([_card(n) for n in range(5000, 5400)])
    assert _head(many)["base"] == series.version  # all is new: there is nothing to merge
    assert [payload for _, payload in many if not payload]  # chunks that nobody needs are taken back


def test_a_list_echoes_the_challenge_of_the_locks_last_state_and_no_other_word(tmp_path: Path) -> None:
    house = House(tmp_path / "house" / "operator.db", tmp_path)
    new_house(tmp_path / "house" / "operator.db")
    house.add_locks("front")
    store = open_house(house.address)

    def said(state: dict) -> dict:
        return _head(publishing.prepare(store, "front", 0, link.challenge(state)))

    for _ in range(2):  # a new one, and the same once more
        assert said({"online": True, "challenge": "0123456789abcdef"})["echo"] == "0123456789abcdef"
    fields = {"lock", "time", "version", "base", "sha256", "size", "delta"}
    for state in ({}, {"online": False, "order": 3}, {"online": True, "firmware": "0.1.0"}):
        assert said(state).keys() == fields, "a lock of before would take it for malformed"
    forged = ("", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdef\n", 17, None, [], "x" * 10**6)
    for word in forged:
        assert said({"challenge": word}).keys() == fields, word
    store.close()


def test_two_long_lists_and_both_slots_fit_in_the_flash() -> None:
    """Head and changes, two snapshots, two slots and what else lies there; littlefs counts the blocks.

    It was 10,000 while the application had 120 KB.
    """
    app = build_app.build()
    files = build_app.flash_files(app)
    slots = {name: data for name, data in files.items() if name.startswith("/slots/a")}
    files |= {name.replace("/slots/a", "/slots/b"): data for name, data in slots.items()}
    assert len(slots) >= 1
    data = lists.snapshot(map(_card, range(9_500)))
    assert len(data) == 304_016
    files |= lists.flash_files(KEY, 1, data) | {"/access/b": data, "/access/head.new": bytes(1180)}
    files |= {
        f"/access/{name}": bytes(3000) for name in ("leases", "leases.old", "residents", "residents.old")
    }
    files["/config.json"] = bytes(1000)
    fs = LittleFS(mount=False, **littlefs_image._GEOMETRY)
    fs.format()
    fs.mount()
    for path, content in files.items():
        littlefs_image._put(fs, path, content)
    used = fs.used_block_count
    print(f"{used} of {littlefs_image.BLOCK_COUNT} blocks")
    assert used <= littlefs_image.BLOCK_COUNT - 4  # the head that arrives, and a folder's log that is moved
