"""What a record of the list may say."""

from roll.record import HOLIDAY, LEASE, SCHEDULE, STAFF_PASSAGE


def is_known(role: int, kind: int) -> bool:
    """Whether a record of this role may have this kind; of a schedule the kind is its days of the week."""
    if role in (LEASE, HOLIDAY):  # neither PIN nor card
        return kind <= 2
    return role == SCHEDULE or (0 < role <= STAFF_PASSAGE and 0 < kind <= 2)
