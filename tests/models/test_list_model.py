"""The operator's lists in the lock's flash against a small model: who gets in, always, and what is refused.

Snapshots, changes and merges, old versions, lists that would lock tenants out, residents' own changes,
clocks, and power cuts in any flash operation of these: the lock says and holds what the model does.
"""

import os
from dataclasses import astuple

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

from menshen.operator import lists
from tests.models.conftest import Port
from tests.models.helpers.list_model import (
    MOVE_IN,
    SIGNED,
    STAFF,
    START,
    TENANT,
    Listing,
    Model,
    Token,
)

KEY = bytes(32)
PIN, CARD = 1, 2
TOKENS: list[Token] = [
    (PIN, "246810"),
    (PIN, "80801"),
    (PIN, "9028"),
    (CARD, "\x04abcdef"),
]
_T0, _HOUR, _DAY = 1_800_000_000, 3600, 86_400
_ENDS = [0, _T0 + _DAY, _T0 + 30 * _DAY]
_EXAMPLES = 5_000 if os.environ.get("MENSHEN_NIGHTLY") else 200

_token, _lease = st.sampled_from(TOKENS), st.sampled_from([1, 2])
_person = st.tuples(
    st.sampled_from([TENANT, TENANT, TENANT, STAFF, MOVE_IN]),
    _lease,
    st.sampled_from([0, 0, _T0 + _HOUR]),
    st.sampled_from([0, 0, *_ENDS]),
)
_edit = st.one_of(
    st.tuples(_token, _person),
    st.tuples(_token, st.none()),
    st.tuples(_lease, st.sampled_from([None, *_ENDS])),
)
_publish = st.tuples(
    st.just("publish"),
    st.sampled_from(["snapshot", "changes", "merge"]),
    st.integers(0, 2),
    st.lists(_edit, min_size=1, max_size=3),
    st.sampled_from([0, 1, 20, 90]),
)
_two = st.permutations(TOKENS[:3]).map(lambda found: found[:2])
_change = st.one_of(
    st.tuples(st.sampled_from(["move_in", "change_pin"]), _lease, _two).map(
        lambda found: ("change", found[0], found[1], *found[2])
    ),
    st.tuples(st.just("change"), st.sampled_from(["withdraw", "remove"]), _lease, _token),
    st.tuples(st.just("change"), st.just("clear"), _lease),
    st.tuples(st.just("move_out"), _lease),
)
_written = st.one_of(
    _publish, _publish, _change, st.just(("tend",)), st.tuples(st.just("again"), st.integers(0, 5))
)
_cut = st.one_of(st.integers(1, 12), st.integers(1, 120))
_clock = st.sampled_from([None, _T0, _T0, _T0 + 2 * _HOUR, _T0 + 2 * _DAY, _T0 + 40 * _DAY])
_present = _token.map(lambda token: ("present", *token))
_deed = st.one_of(
    _present,
    _present,
    _clock.map(lambda time: ("clock", time)),
    st.sampled_from([1, 21, 700]).map(lambda hours: ("lives", hours)),
    st.just(("restart",)),
)
_whole = st.tuples(st.just(0), st.just(0), st.one_of(_written, _deed, _present))
_step = st.one_of(_whole, _whole, st.tuples(_cut, st.integers(0, 99), _written))


