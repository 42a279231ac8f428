"""A key in a card, with its version and what the card counts against those who guess it.

AN12196, 6.4 and data sheet NT4H2421Gx (DS), 9 and 10.5.1: TotFailCtr grows with each failed authentication,
shrinks by TotFailCtrDecr with each good one, and at its limit the key is dead. After 50 failures in a row the
card answers AUTHENTICATION_DELAY, for longer with each further one up to 255, until that delay is spent. The
documents do not say how long the delay is; here it is as many answers as there were failures after the 49th.
"""

from dataclasses import dataclass

_PATIENCE = 50
_MOST = 255


@dataclass
class FailLimits:
    """FailedCtrOption of SetConfiguration, option 0Ah (DS 10.5.1), as it is at delivery."""

    is_on: bool = True
    limit: int = 1000
    decrement: int = 10


class KeySlot:
    """`delays`: how many more times the card will only delay; that is forgotten when the field goes."""

    def __init__(self, limits: FailLimits, key: bytes = bytes(16), version: int = 0) -> None:
        self._limits = limits
        self.key, self.version = key, version
        self.total_failures = self.failures_in_a_row = self.delays = 0

    @property
    def is_dead(self) -> bool:
        """TotFailCtr is at its limit."""
        return self._limits.is_on and self.total_failures >= self._limits.limit

    def woken(self) -> None:
        """The field is there anew: nothing of the delay is spent."""
        self.delays = max(0, self.failures_in_a_row - _PATIENCE + 1)

    def delayed(self) -> bool:
        """Whether this authentication is only delayed."""
        if self.delays:
            self.delays -= 1
            return True
        return False

    def failed(self) -> None:
        """Somebody did not know the key."""
        self.total_failures += 1
        self.failures_in_a_row = min(_MOST, self.failures_in_a_row + 1)
        self.woken()

    def succeeded(self) -> None:
        """Somebody did."""
        self.total_failures = max(0, self.total_failures - self._limits.decrement)
        self.failures_in_a_row = self.delays = 0

    def change(self, key: bytes, version: int) -> None:
        """A new key; all is forgiven (AN12196, 6.4)."""
        self.key, self.version = key, version
        self.total_failures = self.failures_in_a_row = self.delays = 0
