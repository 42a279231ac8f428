"""A card that the operator has handed out, at the whole lock: it opens, and who lives there removes it."""

from collections.abc import Callable
from pathlib import Path

from menshen.desk import house_keys
from menshen.desk.house_keys import HouseKeys
from menshen.desk.personalise import hand_out
from menshen.operator import lists
from menshen.operator.lists import CARD, PIN, TENANT, Credential, Record
from menshen.simulator import provision
from menshen.simulator.cards.card import Card
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ntag424 import Ntag424
from menshen.simulator.provision import DEMO_PIN
from tests.simulated_lock import Lock

HOUSE, OTHER_HOUSE = bytes(range(16)), bytes(range(16, 32))
REFERENCE = 2
SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}


def handed_out(card: Card, house: bytes) -> Card:
    """The card, as it leaves the desk."""
    card.power(True)
    hand_out(card.exchange, HouseKeys(house))
    card.power(False)
    return card


async def refused(lock: Lock, name: str) -> None:
    async with lock.tap(name):
        await lock.wait_light("denied")
    await lock.wait_light("idle")
    assert (await lock.state())["relay"] == 0


async def test_it_opens_with_no_card_of_the_lock_s_own_and_is_removed_by_who_lives_there_alone(
    make_lock: Callable, tmp_path: Path
) -> None:
    key = provision.lock_key(tmp_path / "lock")
    cards = {
        "flat": handed_out(Ntag424("flat", bytes.fromhex("04a1b2c3d4e5f6")), HOUSE),
        "house": handed_out(Desfire("house", bytes.fromhex("04a1b2c3d4e5f7")), HOUSE),
        "neighbour": handed_out(Ntag424("neighbour", bytes.fromhex("04a1b2c3d4e5f8")), HOUSE),
        "elsewhere": handed_out(Ntag424("elsewhere", bytes.fromhex("04a1b2c3d4e5f6")), OTHER_HOUSE),
    }
    records = [
        Credential(PIN, DEMO_PIN.encode(), TENANT, lease=1).record(key),
        *(
            Record(
                house_keys.digest(key, REFERENCE, cards[name].uid), TENANT, CARD, 1, key_ref=REFERENCE
            ).data()
            for name in ("flat", "house")
        ),
        *house_keys.records(REFERENCE, house_keys.wrapped(HOUSE, key, REFERENCE)),
    ]
    files = lists.flash_files(key, 1, lists.snapshot(records))
    lock = await make_lock(power=False, settings=SETTINGS, files=files)
    lock.world.cards |= cards
    await lock.power(True)
    await lock.wait_armed()
    for name in ("flat", "house"):
        await lock.tap_to_relay(name)
        await lock.wait_locked()
    for name in ("neighbour", "elsewhere"):
        await refused(lock, name)
    await lock.keys(f"{DEMO_PIN}*3#")
    async with lock.tap("flat"):
        await lock.wait_light("kept")
    await lock.wait_light("idle")
    await refused(lock, "flat")
    await lock.tap_to_relay("house")
