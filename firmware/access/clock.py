"""Tells the time, and how far it can be trusted.

There are three trusts: "unknown" after a start, "network" by SNTP, "signed" by a message that only the
operator can have made. The time does not go below the last signed one, the floor, which outlives the power.

Any clock may be wrong, the operator's too. So a signed time that is more than a day beyond what the lock's
own running time allows is no floor until a second source agrees: SNTP, or another signed message an hour
later. Two sources that agree also take a wrong floor back, but not below the time that the lock has itself
run since it was provisioned. link/README.md says what that is worth against whom.
"""

from micropython import const

from storage.names import CLOCK_FLOOR, LIVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.nvs import Numbers

TRUSTS = ("unknown", "network", "signed")

_STORE_MINUTES = const(1440)  # a floor is stored when it is newer by so much
_LATE_S = const(600)  # a message that was this long on its way says nothing about the clock
_DRIFT_S = const(3600)  # by so much may two sources differ, and SNTP correct a signed time in all
_JUMP_S = const(86_400)  # by so much may a signed time be beyond the floor and the running time since
_LATEST = const(4294967295)  # what records can hold: the year 2106


def seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Seconds since 1970 of a date in the Gregorian calendar, UTC. The chip's own epoch is 2000."""
    if month < 3:
        year, month = year - 1, month + 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def date(now: int) -> "tuple[int, int, int, int, int, int, int, int]":
    """The reverse of seconds(), as the chip's RTC has it: weekday 0 is Monday, the last field is 0 us."""
    days, second = divmod(now, 86400)
    era, of_era = divmod(days + 719468, 146097)  # 400 years that begin with March of year 0
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153  # months since March
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = era * 400 + year_of_era + (month < 3)
    day = of_year - (153 * shifted + 2) // 5 + 1
    return year, month, day, (days + 3) % 7, second // 3600, second // 60 % 60, second % 60, 0


class Clock:
    """The chip's clock. Without power it forgets the time: it then starts from the floor, and is not trusted.

    `datetime` reads the RTC without an argument and sets it with one. `floor` is the time of provisioning,
    in seconds since 1970. Certificates are checked against the same RTC. `passed` is the latest time that it
    has shown since the start, before it was set back: what had expired then stays expired.
    """

    def __init__(self, datetime: "Callable[..., tuple]", numbers: "Numbers", floor: int = 0) -> None:
        self._datetime, self._numbers, self._made = datetime, numbers, floor
        self._floor = max(floor, numbers.get(CLOCK_FLOOR) * 60)
        self.trust = "unknown"
        self.passed = 0
        self._start = self._read()  # what the chip's clock showed then, and all by which it was set since
        self._floor_at = self._heard_at = 0  # in seconds since the start
        self._sntp = self._heard = (
            0  # what SNTP and the last live message said, less the seconds since the start
        )
        if self._start < self._floor:
            self._set(self._floor)

    def now(self) -> "int | None":
        """Seconds since 1970; None where the time is not known."""
        return None if self.trust == "unknown" else self._read()

    def network(self, now: int) -> bool:
        """Set the clock by SNTP, unless a better source says otherwise. Whether it was set."""
        if not 0 < now <= _LATEST:
            return False
        self._sntp = now - self._run()
        agrees = self._heard and abs(self._sntp - self._heard) <= _DRIFT_S
        said = self._heard + self._heard_at
        if now < self._floor:
            if agrees and said < self._floor:
                return self._take_back(said, now)
            if self.trust == "unknown" and now >= self._lived():
                self._set(now)  # certificates may need it, and what heals a floor comes by the connection
            return False
        if self.trust == "signed" and not agrees:
            return False
        self._set(now)
        if agrees:
            self._believe(said)
        elif self.trust == "unknown":
            self.trust = "network"
        return True

    def signed(self, now: int, live: bool) -> None:
        """A message that was signed for this lock was made at that time.

        Each such time is a floor, if it can be right. Only a `live` message, one that the broker had not
        retained, and whose number is above all before, also says what time it is now.
        """
        if not 0 < now <= _LATEST:
            return
        run, own, agrees = self._run(), self._read(), False
        if live:
            other = self._sntp or (self._heard if run - self._heard_at >= _DRIFT_S else 0)
            self._heard, self._heard_at = now - run, run
            agrees = other and abs(other - self._heard) <= _DRIFT_S
            if agrees and now < self._floor:
                self._take_back(now, self._sntp + run if self._sntp else now)
        if now <= self._floor:
            return
        if not (agrees or self._can_be(now, run)):
            if live and self.trust == "unknown":
                self._set(now)
                self.trust = "network"
            return
        is_lone = live and (self.trust == "unknown" or (self.trust == "network" and not self._sntp))
        if own < now or (is_lone and own - now > _LATE_S):
            self._set(now)
            own = now
        if live and (agrees or own - now <= _LATE_S):
            self._believe(now)
        else:
            self._raise_floor(now)

    def _can_be(self, now: int, run: int) -> bool:
        """Whether a signed time can be right, by the running time since the floor or by SNTP."""
        if self._sntp and now <= self._sntp + run + _DRIFT_S:
            return True
        return not self._floor or now <= self._floor + run - self._floor_at + _JUMP_S

    def _believe(self, said: int) -> None:
        """The time is what a live message has `said`."""
        self.trust, self.passed = "signed", 0
        self._raise_floor(said)

    def _raise_floor(self, now: int) -> None:
        if now > self._floor:
            self._floor, self._floor_at = now, self._run()
            if now // 60 - self._numbers.get(CLOCK_FLOOR) >= _STORE_MINUTES:
                self.store_floor()

    def _take_back(self, floor: int, now: int) -> bool:
        """Take a wrong floor back; False where the lock itself has run for longer."""
        if floor < self._lived():
            return False
        self._floor, self._floor_at = floor, self._run()
        self._set(max(now, floor))
        self.trust, self.passed = "signed", 0
        self.store_floor()
        return True

    def _lived(self) -> int:
        """The time below which it cannot be, since the lock itself has run for so long."""
        return self._made + self._numbers.get(LIVED) * 3600

    def _run(self) -> int:
        """Seconds since the start, by the chip's clock and however it was set."""
        return self._read() - self._start

    def store_floor(self) -> None:
        """Have the floor outlive the power. Where NVS is full, the clock works on without."""
        try:
            self._numbers.set(CLOCK_FLOOR, self._floor // 60)
        except OSError:
            pass

    def _set(self, now: int) -> None:
        own = self._read()
        if self.trust != "unknown":
            self.passed = max(self.passed, own)
        self._start += now - own
        self._datetime(date(now))

    def _read(self) -> int:
        year, month, day, _, hour, minute, second, _ = self._datetime()
        return seconds(year, month, day, hour, minute, second)
