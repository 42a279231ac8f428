"""At the keypad people are told apart by what they type alone: strangers before and after them.

The tests of one kind say at their head which promise they would break.
"""

import json
from collections.abc import Callable

import pytest

from menshen.operator.lists import MOVE_IN, PIN, STAFF, Credential
from menshen.simulator.cards.card import Card
from menshen.simulator.provision import DEMO_PIN
from tests.simulated_lock import Event, Lock

_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_CODE, _NEW, _STRANGERS = "73519264", "902817", "771199"
_DARK = "idle"


@pytest.fixture
async def lock(make_lock: Callable) -> Lock:
    lock = await make_lock(settings=_SETTINGS)
    await lock.wait_armed()
    return lock


async def _steps(lock: Lock, *steps: tuple[str, str]) -> None:
    for keys, light in steps:
        await lock.keys(keys)
        await lock.wait_light(light)


async def _opens(lock: Lock, pin: str = DEMO_PIN) -> None:
    await lock.keys(pin + "#")
    await lock.wait_unlocked()
    await lock.wait_locked()


async def _wait_dark(lock: Lock) -> None:
    """The light is dark after all that it has shown so far."""

    def dark(event: Event) -> bool:
        last = [e for e in lock.events if e["type"] == "led"][-1]
        return event is last and event["name"] == _DARK

    await lock.wait_event(dark)


async def _card_is_denied(lock: Lock, card: str) -> None:
    await _wait_dark(lock)
    async with lock.tap(card):
        await lock.wait_light("denied")


async def _go_in(lock: Lock, order: str) -> None:
    """By the PIN, or by the card where the PIN is what was asked for."""
    if order == "9":
        await lock.tap_to_relay("tenant")
    else:
        await lock.keys(DEMO_PIN + "#")
        await lock.wait_unlocked()
    await lock.open_leaf()
    await lock.wait_locked()
    await lock.close_leaf()
    await _wait_dark(lock)


def _grants(lock: Lock) -> int:
    return sum(e["type"] == "pin" and e["name"] == "relay" and e["level"] == 1 for e in lock.events)


async def _wrong_codes(lock: Lock) -> int:
    """As NVS has them; the lock is off for a moment."""
    await lock.power(False)
    count = json.loads(lock.world.board.nvs_path.read_text())["menshen"]["wrong_codes"]
    await lock.power(True)
    await lock.wait_armed()
    return count


async def _remember_wrong_codes(lock: Lock, count: int) -> None:
    """Restart the lock as one at whose keypad so many wrong codes were entered."""
    await lock.power(False)
    numbers = json.loads(lock.world.board.nvs_path.read_text())
    numbers["menshen"]["wrong_codes"] = count
    lock.world.board.nvs_path.write_text(json.dumps(numbers))
    await lock.power(True)
    await lock.wait_armed()


async def _take_codes(lock: Lock, *credentials: Credential) -> None:
    await lock.wait_online()
    give = lock.world.provision
    await lock.publish_list(2, [*give.demo_credentials(lock.world.cards), *credentials])
    assert (await lock.wait_message("ack"))["json"]["result"] == "accepted"


# (1) no unfinished dialogue is left to whoever comes next


@pytest.mark.parametrize("order", ["1", "2", "3", "4", "9"])
async def test_what_a_tenant_left_unfinished_is_over_when_they_go_in(lock: Lock, order: str) -> None:
    await _steps(lock, (f"{DEMO_PIN}*{order}#", "enrolling"))
    if order == "1":
        await _steps(lock, ("1111#", "weak"))
    await _go_in(lock, order)
    await _steps(lock, (_STRANGERS + "#", "denied"), (_STRANGERS + "#", "denied"))
    await _card_is_denied(lock, "stranger")
    await _opens(lock)


@pytest.mark.parametrize("order", ["1", "2"])
async def test_a_leaf_that_moves_ends_a_dialogue_whoever_moves_it(lock: Lock, order: str) -> None:
    await _steps(lock, (f"{DEMO_PIN}*{order}#", "enrolling"))
    await lock.press_exit()  # somebody comes out
    await lock.open_leaf()
    await _wait_dark(lock)
    await _steps(lock, (_STRANGERS + "#", "denied"), (_STRANGERS + "#", "denied"))
    await _card_is_denied(lock, "stranger")


