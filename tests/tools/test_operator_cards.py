"""`menshen card`: a card made at the desk opens all doors of its lease, and no list takes it away."""

import contextlib
import datetime as dt
import hashlib
import secrets
import struct
import sys
from collections.abc import Callable, Iterator
from operator import attrgetter
from unittest.mock import MagicMock

import pytest

from menshen.desk import pcsc
from menshen.desk.talk import CardError
from menshen.operator import adopting, handing, records
from menshen.operator.lists import CARD, HOUSE_KEY, STAFF, TENANT, Known, changes, snapshot
from menshen.simulator.cards.card import Card
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ntag424 import Ntag424
from tests.tools.helpers.firmware_reader import FirmwareReader, firmware_reader
from tests.tools.helpers.houses import House, open_house

UID = bytes.fromhex("04a1b2c3d4e5f6")
Laid = Callable[[Card], None]


@pytest.fixture(scope="module")
def firmware() -> Iterator[FirmwareReader]:
    with firmware_reader() as reader:
        yield reader


@pytest.fixture
def lay(monkeypatch: pytest.MonkeyPatch) -> Laid:
    """Lay a card on the reader at the desk."""
    lying: list[Card] = []

    @contextlib.contextmanager
    def reader(_seconds: int) -> Iterator[Callable[[bytes], bytes]]:
        if not lying:
            raise CardError("no card came")
        lying[-1].power(False)
        lying[-1].power(True)
        yield lying[-1].exchange

    monkeypatch.setattr(pcsc, "card", reader)
    return lying.append


def _day(days: int) -> str:
    return str(dt.datetime.now(dt.UTC).date() + dt.timedelta(days))


def _listed(house: House, lock: str) -> list[bytes]:
    store = open_house(house.address)
    found = records.records(store, lock)
    store.close()
    return found


def _key(house: House, lock: str) -> bytes:
    return (house.folder / f"{lock}.key").read_bytes()


def _opens(firmware: FirmwareReader, house: House, lock: str, card: Card, role: int = TENANT) -> bool:
    """Whether the firmware finds the card's digest in the list of this lock, as a card of this role."""
    listed = _listed(house, lock)
    houses = firmware.call("houses", _key(house, lock), b"".join(listed)) or b""
    shown = firmware.lay([card])
    assert shown
    secrets_ = [houses[at : at + 17] for at in range(0, len(houses), 17)]
    proved = firmware.call("identify", shown, *secrets_) if secrets_ else None
    if proved is None:
        return False
    digest = handing.mac(_key(house, lock), b"\x08" + proved)[:16]
    return any(record[:18] == digest + bytes((role, CARD)) for record in listed)


def _let(house: House, *locks: str, note: str = "flat 3") -> None:
    house.run("lease", "add", *locks, "--until", _day(300), "--note", note)


@pytest.mark.parametrize("kind", [Ntag424, Desfire])
def test_one_card_opens_all_doors_of_its_lease_and_no_other(
    house: House, lay: Laid, firmware: FirmwareReader, kind: Callable[[str, bytes], Card]
) -> None:
    house.add_locks("house", "flat-3", "flat-4")
    _let(house, "house", "flat-3")
    _let(house, "house", "flat-4", note="flat 4")
    card, other = kind("one", UID), kind("other", UID[:6] + b"\xff")
    lay(card)
    said = house.run("card", "make", "flat 3")
    assert "Write its number on it" in said
    assert "can copy this card" in said
    lay(other)
    house.run("card", "make", "flat 4")
    opens = [
        _opens(firmware, house, lock, one) for one in (card, other) for lock in ("house", "flat-3", "flat-4")
    ]
    assert opens == [True, True, False, True, False, True]
    found = house.json("card", "list")
    assert isinstance(found, list)
    assert [(row["card"], row["lease"], row["doors"]) for row in found] == [
        (1, "lease 1 (flat 3)", ["flat-3", "house"]),
        (2, "lease 2 (flat 4)", ["flat-4", "house"]),
    ]


