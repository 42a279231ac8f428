"""What residents set at the keypad is theirs: it outlives lists, power cuts and a broken file."""

import datetime as dt
import json

import pytest

from menshen.operator.lists import MOVE_IN, PIN, STAFF, TENANT, Credential, Lease
from tests.simulated_lock import Event, Lock

_GREETINGS = ("granted", "new way in", "notice")
CODE, NEW = "73519264", "902817"


@pytest.fixture
def settings() -> dict:
    return {"relay": {"unlock_level": 1, "seconds": 1}}


async def _list(lock: Lock, version: int, *credentials: Credential | Lease) -> None:
    give = lock.world.provision
    everybody = [*give.demo_credentials(lock.world.cards), *credentials]
    await lock.publish_list(version, everybody)
    assert (await lock.wait_message("ack"))["json"]["result"] == "accepted"


async def _opens(lock: Lock, pin: str) -> None:
    await lock.keys(pin + "#")
    await lock.wait_unlocked()
    await lock.wait_light("granted")
    await lock.wait_locked()


async def _does_not_open(lock: Lock, pin: str) -> None:
    await lock.keys(pin + "#")
    await lock.wait_light("denied")


async def _dialogue(lock: Lock, *steps: tuple[str, str]) -> None:
    for keys, light in steps:
        await lock.keys(keys)
        await lock.wait_light(light)


@pytest.fixture
async def lock(make_lock, settings: dict) -> Lock:
    lock = await make_lock(settings=settings)
    await lock.wait_armed()
    return lock


async def _move_in(lock: Lock) -> None:
    await lock.wait_online()
    await _list(lock, 2, Credential(PIN, CODE.encode(), MOVE_IN, lease=7))
    await _dialogue(lock, (CODE + "#", "enrolling"), (NEW + "#", "enrolling"), (NEW + "#", "kept"))


async def test_a_move_in_code_lets_a_resident_choose_a_pin_once(lock: Lock) -> None:
    await _move_in(lock)
    await _opens(lock, NEW)
    await _does_not_open(lock, CODE)  # it is used up
    pins = [
        e for e in lock.events if e["type"] == "mqtt" and e["packet"] == "PUBLISH" and e["direction"] == "out"
    ]
    assert {e["topic"].rpartition("/")[2] for e in pins} == {"state", "ack"}


async def test_a_chosen_pin_outlives_power_cuts_lists_and_a_broken_table(lock: Lock) -> None:
    await _move_in(lock)
    code = Credential(PIN, CODE.encode(), MOVE_IN, lease=7)
    await _list(lock, 3, code, Credential(PIN, b"55512", STAFF))
    await _opens(lock, NEW)
    await lock.power(False)
    await lock.power(True)
    await lock.wait_armed()
    await _opens(lock, NEW)
    await lock.wait_online()
    await lock.power(False)
    board = lock.world.board
    assert board.read_file("/access/people3") == board.read_file("/access/people3.old")
    board.write_file("/access/people3", b"\0" * 60)
    await lock.power(True)
    await lock.wait_armed()
    await _opens(lock, NEW)


@pytest.mark.parametrize(
    "weak", ["111111", "234567", "987654", "90281", CODE], ids=["equal", "up", "down", "short", "code"]
)
async def test_weak_pins_are_refused_with_their_own_signal(lock: Lock, weak: str) -> None:
    await lock.wait_online()
    other = "40404040"
    await _list(
        lock,
        2,
        Credential(PIN, CODE.encode(), MOVE_IN, lease=7),
        Credential(PIN, other.encode(), MOVE_IN, lease=8),
    )
    await _dialogue(lock, (CODE + "#", "enrolling"), (weak + "#", "weak"), (other + "#", "weak"))
    await _dialogue(lock, (NEW + "#", "enrolling"), (NEW + "#", "kept"))
    await _opens(lock, NEW)


async def test_a_resident_changes_the_pin(lock: Lock) -> None:
    await _dialogue(lock, ("246810*1#", "enrolling"), (NEW + "#", "enrolling"), (NEW + "#", "kept"))
    await _opens(lock, NEW)
    await _does_not_open(lock, "246810")  # given up, though the operator's list still has it
    await _dialogue(lock, (NEW + "*1#", "enrolling"), ("771199#", "enrolling"), ("771199#", "kept"))
    await _opens(lock, "771199")
    await _does_not_open(lock, NEW)


async def test_a_resident_adds_and_removes_a_card(lock: Lock) -> None:
    await _dialogue(lock, ("246810*2#", "enrolling"))
    async with lock.tap("stranger"):
        await lock.wait_light("kept")
    await lock.wait_light("idle")  # by then the reader has seen that the card is gone
    await lock.tap_to_relay("stranger")
    await lock.wait_locked()
    await _dialogue(lock, ("246810*3#", "enrolling"))
    async with lock.tap("stranger"):
        await lock.wait_light("kept")
    await lock.wait_light("idle")
    async with lock.tap("stranger"):
        await lock.wait_light("denied")
    await _dialogue(lock, ("246810*2#", "enrolling"))
    async with lock.tap("stranger"):
        await lock.wait_light("kept")
    await _dialogue(lock, ("246810*30#", "kept"))  # all of them, without the card
    await lock.wait_light("idle")
    async with lock.tap("stranger"):
        await lock.wait_light("denied")