async def test_with_the_light_dark_after_ten_seconds_the_next_digits_are_a_new_entry(lock: Lock) -> None:
    await _steps(lock, (f"{DEMO_PIN}*1#", "enrolling"), (_NEW + "#", "enrolling"))
    began = lock.since_us
    await lock.keys("90")
    over = await _light_after(lock, await lock.wait_light("key"), _DARK)
    assert 9_900_000 < over["us"] - began < 60_000_000  # a busy computer is late
    await _steps(lock, (_NEW + "#", "denied"))
    await _opens(lock)


async def _light_after(lock: Lock, event: Event, name: str) -> Event:
    return await lock.wait_event(
        lambda e: e["type"] == "led" and e["name"] == name and e["us"] > event["us"] + 2_000_000
    )


async def test_the_third_refusal_and_a_star_end_it(lock: Lock) -> None:
    await _steps(lock, (f"{DEMO_PIN}*1#", "enrolling"), *[("1111#", "weak")] * 3)
    await _wait_dark(lock)
    await _opens(lock)
    await _remember_wrong_codes(lock, 0)
    await _steps(lock, (f"{DEMO_PIN}*2#", "enrolling"), ("90*", _DARK))
    await _card_is_denied(lock, "stranger")
    await _opens(lock)


# (2) whatever opens opens in a dialogue too


async def test_ones_own_pin_is_never_called_weak(lock: Lock) -> None:
    await _steps(lock, (f"{DEMO_PIN}*1#", "enrolling"), ("1111#", "weak"), (_NEW + "#", "enrolling"))
    await _opens(lock)
    assert not [e for e in lock.since() if e["type"] == "led" and e["name"] in ("weak", "denied")]


@pytest.mark.parametrize("order", ["1", "2", "3", "4", "9"])
async def test_everybody_elses_way_in_opens_in_a_dialogue_and_ends_it(lock: Lock, order: str) -> None:
    await _take_codes(lock, Credential(PIN, b"80801", STAFF))
    await _steps(lock, (f"{DEMO_PIN}*{order}#", "enrolling"))
    await _opens(lock, "80801")
    await _wait_dark(lock)
    await _steps(lock, (f"{DEMO_PIN}*{order}#", "enrolling"))
    await lock.tap_to_relay("cleaner")
    await lock.wait_locked()
    await _card_is_denied(lock, "stranger")


# (3) authority is in the entry itself


@pytest.mark.parametrize("keys", ["*1", "*1#", "*2", "*2#", "*9#", "2#"])
async def test_no_later_key_borrows_what_a_tenant_typed(lock: Lock, keys: str) -> None:
    await _opens(lock)
    await lock.keys(keys)
    await lock.keys(_STRANGERS + "#" + _STRANGERS + "#")
    await lock.wait_light("denied")
    await _card_is_denied(lock, "stranger")
    assert _grants(lock) == 1
    assert not [e for e in lock.events if e["type"] == "led" and e["name"] in ("enrolling", "kept")]


async def test_a_pin_is_forgotten_three_seconds_after_its_star_and_at_a_second_one(lock: Lock) -> None:
    await _steps(lock, (DEMO_PIN + "**2#", "denied"))
    await lock.keys(DEMO_PIN + "*2")
    key = await lock.wait_light("key")
    await lock.wait_event(  # the digit is forgotten after ten
        lambda e: e["type"] == "buzzer" and e["hz"] == 800 and e["us"] > key["us"] + 9_000_000
    )
    await _steps(lock, ("2#", "denied"))
    await _card_is_denied(lock, "stranger")


async def test_a_slip_that_was_cleared_is_a_slip_that_was_cleared(lock: Lock) -> None:
    await lock.keys(f"1357*{DEMO_PIN}#")
    await lock.wait_unlocked()


