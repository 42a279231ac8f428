"""A model of NTAG 424 DNA with a host at it, for the tests of both."""

import random

from menshen.simulator.cards.ntag424 import Ntag424
from tests.tools.helpers.card_host import CardHost

UID = bytes.fromhex("04de5f1eacc040")


def fresh() -> Ntag424:
    """A card with keys of zeros, in the field."""
    card = Ntag424("one", UID, random.Random(424).randbytes)
    card.power(True)
    return card


def opened(card: Ntag424) -> CardHost:
    """A host in the card's application."""
    host = CardHost(card.exchange, random.Random(7).randbytes)
    host.select()
    return host
