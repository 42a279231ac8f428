"""Guest codes: days of guests, guesses, restarts and armings, against a model and the operator's codes."""

import datetime as dt
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from menshen.operator.guest import DAYS, HOURS, complete, make_code
from tests.models.conftest import Port

KEYS = {7: complete(bytes(range(16))), 8: complete(bytes(range(16, 32)))}
_HALF_HOUR = dt.timedelta(minutes=30)
_NOON = dt.datetime(2026, 12, 24, 12, tzinfo=dt.UTC)
_LASTING = [dt.timedelta(hours=n) for n in HOURS] + [dt.timedelta(days=n) for n in DAYS]
_ONCE = [dt.timedelta(hours=n) for n in (8, 24, 168, 720)]
_PLACES = 32


@dataclass(frozen=True)
class Code:
    """A code with all that was said when it was made."""

    lease: int
    start: dt.datetime
    duration: dt.timedelta
    once: bool

    @property
    def digits(self) -> str:
        return make_code(KEYS[self.lease], self.start, self.duration, self.once)

    @property
    def end(self) -> dt.datetime:
        return self.start + self.duration


@dataclass
class Model:
    """What the lock should do."""

    gained: int = 0  # by guesses, in parts of 10**9
    used: list[Code] = field(default_factory=list)

    def enter(self, code: Code | None, now: dt.datetime) -> list:
        """The lock's answer to a code, or to a wrong one."""
        if self.gained + 24 * len(KEYS) >= 1000:
            return ["unknown", 0, False]
        running_half_hour = now - (now - _NOON) % _HALF_HOUR
        if code is None or not -1451 <= (code.start - running_half_hour) / _HALF_HOUR <= 48:
            self.gained += 24 * len(KEYS)
            return ["unknown", 0, False]
        if now < code.start:
            return ["too early", code.lease, False]
        if now >= code.end:
            return ["expired", code.lease, False]
        if not code.once:
            return ["granted", code.lease, False]
        if code in self.used:
            return ["used up", code.lease, True]
        running = [used for used in self.used if used.end > now]
        own = sum(used.lease == code.lease for used in running)
        if len(running) + own >= _PLACES:
            return ["unknown", code.lease, True]
        if len(self.used) >= _PLACES:
            self.used = running
        self.used.append(code)
        return ["granted", code.lease, True]


_starts = st.integers(-10, 200).map(lambda n: _NOON + n * _HALF_HOUR)
_codes = st.one_of(
    st.builds(Code, st.sampled_from([7, 8]), _starts, st.sampled_from(_LASTING), st.just(False)),
    st.builds(Code, st.sampled_from([7, 8]), _starts, st.sampled_from(_ONCE), st.just(True)),
)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), _codes),
        st.tuples(st.just("again"), st.integers(0, 40)),
        st.tuples(st.just("guess"), _codes),
        st.tuples(st.just("wait"), st.integers(0, 40 * 3600)),
        st.tuples(st.just("wait"), st.integers(0, 40 * 86_400)),
        st.tuples(st.just("arm"), st.none()),
        st.tuples(st.just("restart"), st.none()),
    ),
    min_size=1,
    max_size=60,
)


def _guess(code: Code) -> str:
    """Digits of the same start and duration that are no code of either lease."""
    number = int(code.digits)
    return f"{number + 24_000 if number < 999_000_000_000 else number - 24_000:012}"


@given(_steps)
def test_the_lock_agrees_with_the_model(port: Port, steps: list) -> None:
    model, now = Model(), _NOON
    asked, expected, entered = [], [], []
    for what, value in steps:
        at, code = int(now.timestamp()), None
        if what == "wait":
            now += dt.timedelta(seconds=value)
        elif what == "arm":
            model.gained = 0
            asked.append([at, "arm"])
        elif what == "restart":
            asked.append([at, "restart"])
        elif what == "guess":
            asked.append([at, _guess(value)])
            expected.append(model.enter(None, now))
        elif what == "enter" or entered:
            code = value if what == "enter" else entered[value % len(entered)]
            entered.append(code)
            asked.append([at, code.digits])
            expected.append(model.enter(code, now))
    keys = [[lease, key.hex()] for lease, key in KEYS.items()]
    assert port.ask("guests", keys=keys, steps=asked) == expected


def test_the_places_for_one_entry_are_shared(port: Port) -> None:
    """Each takes half of what the other leaves, whatever they enter."""
    codes = [Code(lease, _NOON - n * _HALF_HOUR, _ONCE[3], True) for lease in (7, 8) for n in range(40)]
    model, asked, expected = Model(), [], []
    for code in codes:
        asked.append([int(_NOON.timestamp()), code.digits])
        expected.append(model.enter(code, _NOON))
    keys = [[lease, key.hex()] for lease, key in KEYS.items()]
    found = port.ask("guests", keys=keys, steps=asked)
    assert found == expected
    assert [sum(answer == ["granted", lease, True] for answer in found) for lease in (7, 8)] == [16, 8]