@pytest.mark.parametrize("keys", ["246810*11#", "246810*#", "246810*01#", "135799*1#", "80801*1#", "1*1#"])
async def test_an_unknown_number_and_a_wrong_code_are_one_signal_and_count_alike(
    lock: Lock, keys: str
) -> None:
    await _take_codes(lock, Credential(PIN, b"80801", STAFF))
    await lock.keys(keys)
    shown = await lock.wait_light("denied")
    assert {e["name"] for e in lock.since() if e["type"] == "led" and e["us"] <= shown["us"]} <= {
        "key",
        "denied",
        _DARK,
    }
    assert await _wrong_codes(lock) == 1
    assert _grants(lock) == 0


# (4) whoever chooses a PIN learns no more than whoever guesses


async def test_candidates_for_a_pin_are_counted_whatever_is_said_of_them(lock: Lock) -> None:
    await _take_codes(lock, Credential(PIN, _CODE.encode(), MOVE_IN, lease=7))
    for candidate, light in ((_NEW, "enrolling"), (_CODE, "weak"), ("1111", "weak"), ("902816", "enrolling")):
        await _steps(lock, (f"{DEMO_PIN}*1#", "enrolling"), (candidate + "#", light), ("*", _DARK))
    assert await _wrong_codes(lock) == 3  # and the move-in code, which is somebody's, is a right one


async def test_a_pin_that_was_kept_stays_counted(lock: Lock) -> None:
    await _steps(lock, (f"{DEMO_PIN}*1#", "enrolling"), (_NEW + "#", "enrolling"), (_NEW + "#", "kept"))
    await _steps(lock, (f"{_NEW}*1#", "enrolling"), ("771199#", "enrolling"), ("771199#", "kept"))
    await _opens(lock, "771199")
    assert await _wrong_codes(lock) == 2


# (5) what is right takes back its own count and no other


@pytest.mark.parametrize("right", ["move-in code", "own PIN", "own PIN and number", "slip"])
async def test_what_is_right_gives_nobody_another_three_guesses(lock: Lock, right: str) -> None:
    await _take_codes(lock, Credential(PIN, _CODE.encode(), MOVE_IN, lease=7))
    await _steps(lock, *[("135799#", "denied")] * 3)
    keys, light = {
        "move-in code": (_CODE + "#", "enrolling"),
        "own PIN": (DEMO_PIN + "#", "granted"),
        "own PIN and number": (DEMO_PIN + "*1#", "enrolling"),
        "slip": (f"1*{DEMO_PIN}#", "granted"),
    }[right]
    await _steps(lock, (keys, light), (keys, light) if light == "granted" else ("*", _DARK))
    await _steps(lock, ("135799#", "denied"))  # the fourth: the keypad waits
    assert (await lock.wait_message("alarm"))["json"]["alarm"] == "throttled"
    assert await _wrong_codes(lock) == 4


# (6) "kept" is never said of what can never open


async def test_no_card_is_kept_where_cards_do_not_open(make_lock: Callable) -> None:
    lock = await make_lock(settings={**_SETTINGS, "cards": {"plain_uid": False}})
    await lock.wait_armed()
    await _is_not_kept(lock, "stranger")


@pytest.mark.parametrize("uid", ["00000000", "00000000000000", "08a1b2c3", "phone"])
async def test_a_card_that_nobody_could_know_again_is_not_kept(lock: Lock, uid: str) -> None:
    if uid != "phone":
        lock.world.cards[uid] = Card(uid, bytes.fromhex(uid))
    await _is_not_kept(lock, uid)


async def _is_not_kept(lock: Lock, card: str) -> None:
    await _steps(lock, (f"{DEMO_PIN}*2#", "enrolling"))
    async with lock.tap(card):
        await lock.wait_light("weak")
    await _steps(lock, ("*", _DARK))
    assert not [e for e in lock.events if e["type"] == "led" and e["name"] == "kept"]


# (7) a wait ends, whatever was typed in it, and then the tenant opens at once


@pytest.mark.slow
async def test_what_is_typed_in_a_wait_makes_it_no_longer(lock: Lock) -> None:
    await _opens(lock)
    await _remember_wrong_codes(lock, 10)  # two minutes
    for _ in range(3):
        await _steps(lock, ("135799#", "throttled"), ("246810*5#", "throttled"), ("246810#", "throttled"))
    assert await _wrong_codes(lock) == 10
