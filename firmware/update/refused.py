"""How the rooms of an update say no."""


class Refused(Exception):
    """The release is not taken; `reason` is one of link.update_words'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
