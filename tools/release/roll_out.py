"""A release for many locks, group by group: what has been ordered, what came of it, and whether to go on.

The idea is hawkBit's: a canary, then larger shares; a group that fails beyond a threshold stops all of it.
Nothing here speaks to anybody; fleet.py does.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from menshen.errors import InputError

from .output import Folder
from .release import ReleaseError

RUNNING, PAUSED, DONE = "running", "paused", "done"
CONFIRMED, SILENT = "confirmed", "silent"
SHARES = {"security": "1,25%,100%", "feature": "1,10%,50%,100%"}
"""Of the locks, from the first on, at the end of each group; by the kind of a release."""

WAIT_H = {"security": 1.0, "feature": 24.0}
"""Hours between a group that is well and the next."""

SLOT_MAX = 160 * 1024
"""Bytes of a slot that a lock takes: firmware/update/payload.py."""


@dataclass
class RollOut:
    """One roll-out. `groups` are names of locks; `results` what each that has answered made of it."""

    version: str
    kind: str
    groups: list[list[str]]
    threshold: int
    """Percent of a group: more failures than that stop the roll-out."""

    wait_s: float
    patience_s: float
    """After so long without an answer a lock that is online has failed."""

    folder: str = ""
    orders: dict[str, int | None] = field(default_factory=dict)
    ordered_at: dict[str, float] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    offline: list[str] = field(default_factory=list)
    """Those that were offline when they were told, and are still: nobody waits for them."""

    at: int = 0
    well_at: float | None = None
    """When the group was found to be well, in seconds since 1970."""

    state: str = RUNNING
    why: str = ""

    @property
    def group(self) -> list[str]:
        """The one that is under way."""
        return self.groups[self.at]

    def failed(self, group: Iterable[str]) -> list[str]:
        """Those of a group that did not confirm the release."""
        return [name for name in group if self.results.get(name, CONFIRMED) != CONFIRMED]

    def look(self, now: float) -> None:
        """Stop, wait or go on to the next group, by what is known now."""
        if self.state != RUNNING:
            return
        group = self.group
        for name in group:
            begun = self.ordered_at.get(name)
            silent = begun is not None and now - begun > self.patience_s
            if silent and name not in self.results and name not in self.offline:
                self.results[name] = SILENT
        failed = self.failed(group)
        if len(failed) * 100 > self.threshold * len(group):
            self.state = PAUSED
            self.why = (
                f"group {self.at + 1}: {len(failed)} of {len(group)} failed, and the threshold is "
                f"{self.threshold} %: " + ", ".join(f"{name} {self.results[name]}" for name in failed[:5])
            )
            return
        if any(name not in self.results and name not in self.offline for name in group):
            return
        if group and CONFIRMED not in [self.results.get(name) for name in group]:
            return  # all of it is offline, and nothing is known
        self.well_at = self.well_at or now
        if self.at + 1 == len(self.groups):
            self.state = DONE
        elif now - self.well_at >= self.wait_s:
            self.at, self.well_at = self.at + 1, None

    def pause(self, why: str) -> None:
        """Stop it by hand."""
        if self.state == RUNNING:
            self.state, self.why = PAUSED, why

    def go_on(self) -> None:
        """Continue a paused one: what had failed in its group does not count again."""
        if self.state == PAUSED:
            self.state, self.why = RUNNING, ""
            self.groups = [
                *self.groups[: self.at],
                *_without(self.groups[self.at :], self.failed(self.group)),
            ]
            self.at = min(self.at, len(self.groups) - 1)

    def dumped(self) -> str:
        """As text, for the operator's file."""
        return json.dumps(asdict(self))

    @classmethod
    def loaded(cls, text: str) -> "RollOut":
        """What `dumped` gave."""
        return cls(**json.loads(text))

    def rows(self) -> list[tuple[str, int, int, int, int]]:
        """Of each group: its name, how many locks, confirmed, failed, waiting."""
        found = []
        for n, group in enumerate(self.groups):
            good = sum(self.results.get(name) == CONFIRMED for name in group)
            bad = len(self.failed(group))
            found.append(
                (f"{n + 1}{' *' if n == self.at else ''}", len(group), good, bad, len(group) - good - bad)
            )
        return found


def _without(groups: Sequence[Sequence[str]], gone: Iterable[str]) -> list[list[str]]:
    left = [[name for name in group if name not in set(gone)] for group in groups]
    return [group for group in left if group] or [[]]


def split(names: Sequence[str], shares: str, version: str) -> list[list[str]]:
    """The groups for shares such as "1,10%,100%": so many locks, all before them included.

    Which locks come first depends on the version, so that it is not always the same. Raises InputError.
    """
    found = re.fullmatch(r"(\d+%?)(,\d+%?)*", shares)
    if not found:
        raise InputError(f"--groups {shares}: such as 1,10%,50%,100% is right")
    drawn = sorted(names, key=lambda name: hashlib.sha256(f"{version} {name}".encode()).digest())
    ends = []
    for share in shares.split(","):
        number = int(share.rstrip("%"))
        ends.append(math.ceil(len(drawn) * number / 100) if share.endswith("%") else number)
    if ends != sorted(ends) or not ends[0]:
        raise InputError(f"--groups {shares}: each is more than the one before, and the first at least 1")
    ends = [min(end, len(drawn)) for end in ends]
    if ends[-1] < len(drawn):
        raise InputError(f"--groups {shares}: the last one is to be 100%")
    groups = [drawn[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    return [group for group in groups if group]


def unfit(release: Folder, states: Mapping[str, dict]) -> list[str]:
    """Why some locks cannot take it, a sentence for each; what an older lock does not report is no reason."""
    said = []
    size = release.slot_size
    if size > SLOT_MAX:
        said.append(f"the application takes {size} B, and no lock has free space for over {SLOT_MAX}")
    for name, state in sorted(states.items()):
        board, trusts = state.get("board", "devkit"), state.get("trusts")
        if board and board not in release.boards:
            said.append(f"{name} is a {board}, for which this release has no manifest")
        if isinstance(trusts, list) and release.signer not in trusts:
            told = " and ".join(map(str, trusts)) or "no key, so it takes no release at all"
            said.append(f"{name} trusts {told}; this release is signed by {release.signer}")
    return said


def check(release: Folder, states: Mapping[str, dict]) -> None:
    """Raise ReleaseError where a lock cannot take it."""
    said = unfit(release, states)
    if said:
        more = f"; and {len(said) - 3} more" if len(said) > 3 else ""
        raise ReleaseError(f"not begun: {'; '.join(said[:3])}{more}. Name the locks that are to have it")
