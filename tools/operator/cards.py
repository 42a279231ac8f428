"""Commands for cards that the operator hands out: made at the desk, for all doors of a lease."""

import time
from dataclasses import replace

import click

from menshen.cli.completing import LEASE
from menshen.errors import InputError, MenshenError

from . import asking, handing
from .answer import Answer, Table
from .database import not_in_file
from .lock_settings import proves_itself, refuse_card
from .opened import changing, reading
from .store import Store, called

_WAIT_S = 60
_COPY = (
    "Whoever has your file and its key can copy this card, and the tenant's leaflet says so. A tenant adds a "
    "card of their own at the keypad: PIN * 2 #"
)


@click.group()
def card() -> None:
    """Cards that you hand out, one for all doors of a lease.

    They are NTAG 424 DNA, or MIFARE DESFire EV2 or EV3, factory-fresh, and prove themselves to the locks. You
    need a contactless card reader with PC/SC at your desk.

    \b
        menshen card make "flat 3"
        menshen publish
    """


@card.command("make")
@click.argument("number", metavar="LEASE", shell_complete=LEASE)
@click.option(
    "--house",
    metavar="NAME",
    default="house",
    show_default=True,
    help="Whose key it gets; several houses have several.",
)
@changing
def make(store: Store, number: str, house: str) -> Answer:
    """Make a card for a lease, on the reader at your desk.

    It opens all doors of the lease that have a reader for it (`reader.type` pn532), from the next `menshen
    publish` on. LEASE is its number or its note. A card in which anybody else has written is left as it is.
    One that was taken away too early is laid on again.

    With --house, another house's cards have keys of their own: whoever can copy those of one house cannot
    copy those of the other. A lock takes cards of four houses.

    \b
        menshen card make "flat 3"
    """
    one = store.tenancy(number)
    if one.end <= time.time():
        raise MenshenError(f"LEASE {one.id}: is over")
    if not house.strip():
        raise InputError("--house: is empty")
    every = [door.lock for door in one.doors]
    one = replace(one, doors=tuple(door for door in one.doors if proves_itself(store, door.lock)))
    if not one.doors:
        refuse_card(store, every[0], f"LEASE {one.id}", proves=True)
    references = [handing.reference(store, door.lock, house) for door in one.doors]
    key = handing.house_key(store, house)
    uid = asking.typed("card", lambda: made_at_desk(key))
    made = handing.enter(store, one, house, references, uid)
    doors = ", ".join(called(store.lock(door.lock)) for door in one.doors)
    said = f"card {made}: opens {doors} for {one.called}"
    locks = [door.lock for door in one.doors]
    others = [f"{called(store.lock(lock))} has no reader for it" for lock in every if lock not in locks]
    return Answer(
        {"card": int(made), "lease": one.id, "doors": locks, "house": house},
        [f"{said}. Write its number on it"],
        then=[*others, _COPY, f"Now: menshen publish {' '.join(locks)}"],
        record=f"{said}: made",
    )


def made_at_desk(key: bytes) -> bytes:
    """Ask for a card, and make it one of the house: its UID. Raises CardError."""
    from menshen.desk import pcsc
    from menshen.desk.house_keys import HouseKeys
    from menshen.desk.personalise import hand_out

    click.echo(f"Lay a factory-fresh card on the reader, within {_WAIT_S} s, and let it lie", err=True)
    with pcsc.card(_WAIT_S) as transmit:
        return hand_out(transmit, HouseKeys(key))


@card.command("list")
@reading
def list_(store: Store) -> Answer:
    """Show the cards that you have handed out.

    Whether a tenant has removed one at the keypad, only the lock knows.

    \b
        menshen card list
    """
    found = handing.cards(store)
    names = {row["name"]: called(row) for row in store.locks()}
    rows = [
        (one.number, one.lease, ", ".join(names[lock] for lock in one.locks), one.house, _state(one))
        for one in found
    ]
    data = [
        {
            "card": int(one.number),
            "lease": one.lease,
            "doors": one.locks,
            "house": one.house,
            "published": one.held,
        }
        for one in found
    ]
    return Answer(data, table=Table(("card", "lease", "doors", "house", ""), rows))


@card.command("remove")
@click.argument("number", metavar="CARD")
@changing
def remove(store: Store, number: str) -> Answer:
    """Take a card from the lists again.

    That is for one that no lock was sent yet, or whose lease is over. While the lease runs, the card is the
    tenant's, who removes it at the keypad: PIN * 3 # and the card, or PIN * 30 # without it.

    \b
        menshen card remove 2
    """
    found = {one.number: one for one in handing.cards(store)}
    if number not in found:
        raise not_in_file("CARD", str(number), (), "card list")
    one = found[number]
    if handing.guarded(store, one):
        raise MenshenError(f"CARD {number}: {_GUARD}")
    for lock in one.locks:
        store.drop(lock, handing.KIND, number)
    said = f"card {number} leaves the lists of {', '.join(called(store.lock(lock)) for lock in one.locks)}"
    return Answer(
        {"card": int(number), "doors": one.locks},
        [f"{said}. Now: menshen publish {' '.join(one.locks)}"],
        record=said,
    )


_GUARD = (
    "its lease runs, so the lock's lease guard would refuse the list: nobody is locked out of their home by "
    "a click. The tenant removes it at the keypad, PIN * 3 # and the card, or PIN * 30 # without it"
)


def _state(one: handing.Card) -> str:
    return "" if one.held else "not published"
