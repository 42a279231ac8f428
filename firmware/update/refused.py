"""The refusal of a release. It stays loaded, since it crosses the steps, whose code is loaded in turn."""


class Refused(Exception):
    """The release is refused; `reason` is one of UPDATE_REFUSALS in reports/results.py."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
