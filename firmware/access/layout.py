"""What the list's files are, and how a list is refused. Loaded with whatever takes a list."""

SNAPSHOTS = ("/access/a", "/access/b")
MAGIC = b"MNL2"
COUNT_MAX = 20_000
CHANGES_MAX = 32  # a signed head with these is 2.3 KB, the longest message that is held in RAM


class ListError(Exception):
    """A list that cannot be taken; `reason` is "bad records", "flash full" or one of the lease guard's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
