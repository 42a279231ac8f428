"""The whole way from the keys to the bolt against a small model, through days at a door.

What comes: codes and cards of tenants, staff, guests and nobody; residents who set things; other lists; a
clock that is set, lost and wrong; power cuts. The lock does what the model does, always.
"""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from menshen.operator.guest import make_code
from tests.models.conftest import Port
from tests.models.helpers.lock_model import CARD, MOVE_IN, PASSAGE, PIN, STAFF, TENANT, Model

PINS = ["246810", "80801", "123456780"]
CHOSEN = ["902817", "73519", "1111", "246810"]
CARDS = ["\x04abcdef", "\x04ghijkl", "\x08abc", "\0\0\0\0"]
ORDERS = ["1", "2", "3", "30", "4", "40", "6", "60", "9", "", "51", "10", "77"]  # 0: test_doorkeeper_passage
LEASES = {"80801": 1, "246810": 1, "123456780": 2, "\x04abcdef": 1}
"""Of a credential of the list; the guard would let it become another's no more than here. Else it is 2."""
GUEST_KEYS = {1: bytes(range(16)), 2: bytes(range(16, 32))}
MONDAY = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
_HOUR = 3600
_T0 = int(MONDAY.timestamp())

_dates = st.sampled_from([0, 0, 0, _T0 - _HOUR, _T0 + 2 * 86_400])
_credential = st.tuples(
    st.sampled_from([(PIN, pin) for pin in PINS] + [(CARD, uid) for uid in CARDS]),
    st.sampled_from([TENANT, TENANT, STAFF, STAFF, MOVE_IN, PASSAGE]),
    st.sampled_from([0, 0, 1, 2]),
    st.sampled_from([0, 0, 1, 2]),
    _dates,
    _dates,
).map(lambda c: (*c[0], c[1], LEASES.get(c[0][1], 2), *c[2:]))
_list = st.tuples(
    st.just("take_list"),
    st.lists(_credential, min_size=2, max_size=5, unique_by=lambda c: c[:2]),
    st.sampled_from([127, 127, 1, 2, 128]),
)
_guest_code = st.tuples(
    st.sampled_from([1, 2]),
    st.integers(-1, 2),
    st.sampled_from([None, dt.timedelta(hours=2), dt.timedelta(days=2)]),
).map(lambda c: make_code(GUEST_KEYS[c[0]], MONDAY + dt.timedelta(hours=c[1]), c[2]))
_pin = st.one_of(st.sampled_from(PINS), st.sampled_from([*PINS, *CHOSEN, "999", "12345678901"]), _guest_code)


def _keys(*parts: str | st.SearchStrategy[str]) -> st.SearchStrategy:
    every = st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts))
    return every.map(lambda found: ("keys", "".join(found)))


_one_code = _keys(_pin, "#")
_deed = st.one_of(
    _one_code,
    _keys(_pin, "*1#", st.sampled_from(CHOSEN).map(lambda pin: f"{pin}#{pin}#")),
    _keys(_pin, "#", st.sampled_from(CHOSEN).map(lambda pin: f"{pin}#{pin}#")),
    _keys(_pin, "*", st.sampled_from(ORDERS), "#"),
    _keys(_pin, "*", st.sampled_from(ORDERS), "#", _pin, "#"),
    _keys(_pin, "*", st.sampled_from(["", "1", "12"]), st.sampled_from(["*", ""]), _pin, "#"),
    st.sampled_from(PINS + CHOSEN).map(lambda pin: ("keys", f"{pin}*9#{pin}#")),
    _keys(st.sampled_from(["*#", "**#", "*#*#", "12**#"]), st.sampled_from(["", "12", "12#*"]), _pin, "#"),
    st.just(("leaf",)),
    st.sampled_from(CARDS).map(lambda uid: ("card", uid)),
    st.tuples(st.just("wait"), st.sampled_from([100, 1000, 9999, 10_000, 19_999, 20_000])),
    st.tuples(st.just("clock"), st.integers(_T0 - 2 * _HOUR, _T0 + 60 * _HOUR)),
    st.tuples(st.just("clock"), st.sampled_from([None, _T0, _T0 + 3 * _HOUR, 4_000_000_000])),
    st.just(("restart",)),
    st.just(("arm",)),
    _list,
)
_with_card = st.tuples(
    _keys(_pin, "*", st.sampled_from("234"), "#"), st.lists(st.sampled_from(CARDS), min_size=1, max_size=4)
).map(lambda found: [found[0], *(("card", uid) for uid in found[1])])
_late = st.tuples(
    st.one_of(_keys(_pin, "*", st.sampled_from("1249"), "#"), st.just(("keys", "*#"))),
    st.sampled_from([9_999, 10_000, 19_999, 20_000, 59_999, 60_000]),
    _one_code,
).map(lambda found: [found[0], ("wait", found[1]), found[2]])
_again = _guest_code.map(lambda code: [("keys", f"{code}#999#"), ("wait", 300_000), ("keys", f"{code}#999#")])
_deeds = st.one_of(_deed.map(lambda deed: [deed]), _with_card, _late, _again)


def _flat(steps: list[tuple[bool, list]]) -> list:
    """Five minutes pass before most deeds: the throttle would hide all else."""
    return [step for at_once, deeds in steps for step in ([] if at_once else [("wait", 300_000)]) + deeds]


_steps = st.lists(st.tuples(st.booleans(), _deeds), min_size=5, max_size=60).map(_flat)
_guest_keys = st.sampled_from([(), (1,), (1, 2)])


@given(_list, _guest_keys, _steps)
def test_the_lock_does_what_the_model_does(port: Port, first: tuple, leases: tuple, steps: list) -> None:
    model = Model({(lease, 9): GUEST_KEYS[lease] for lease in leases})
    given = [("guest_key", lease, GUEST_KEYS[lease].hex()) for lease in leases]
    every = [first, ("clock", _T0), *steps]
    done = port.ask("lock", steps=[*given, *every])[len(given) :]
    for n, (step, found) in enumerate(zip(every, done, strict=True)):
        assert found == getattr(model, step[0])(*step[1:]), (n, step)