def test_a_card_is_for_the_doors_that_have_a_reader_for_it(house: House, lay: Laid) -> None:
    house.add_locks("flat-3", plain=False)
    house.add_locks("house", reader="wiegand")
    house.add_locks("garage", reader="none")
    _let(house, "house", "flat-3", "garage")
    _let(house, "house", "garage", note="flat 4")
    lay(Ntag424("one", UID))
    said = house.run("card", "make", "flat 3")
    assert all(f"{name} has no reader for it" in said for name in ("house", "garage"))
    assert _doors(house) == [["flat-3"]]
    house.refused(1, "LEASE 2: garage has no reader for cards (reader.type)", "card", "make", "flat 4")
    assert _doors(house) == [["flat-3"]]


def _doors(house: House) -> list[list[str]]:
    found = house.json("card", "list")
    assert isinstance(found, list)
    return [row["doors"] for row in found]


def test_cards_of_two_houses_have_keys_of_their_own_and_a_lock_has_room_for_four(
    house: House, lay: Laid
) -> None:
    house.add_locks("front")
    _let(house, "front")
    for n in range(4):
        lay(Ntag424("one", UID[:6] + bytes((n,))))
        house.run("card", "make", "1", "--house", f"house {n}")
    halves = [record for record in _listed(house, "front") if record[16] == HOUSE_KEY]
    assert len({half[20:28] for half in halves}) == len(halves) == 8
    house.refused(1, "4 houses, and takes no more", "card", "make", "1", "--house", "one more")
    lay(Ntag424("one", UID))
    house.run("card", "make", "1", "--house", "house 2")


@pytest.mark.parametrize("line", ["card make 1", "staff add front Anna --make-card"])
def test_neither_the_number_nor_the_house_key_lies_in_the_file_in_clear(
    house: House, lay: Laid, line: str
) -> None:
    house.add_locks("front")
    _let(house, "front")
    lay(Ntag424("one", UID))
    house.run(*line.split())
    store = open_house(house.address)
    rows = [
        str(dict(row))
        for table in ("entry", "setting", "record", "undo")
        for row in store.run(f"select * from {table}")  # noqa: S608 (the names above)
    ]
    key = handing.house_key(store, "house").hex()
    store.close()
    assert not [row for row in rows if UID.hex() in row or key in row]


def test_a_card_of_a_running_lease_is_not_taken_away(house: House, lay: Laid) -> None:
    house.add_locks("front")
    _let(house, "front")
    lay(Ntag424("one", UID))
    house.run("card", "make", "1")
    house.run("undo", "--yes")
    assert house.json("card", "list") == []
    house.run("card", "make", "1")  # the same card, once more
    house.run("card", "remove", "2")  # no lock has heard of it
    house.run("card", "make", "1")
    house.publish("front")
    house.refused(1, "nobody is locked out of their home by a click", "card", "remove", "3")
    house.refused(2, "not in the file", "card", "remove", "9")
    house.run("lease", "end", "1", "--moved-out")
    assert _listed(house, "front") == []


def test_a_card_that_is_out_stands_in_the_way_of_a_shorter_lease(house: House, lay: Laid) -> None:
    house.add_locks("front")
    _let(house, "front")
    house.publish("front")
    assert "cannot ask whoever has a card" not in house.run("lease", "shorten", "1", "--until", _day(90))
    lay(Ntag424("one", UID))
    house.run("card", "make", "flat 3")
    assert "cannot ask whoever has a card" in house.run("lease", "shorten", "1", "--until", _day(80))


def test_what_cannot_be_made_is_said_and_enters_nothing(house: House, lay: Laid) -> None:
    house.add_locks("front")
    _let(house, "front")
    house.refused(1, "no card came", "card", "make", "1")
    house.refused(2, "not in the file", "card", "make", "flat 9")
    lay(Card("old", UID))
    house.refused(1, "cannot prove itself", "card", "make", "1")
    lay(Ntag424("one", UID))
    house.run("card", "make", "1")
    house.refused(1, "is card 1 already", "card", "make", "1")
    found = house.json("card", "list")
    assert isinstance(found, list)
    assert len(found) == 1


