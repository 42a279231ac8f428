"""What a secure card counts against those who guess its keys: data sheet NT4H2421Gx, 9; AN12196, 6.4."""

import pytest

from menshen.simulator.cards.ntag424 import Ntag424
from tests.tools.helpers import ntag424
from tests.tools.helpers.card_host import ZERO_KEY, CardHost, status

KEY = bytes(range(16))


@pytest.fixture
def card() -> Ntag424:
    """A fresh one, in the field."""
    return ntag424.fresh()


@pytest.fixture
def host(card: Ntag424) -> CardHost:
    """In the card's application."""
    return ntag424.opened(card)


def test_a_wrong_key_is_refused_and_counted(card: Ntag424, host: CardHost) -> None:
    assert status(host.authenticate, 0, KEY) == 0x91AE
    assert (card.keys[0].total_failures, card.keys[1].total_failures) == (1, 0)
    host.authenticate(0, ZERO_KEY)
    assert card.keys[0].total_failures == 0


def test_a_good_authentication_makes_up_for_ten_wrong_ones(card: Ntag424, host: CardHost) -> None:
    for _ in range(25):
        assert status(host.authenticate, 2, KEY) == 0x91AE
    host.authenticate(2, ZERO_KEY)
    assert card.keys[2].total_failures == 15


def test_from_fifty_wrong_ones_in_a_row_the_card_delays(card: Ntag424, host: CardHost) -> None:
    for _ in range(50):
        assert status(host.authenticate, 0, KEY) == 0x91AE
    assert status(host.authenticate, 0, ZERO_KEY) == 0x91AD
    assert card.thinks_s(b"") == pytest.approx(0.65 * 0.03866, rel=0.01)
    assert status(host.authenticate, 0, KEY) == 0x91AE
    for _ in range(2):  # for longer with each further one
        assert status(host.authenticate, 0, ZERO_KEY) == 0x91AD
    host.authenticate(0, ZERO_KEY)
    assert card.keys[0].failures_in_a_row == 0
    host.authenticate(0, ZERO_KEY)


def test_what_was_spent_of_a_delay_is_forgotten_when_the_card_is_taken_away(
    card: Ntag424, host: CardHost
) -> None:
    for _ in range(60):
        card.keys[0].failed()
    for _ in range(3):
        for _ in range(10):
            assert status(host.authenticate, 0, ZERO_KEY) == 0x91AD
        card.power(False)
        card.power(True)
        host.select()
    for _ in range(11):
        assert status(host.authenticate, 0, ZERO_KEY) == 0x91AD
    host.authenticate(0, ZERO_KEY)


def test_after_a_thousand_wrong_ones_a_key_is_dead_and_key_0_revives_all_but_itself(
    card: Ntag424, host: CardHost
) -> None:
    for slot in (card.keys[0], card.keys[3]):
        slot.total_failures = 999
        number = card.keys.index(slot)
        assert status(host.authenticate, number, KEY) == 0x91AE
        assert status(host.authenticate, number, ZERO_KEY) == 0x919D
    card.keys[0].total_failures = 0
    host.authenticate(0, ZERO_KEY)
    host.change_key(3, KEY, ZERO_KEY)
    host.authenticate(3, KEY)


def test_the_failure_counters_limits_can_be_set(card: Ntag424, host: CardHost) -> None:
    host.authenticate(0, ZERO_KEY)
    host.sealed(0x5C, b"\x0a", bytes.fromhex("0103000100"))
    for _ in range(3):
        assert status(host.authenticate, 1, KEY) == 0x91AE
    assert status(host.authenticate, 1, ZERO_KEY) == 0x919D
    host.authenticate(0, ZERO_KEY)
    host.sealed(0x5C, b"\x0a", bytes(5))
    host.authenticate(1, ZERO_KEY)
    assert card.keys[1].total_failures == 2