async def test_the_lease_guard_refuses_a_list_that_locks_a_tenant_out(lock: Lock) -> None:
    await lock.wait_online()
    give = lock.world.provision
    demo = give.demo_credentials(lock.world.cards)
    await _opens(lock, "246810")
    for credentials in ([], demo[2:], [Credential(PIN, b"99887", TENANT, lease=1)]):
        await lock.publish_list(5, credentials)
        answer = (await lock.wait_message("ack"))["json"]
        assert (answer["result"], answer["reason"]) == ("refused", "lease locked out")
    await _opens(lock, "246810")


async def _lives(lock: Lock, hours: int) -> None:
    """So many hours pass for the lock; the power is off for a moment."""
    await lock.power(False)
    numbers = json.loads(lock.world.board.nvs_path.read_text())
    numbers["menshen"]["lived"] = numbers["menshen"].get("lived", 0) + hours
    lock.world.board.nvs_path.write_text(json.dumps(numbers))
    await lock.power(True)
    await lock.wait_armed()
    await lock.wait_online()


async def _given_up(lock: Lock) -> list[dict]:
    """What the operator was told of leases, before what comes of one more list."""
    await lock.publish_list(50, [])
    await lock.wait_event(
        lambda e: e["type"] == "operator" and e["topic"].endswith("/ack") and '"list": 50' in e["payload"]
    )
    return _told_of_leases(lock)


def _told_of_leases(lock: Lock) -> list[dict]:
    said = [e for e in lock.events if e["type"] == "operator" and e["topic"].endswith("/ack")]
    return [found for e in said if "lease" in (found := json.loads(e["payload"]))]


async def test_a_lease_that_was_left_is_told_once_a_day_later_and_then_the_operator_may_end_it(
    lock: Lock,
) -> None:
    await lock.wait_online()
    await _dialogue(lock, ("246810*30#", "kept"))
    await _denies_card(lock, "tenant")  # the list's, since nobody else lives there
    await _dialogue(lock, ("246810*9#", "enrolling"), ("246810#", "kept"))
    await _does_not_open(lock, "246810")
    await lock.publish_list(5, [])
    assert (await lock.wait_message("ack"))["json"]["reason"] == "lease locked out"
    await _lives(lock, 24)
    await _lives(lock, 24)
    assert (await lock.wait_message("ack"))["json"]["result"] == "given up"
    await _lives(lock, 24)
    told = await _given_up(lock)
    assert {(one["lease"], one["result"]) for one in told} == {(1, "given up")}
    assert (
        len({one["n"] for one in told}) == 1
    )  # the power went just then: it may come twice, with one number
    await _does_not_open(lock, "246810")


async def test_a_lease_ends_earlier_once_its_resident_has_agreed_at_the_keypad(lock: Lock) -> None:
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start, last = int(today.timestamp()), today + dt.timedelta(59)
    sooner, end = start + 60 * 86_400, start + 300 * 86_400
    code = Credential(PIN, CODE.encode(), MOVE_IN, lease=7)
    shorter = f"{last:%d%m%y}#"
    await lock.wait_online()
    await _list(lock, 2, code, Lease(7, start, end))
    await _dialogue(lock, (CODE + "#", "enrolling"), (NEW + "#", "enrolling"), (NEW + "#", "kept"))
    await _dialogue(lock, (NEW + "*5#", "enrolling"), ("310299#", "weak"), (shorter, "kept"))
    everybody = lock.world.provision.demo_credentials(lock.world.cards)
    await lock.publish_list(3, [*everybody, code, Lease(7, start, sooner)])
    assert (await lock.wait_message("ack"))["json"]["reason"] == "lease shortened"
    await _lives(lock, 24)
    await _lives(lock, 24)
    told = (await lock.wait_message("ack"))["json"]
    assert (told["lease"], told["result"], told["end"]) == (7, "end confirmed", sooner)
    await _list(lock, 4, code, Lease(7, start, sooner))
    await _opens(lock, NEW)


async def _wait_dark(lock: Lock) -> None:
    """The light is dark after all that it has shown so far."""

    def dark(event: Event) -> bool:
        last = [e for e in lock.events if e["type"] == "led"][-1]
        return event is last and event["name"] == "idle"

    if [e for e in lock.events if e["type"] == "led"][-1]["name"] != "idle":
        await lock.wait_event(dark)


async def _denies_card(lock: Lock, card: str) -> None:
    """It does not open before long: the list's cards are looked for in the background."""
    for _ in range(10):
        await _wait_dark(lock)
        async with lock.tap(card):
            light = await lock.wait_event(
                lambda e: e["type"] == "led" and e["name"] in (*_GREETINGS, "denied")
            )
        if light["name"] == "denied":
            return
        await lock.wait_locked()
    raise AssertionError(f"{card} still opens")