def test_a_new_board_takes_the_cards_over(house: House, lay: Laid, firmware: FirmwareReader) -> None:
    house.add_locks("front", "back")
    _let(house, "front", "back")
    card = Ntag424("one", UID)
    lay(card)
    house.run("card", "make", "1")
    before = _listed(house, "front")
    (house.folder / "front.key").write_bytes(secrets.token_bytes(32))
    house.run("lock", "replace", "front", "--key-file", str(house.folder / "front.key"), "--yes")
    assert _opens(firmware, house, "front", card)
    assert _opens(firmware, house, "back", card)
    assert not {record[:16] for record in before if record[16] == TENANT} & {
        r[:16] for r in _listed(house, "front")
    }


def test_a_list_of_a_newer_copy_is_taken_over_with_its_cards(house: House, lay: Laid) -> None:
    house.add_locks("front")
    _let(house, "front")
    lay(Ntag424("one", UID))
    house.run("card", "make", "1")
    house.publish("front")
    store = open_house(house.address)
    series = store.series("front")
    for lost in (False, True):
        with store.change():
            if lost:
                store.drop("front", handing.KIND, "1")
            base = series.base_data
            delta, digest = changes(base, series.current), hashlib.sha256(base).hexdigest()
            adopting.adopt(
                store, "front", Known(series.version + 1, series.base, digest, len(base), delta), base
            )
        assert snapshot(records.records(store, "front")) == series.current
        assert [one.lease for one in handing.cards(store)] == ["lease 1 (flat 3)"]
    store.close()


def test_without_the_library_it_is_said_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "smartcard", None)
    with pytest.raises(CardError, match="pyscard"), pcsc.card(1):
        pass


@pytest.mark.parametrize("goes", ["transmit", "disconnect"])
def test_a_card_that_is_taken_off_the_reader_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, goes: str
) -> None:
    """As the library tells of it, which raises once more where it disconnects from what is gone."""
    gone = type("SmartcardException", (Exception,), {})
    connection = MagicMock(**{"transmit.return_value": ([], 0x90, 0), "disconnect.side_effect": gone})
    if goes == "transmit":
        connection.transmit.side_effect = gone
    library = MagicMock()
    library.CardRequest.CardRequest.return_value.waitforcard.return_value.connection = connection
    library.Exceptions.SmartcardException = gone
    library.Exceptions.CardRequestTimeoutException = type("Timeout", (gone,), {})
    library.pcsc.PCSCExceptions.BaseSCardException = type("BaseSCardException", (Exception,), {})
    for name in ("CardRequest", "Exceptions", "pcsc", "pcsc.PCSCExceptions", "System"):
        part = attrgetter(name)(library)
        monkeypatch.setitem(sys.modules, f"smartcard.{name}", part)
    monkeypatch.setitem(sys.modules, "smartcard", library)
    with (
        pytest.raises(CardError, match="taken away too early")
        if goes == "transmit"
        else contextlib.nullcontext(),
        pcsc.card(1) as transmit,
    ):
        assert transmit(b"\x90") == b"\x90\x00"


def test_a_record_of_half_a_house_key_is_as_the_lock_reads_it(house: House, lay: Laid) -> None:
    house.add_locks("front")
    _let(house, "front")
    lay(Ntag424("one", UID))
    house.run("card", "make", "1")
    for record in _listed(house, "front"):
        role, kind, lease, schedule, uses, _, _, reference = struct.unpack_from("<BBHBBIIH", record, 16)
        if role == HOUSE_KEY:
            assert (kind, lease, schedule, uses, reference) == (0, 0, 0, 0, 1)
        if role == TENANT:
            assert (kind, lease, schedule, uses, reference) == (CARD, 1, 0, 0, 1)


_HOURS = ("--hours", "mon-fri 8:00-17:00", "--uses", "2", "--until", _day(60))


def _add_anna(house: House, *locks: str) -> str:
    return house.run("staff", "add", *locks, "Anna", "--make-card", *_HOURS, "--yes")


