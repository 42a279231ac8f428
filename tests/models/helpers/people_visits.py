"""What stories of people at a door ask again and again: who opens, what is said, which list is taken."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.models.helpers.people_model import Listing
    from tests.models.test_people_model import People

FREE, OTHER = "664208", "570913"
"""PINs that nobody has."""

NEW_CARD = bytes((4, 9, *b"mensh")).hex()


def opens(people: "People", digits: str) -> bool:
    """Whether somebody who comes when all is quiet gets in by this code."""
    people.door.do("wait", 300_000)
    return bool(people.door.do("keys", f"**{digits}#", may_open=True).opened)


def card_opens(people: "People", uid: str) -> bool:
    """Whether somebody gets in by this card."""
    return bool(people.door.do("card", uid, may_open=True).opened)


def says(people: "People", *keys: str) -> list[str]:
    """The signals that answer these keys."""
    return people.door.do("keys", *keys, may_open=True).said


def takes(people: "People", new: "Listing") -> bool:
    """Whether the lock has this list then."""
    return people.door.publish(new, people.house.now).version == new.version