async def test_who_moves_out_takes_nothing_from_a_flatmate(lock: Lock) -> None:
    await lock.wait_online()
    await _list(lock, 2, Credential(PIN, CODE.encode(), MOVE_IN, lease=1))
    await _dialogue(lock, (CODE + "#", "enrolling"), (NEW + "#", "enrolling"), (NEW + "#", "kept"))
    await _dialogue(lock, (NEW + "*2#", "enrolling"))
    async with lock.tap("stranger"):
        await lock.wait_light("kept")
    await _dialogue(lock, (NEW + "*9#", "enrolling"), (NEW + "#", "kept"))
    await _does_not_open(lock, NEW)
    await _denies_card(lock, "stranger")
    await _opens(lock, "246810")
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await _lives(lock, 100)
    await _opens(lock, "246810")
    other = Credential(PIN, b"40404040", MOVE_IN, lease=1)
    await _list(lock, 3, Credential(PIN, CODE.encode(), MOVE_IN, lease=1), other)
    await _dialogue(lock, ("40404040#", "enrolling"), (NEW + "#", "enrolling"), (NEW + "#", "kept"))
    await _opens(lock, NEW)
    await _opens(lock, "246810")
    assert [told["lease"] for told in _told_of_leases(lock)] == []


async def test_a_flatmate_removes_their_own_cards_alone(lock: Lock) -> None:
    await lock.wait_online()
    await _list(lock, 2, Credential(PIN, CODE.encode(), MOVE_IN, lease=1))
    await _dialogue(lock, ("246810*2#", "enrolling"))
    async with lock.tap("stranger"):
        await lock.wait_light("kept")
    await _dialogue(lock, (CODE + "#", "enrolling"), (NEW + "#", "enrolling"), (NEW + "#", "kept"))
    await _dialogue(lock, (NEW + "*30#", "kept"))
    for card in ("stranger", "tenant"):
        await _wait_dark(lock)
        await _dialogue(lock, (NEW + "*3#", "enrolling"))
        await lock.tap_to_relay(card)  # it is another's, and opens
        await lock.wait_locked()
    for card in ("stranger", "tenant"):
        await _wait_dark(lock)
        await lock.tap_to_relay(card)
        await lock.wait_locked()


async def test_somebody_new_is_shown_to_each_of_those_who_live_there_once(lock: Lock) -> None:
    """With the network gone, and though a landlord who moves in moves out again."""
    await lock.wait_online()
    await _shows(lock, "246810", "granted")
    await _list(lock, 2, Credential(PIN, CODE.encode(), MOVE_IN, lease=7))
    await lock.network(False)
    await _shows(lock, "246810", "new way in")
    await _shows(lock, "246810", "granted")
    await _dialogue(lock, (CODE + "#", "enrolling"), (NEW + "#", "enrolling"), (NEW + "#", "kept"))
    await _dialogue(lock, (NEW + "*9#", "enrolling"), (NEW + "#", "kept"))
    await lock.power(False)
    await lock.power(True)
    await lock.wait_armed()
    await _shows(lock, "246810", "new way in")
    await _shows(lock, "246810", "granted")


async def test_who_moves_in_is_shown_that_others_have_a_way_in(lock: Lock) -> None:
    await _move_in(lock)
    await _shows(lock, NEW, "new way in")
    await _shows(lock, NEW, "granted")
    await _shows(lock, "246810", "new way in")


async def _shows(lock: Lock, pin: str, light: str) -> None:
    assert await _greets(lock, pin) == light


async def _greets(lock: Lock, pin: str) -> str:
    """What the light says to somebody who comes in."""
    await _wait_dark(lock)
    await lock.keys(pin + "#")
    await lock.wait_unlocked()
    shown = await lock.wait_event(lambda e: e["type"] == "led" and e["name"] in _GREETINGS)
    await lock.wait_locked()
    return shown["name"]


async def test_notice_voids_what_nobody_uses_and_both_are_told(lock: Lock) -> None:
    await lock.wait_online()
    await _list(lock, 2, Credential(PIN, CODE.encode(), MOVE_IN, lease=1))
    await _dialogue(lock, (CODE + "#", "enrolling"), (NEW + "#", "enrolling"), (NEW + "#", "kept"))
    await _shows(lock, "246810", "new way in")
    await _dialogue(lock, ("246810*7#", "kept"))
    await _shows(lock, NEW, "notice")  # by this entry the flatmate stays; the list's card is not used
    await _shows(lock, "246810", "notice")
    await _lives(lock, 90 * 24)
    while await _greets(lock, "246810") != "notice":  # until then it was not looked after
        pass
    await _denies_card(lock, "tenant")
    await _opens(lock, NEW)
    await _shows(lock, "246810", "granted")