def test_a_card_made_for_staff_proves_itself_at_their_doors_within_their_hours(
    house: House, lay: Laid, firmware: FirmwareReader
) -> None:
    house.add_locks("house", "flat-3", "flat-4")
    card = Ntag424("one", UID)
    lay(card)
    assert "by a card that proves itself" in _add_anna(house, "house", "flat-3")
    doors = ("house", "flat-3", "flat-4")
    assert [_opens(firmware, house, lock, card, STAFF) for lock in doors] == [True, True, False]
    assert not _opens(firmware, house, "house", card)
    (record,) = [record for record in _listed(house, "house") if record[16] == STAFF]
    _, kind, lease, schedule, uses, begin, end, reference = struct.unpack_from("<BBHBBIIH", record, 16)
    assert (kind, lease, uses, begin, reference) == (CARD, 0, 2, 0, 1)
    assert schedule
    assert end
    assert "card (proves itself)" in house.run("staff", "list", "house")
    found = house.json("staff", "list")
    assert isinstance(found, list)
    assert [(one["by"], one["can_be_cloned"]) for one in found] == [("card", False)] * 2
    assert UID.hex() not in house.run("export").lower()


def test_staffs_card_is_taken_away_with_its_house_key_and_no_tenants(
    house: House, lay: Laid, firmware: FirmwareReader
) -> None:
    house.add_locks("house", "back")
    _let(house, "house")
    card, own = Ntag424("one", UID), Ntag424("own", UID[:6] + b"\xff")
    lay(own)
    house.run("card", "make", "flat 3")
    lay(card)
    _add_anna(house, "house", "back")
    house.publish("house", "back")
    house.refused(1, "is Anna's, of the staff", "card", "make", "flat 3")
    lay(own)
    refused = ("staff", "add", "house", "Bert", "--make-card", "--yes")
    house.refused(1, "--make-card: somebody else in the list of house", *refused)
    for lock in ("house", "back"):
        house.run("staff", "remove", lock, "Anna")
    assert not _opens(firmware, house, "house", card, STAFF)
    assert _opens(firmware, house, "house", own)
    assert _listed(house, "back") == []


def test_staffs_card_stays_over_a_new_board_and_a_newer_copy(
    house: House, lay: Laid, firmware: FirmwareReader
) -> None:
    house.add_locks("front")
    card = Ntag424("one", UID)
    lay(card)
    _add_anna(house, "front")
    before = {record[:16] for record in _listed(house, "front") if record[16] == STAFF}
    (house.folder / "front.key").write_bytes(secrets.token_bytes(32))
    house.run("lock", "replace", "front", "--key-file", str(house.folder / "front.key"), "--yes")
    assert _opens(firmware, house, "front", card, STAFF)
    assert not before & {record[:16] for record in _listed(house, "front")}
    house.publish("front")
    store = open_house(house.address)
    series = store.series("front")
    for lost in (False, True):
        with store.change():
            if lost:
                store.drop("front", "staff", "Anna")
            base = series.base_data
            delta, digest = changes(base, series.current), hashlib.sha256(base).hexdigest()
            known = Known(series.version + 1, series.base, digest, len(base), delta)
            adopting.adopt(store, "front", known, base)
        assert snapshot(records.records(store, "front")) == series.current
        assert [*store.entries("front", "staff")] == ["Anna"]
    store.close()


def test_staffs_cards_count_among_the_four_houses_that_a_lock_has_room_for(house: House, lay: Laid) -> None:
    house.add_locks("front")
    for n in range(4):
        lay(Ntag424("one", UID[:6] + bytes((n,))))
        house.run("staff", "add", "front", f"Anna {n}", "--make-card", "--house", f"house {n}")
    house.refused(1, "4 houses", "staff", "add", "front", "Bert", "--make-card", "--house", "one more")
    for wrong in (("--make-card", "--pin"), ("--make-card", "--card", "04a1b2c3"), ()):
        house.refused(2, "one of --card, --make-card and --pin", "staff", "add", "front", "Bert", *wrong)