class Operator:
    """Makes the heads; `sent` are (listing, head, snapshot) of all versions."""

    def __init__(self) -> None:
        self.sent: list[tuple[Listing, str, bytes]] = []
        self._base, self._base_data, self._current = 0, b"", lists.snapshot([])

    def publish(self, how: str, back: int, edits: list, fillers: int) -> tuple[Listing, str, bytes]:
        """The next version: the edits to one of the last ones, in the way asked for where that can be."""
        start = self.again(back)[0] if self.sent else Listing()
        people, ends = dict(start.people), dict(start.ends)
        for whom, new in edits:
            table = people if isinstance(whom, tuple) else ends
            if new is None:
                table.pop(whom, None)
            else:
                table[whom] = new
        version = len(self.sent) + 1
        records = [
            lists.Credential(kind, value.encode(), role, lease, 0, 0, begin, end).record(KEY)
            for (kind, value), (role, lease, begin, end) in people.items()
        ]
        records += [lists.Lease(lease, START[lease], end).record(KEY) for lease, end in ends.items()]
        records += [lists.Credential(CARD, f"other {n}".encode(), STAFF).record(KEY) for n in range(fillers)]
        new = lists.snapshot(records)
        if how == "merge" and self.sent:
            self._base, self._base_data = version - 1, self._current
        delta = lists.changes(self._base_data, new)
        if how == "snapshot" or not self._base or len(delta) > lists.CHANGES_MAX * 33:
            self._base, self._base_data, delta = version, new, b""
        self._current = new
        head = lists.Head(version, self._base, self._base_data, delta, SIGNED).signed("demo", KEY)
        self.sent.append((Listing(version, people, ends, len(records)), head, self._base_data))
        return self.sent[-1]

    def again(self, back: int) -> tuple[Listing, str, bytes]:
        """One of the last heads once more."""
        return self.sent[-1 - back % len(self.sent)]


def _digest(token: Token) -> str:
    return lists.mac(KEY, bytes((token[0],)) + token[1].encode())[:16].hex()


def _holds(model: Model) -> dict:
    """As tests/models/helpers/list_lock.py tells it, without regard to order."""
    leases = [[number, *astuple(lease)] for number, lease in model.leases.items()]
    people = model.listing.people
    return {
        "version": model.listing.version,
        "listed": [list(people[token]) if token in people else None for token in TOKENS],
        "count": model.listing.count,
        "leases": sorted(leases, key=repr),
        "residents": sorted([_digest(token), *entry] for token, entry in model.residents.items()),
    }


def _told(found: dict) -> dict:
    told = {name: found[name] for name in ("version", "listed", "count")}
    return told | {
        "leases": sorted(found["leases"], key=repr),
        "residents": sorted(found["residents"]),
    }


_START = [(1, _T0 + _DAY), (TOKENS[0], (TENANT, 1, 0, 0)), (TOKENS[3], (TENANT, 2, 0, 0))]


@hypothesis.settings(max_examples=_EXAMPLES)
@given(st.integers(0, 90), st.lists(_step, min_size=10, max_size=50))
def test_the_lists_in_flash_do_what_the_model_does(port: Port, fillers: int, steps: list) -> None:
    operator, asked, modelled = Operator(), [], []
    first = ("publish", "snapshot", 0, _START, fillers)
    for cut, seed, (name, *arguments) in [(0, 0, ("clock", _T0)), (0, 0, first), *steps]:
        if name in ("publish", "again"):
            sent = operator.publish(*arguments) if name == "publish" else operator.again(*arguments)
            asked.append([cut, seed, "publish", sent[1], sent[2].hex()])
            modelled.append((cut, "publish", [sent[0]]))
        else:
            asked.append([cut, seed, name, *arguments])
            modelled.append((cut, name, arguments))
    done = port.ask("listed_lock", tokens=TOKENS, steps=asked)
    model = Model()
    for n, ((cut, name, arguments), found) in enumerate(zip(modelled, done, strict=True)):
        if cut:
            states = model.after_cut(name, *arguments)
            if not found["fell"]:
                states = states[-1:]
            fitting = [state for state in states if _holds(state) == _told(found)]
            assert fitting, (n, cut, name, arguments, _told(found), [_holds(state) for state in states])
            model = fitting[0]
        else:
            may_say = getattr(model, name)(*arguments)
            said = found["said"]
            assert set(said) <= may_say, (n, name, arguments, said, may_say)
            assert len(said) == bool(may_say), (n, name, arguments, said, may_say)
            assert _told(found) == _holds(model), (n, name, arguments)
