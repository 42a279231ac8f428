"""What a record of the list may say. Loaded with what looks at lists, and unloaded after."""


def is_known(role: int, kind: int) -> bool:
    """Whether a record of this role may have this kind; of a schedule the kind is its days of the week."""
    if role in (4, 6):  # a lease, a holiday: neither PIN nor card
        return kind <= 2
    return role == 5 or (0 < role <= 7 and 0 < kind <= 2)
