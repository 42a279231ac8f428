"""Guest codes of nine digits, against a model and the operator's codes."""

import datetime as dt
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from menshen.operator.guest import DAYS, HOURS, make_code
from tests.models.conftest import Port

KEYS = {7: bytes(range(16)), 8: bytes(range(16, 32))}
_STARTS = [dt.datetime(2026, 12, 24, hour, tzinfo=dt.UTC) for hour in (3, 9, 11, 17)]
_DURATIONS = [dt.timedelta(hours=n) for n in HOURS] + [dt.timedelta(days=n) for n in DAYS] + [None]
_ONE_ENTRY = dt.timedelta(hours=8)


@dataclass
class Code:
    """A code with all that was said when it was made."""

    lease: int
    start: dt.datetime
    duration: dt.timedelta | None

    @property
    def digits(self) -> str:
        return make_code(KEYS[self.lease], self.start, self.duration)

    @property
    def end(self) -> dt.datetime:
        return self.start + (self.duration or _ONE_ENTRY)

    @property
    def kind(self) -> tuple:
        """What somebody knows who guesses at codes like this one."""
        return self.duration, int(self.start.timestamp()) // 3600 % 8


@dataclass
class Model:
    """What the lock should do."""

    gained: int = 0  # by guesses, in parts of 10**9
    entered: dict[str, Code] = field(default_factory=dict)

    def enter(self, code: Code | None, kind: tuple, now: dt.datetime) -> list:
        """The lock's answer to a code, or to a guess at one of that kind."""
        alike = sum(e.kind == kind and e.end > now for e in self.entered.values())
        gain = 104 * (len(KEYS) + alike)
        if self.gained + gain >= 1000:
            return ["unknown", 0, False]
        if code is not None and code.digits in self.entered:
            once = "used up" if code.duration is None else "granted"
            return [once if now < code.end else "expired", code.lease, False]
        if code is None or not code.start <= now < min(code.end, code.start + dt.timedelta(hours=8)):
            self.gained += gain
            return ["unknown", 0, False]
        if gain + 104 >= 1000 or sum(e.end > now for e in self.entered.values()) >= 24:
            return ["unknown", 0, False]
        self.entered[code.digits] = code
        return ["granted", code.lease, True]


_codes = st.builds(Code, st.sampled_from([7, 8]), st.sampled_from(_STARTS), st.sampled_from(_DURATIONS))
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), _codes),
        st.tuples(st.just("guess"), _codes),
        st.tuples(st.just("wait"), st.integers(0, 40 * 3600)),
        st.tuples(st.just("arm"), st.none()),
        st.tuples(st.just("restart"), st.none()),
    ),
    min_size=1,
    max_size=40,
)


def _guess(code: Code) -> str:
    """Digits of the same kind that are no code of either lease."""
    number = int(code.digits)
    wrong = number + 104 if number < 999_000_000 else number - 104
    return f"{wrong:09}"


@given(_steps)
def test_the_lock_agrees_with_the_model(port: Port, steps: list) -> None:
    model, now = Model(), _STARTS[0]
    asked, expected = [], []
    for what, value in steps:
        at = int(now.timestamp())
        if what == "wait":
            now += dt.timedelta(seconds=value)
        elif what == "arm":
            model.gained = 0
            asked.append([at, "arm"])
        elif what == "restart":
            asked.append([at, "restart"])
        else:
            asked.append([at, value.digits if what == "enter" else _guess(value)])
            expected.append(model.enter(value if what == "enter" else None, value.kind, now))
    keys = [[lease, key.hex()] for lease, key in KEYS.items()]
    assert port.ask("guests", keys=keys, steps=asked) == expected
