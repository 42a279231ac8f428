"""Judges what SNTP and signed messages say of the time. Loaded for each answer.

Any clock may be wrong, the operator's too. So a signed time that is more than a day beyond what the lock's
own running time allows is no floor until a second source agrees: SNTP, or another signed message an hour
later. Two sources that agree also take a wrong floor back, but not below the time that the lock has itself
run since it was provisioned. link/README.md says against whom that helps.
"""

from micropython import const

from access.dates import set_clock
from storage.names import CLOCK_FLOOR, LIVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as Clock  # access/clock.py, which loads this

_STORE_MINUTES = const(1440)  # a floor is stored when it is newer by so much
_LATE_S = const(600)  # a message that was this long on its way says nothing about the clock
_DRIFT_S = const(3600)  # by so much may two sources differ, and SNTP correct a signed time in all
_JUMP_S = const(86_400)  # by so much may a signed time be beyond the floor and the running time since
_LATEST = const(4294967295)  # what records can hold: the year 2106


def network(clock: "Clock", now: int) -> bool:
    """Set the clock by SNTP, unless a better source says otherwise. Whether it was set."""
    if not 0 < now <= _LATEST:
        return False
    clock.sntp = now - _run(clock)
    agrees = clock.heard and abs(clock.sntp - clock.heard) <= _DRIFT_S
    said = clock.heard + clock.heard_at
    if now < clock.floor:
        if agrees and said < clock.floor:
            return _take_back(clock, said, now)
        if clock.trust == "unknown" and now >= _lived(clock):
            set_clock(clock, now)  # certificates may need it, and what heals a floor comes by the connection
        return False
    if clock.trust == "signed" and not agrees:
        return False
    set_clock(clock, now)
    if agrees:
        _believe(clock, said)
    elif clock.trust == "unknown":
        clock.trust = "network"
    return True


def signed(clock: "Clock", now: int, live: bool) -> None:
    """A message that was signed for this lock was made at that time.

    Each such time is a floor, if it can be right. Only a `live` message, see clock.py, also says what time
    it is now.
    """
    if not 0 < now <= _LATEST:
        return
    run, own, agrees = _run(clock), clock.read(), False
    if live:
        other = clock.sntp or (clock.heard if run - clock.heard_at >= _DRIFT_S else 0)
        clock.heard, clock.heard_at = now - run, run
        agrees = other and abs(other - clock.heard) <= _DRIFT_S
        if agrees and now < clock.floor:
            _take_back(clock, now, clock.sntp + run if clock.sntp else now)
    if now <= clock.floor:
        return
    if not (agrees or _can_be(clock, now, run)):
        if live and clock.trust == "unknown":
            set_clock(clock, now)
            clock.trust = "network"
        return
    is_lone = live and (clock.trust == "unknown" or (clock.trust == "network" and not clock.sntp))
    if own < now or ((is_lone or agrees) and own - now > _LATE_S):
        set_clock(clock, now)
        own = now
    if live and (agrees or own - now <= _LATE_S):
        _believe(clock, now)
    else:
        _raise_floor(clock, now)


def _can_be(clock: "Clock", now: int, run: int) -> bool:
    """Whether a signed time can be right, by the running time since the floor or by SNTP."""
    if clock.sntp and now <= clock.sntp + run + _DRIFT_S:
        return True
    return not clock.floor or now <= clock.floor + run - clock.floor_at + _JUMP_S


def _believe(clock: "Clock", said: int) -> None:
    """The time is what a live message has `said`."""
    clock.trust, clock.passed = "signed", 0
    _raise_floor(clock, said)


def _raise_floor(clock: "Clock", now: int) -> None:
    if now > clock.floor:
        clock.floor, clock.floor_at = now, _run(clock)
        if now // 60 - clock.numbers.get(CLOCK_FLOOR) >= _STORE_MINUTES:
            clock.store_floor()


def _take_back(clock: "Clock", floor: int, now: int) -> bool:
    """Take a wrong floor back; False where the lock itself has run for longer."""
    if floor < _lived(clock):
        return False
    clock.floor, clock.floor_at = floor, _run(clock)
    set_clock(clock, max(now, floor))
    clock.trust, clock.passed = "signed", 0
    clock.store_floor()
    return True


def _lived(clock: "Clock") -> int:
    """The time below which it cannot be, since the lock itself has run for so long."""
    return clock.made + clock.numbers.get(LIVED) * 3600


def _run(clock: "Clock") -> int:
    """Seconds since the start, by the chip's clock, however that was set meanwhile."""
    return clock.read() - clock.start
