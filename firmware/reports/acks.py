"""What may be said of lists, commands, leases and releases: what telemetry.py publishes on `ack`.

All words for results are here, and loaded only for as long as one is told.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reports.telemetry import Telemetry

_ANY = ("bad signature", "flash error", "malformed", "no memory", "too large", "wrong lock")
_FETCHED = ("bad hash", "flash full", "no such blob")

REASONS = _ANY + _FETCHED + (
    "bad records", "lease locked out", "lease shortened", "old version", "too many leases",
    "version jump",
)  # fmt: skip
"""Why a list is refused."""

COMMANDS = ("identify", "self-test", "restart", "unlock", "certificate")

REFUSALS = _ANY + ("busy", "denied", "expired", "no clock", "replayed", "retained", "too early")
"""Why a command is refused."""

DECISIONS = ("given up", "end confirmed")
"""What the residents of a lease may decide, of which the operator is told: a day later, on the hour."""

STEPS = ("accepted", "fetched", "trial", "confirmed", "went back")
"""How far an update is."""

UPDATE_REFUSALS = _ANY + _FETCHED + (
    "bad files", "bad image", "combined image", "failed trial", "image too large",
    "no image slot", "no manifest", "old order", "old runtime", "old security version", "on trial",
    "unknown key", "wrong board",
)  # fmt: skip
"""Why a release is refused."""


class Acks:
    """There is a method for each thing that may be said, and none accepts free text."""

    def __init__(self, telemetry: "Telemetry") -> None:
        self._telemetry = telemetry

    def list_accepted(self, version: int, base: int, name: str) -> None:
        """The list of this version and hash is in force, over the snapshot of version `base`."""
        self._telemetry.acknowledge({"list": version, "base": base, "hash": name, "result": "accepted"})

    def list_refused(self, version: "int | None", reason: str) -> None:
        """A list was refused; version is None where it could not be read. One of REASONS above."""
        _check(reason, REASONS)
        self._telemetry.refuse({"list": version, "result": "refused", "reason": reason})

    def command_done(self, command: str, nonce: str, found: "dict | None" = None) -> None:
        """One of COMMANDS was carried out; `found` are the faults and the list of a self-test."""
        _check(command, COMMANDS)
        said = {"command": command, "nonce": nonce, "result": "done"}
        if found:
            said.update({"faults": found["faults"], "list": found["list"]})
        self._telemetry.acknowledge(said)

    def command_refused(self, nonce: "str | None", reason: str) -> None:
        """A command was refused; nonce is None where it could not be read. One of REFUSALS above."""
        _check(reason, REFUSALS)
        self._telemetry.refuse({"nonce": nonce, "result": "refused", "reason": reason})

    def decided(self, lease: int, what: str, end: int = 0) -> None:
        """What the residents of a lease have decided takes effect: one of DECISIONS above.

        `end` is an earlier end to which they agree, seconds since 1970; 0 is none.
        """
        _check(what, DECISIONS)
        said = {"lease": lease, "result": what}
        if end:
            said["end"] = end
        self._telemetry.acknowledge(said)

    def release_step(self, version: "str | None", step: str, reason: str = "") -> None:
        """How far an update is: one of STEPS above, or "refused" and one of UPDATE_REFUSALS.

        version is None where it could not be read; the operator signed it, so it is no free text.
        """
        said = {"update": version, "result": step}
        if step == "refused":
            _check(reason, UPDATE_REFUSALS)
            said["reason"] = reason
            self._telemetry.refuse(said)
        else:
            _check(step, STEPS)
            self._telemetry.acknowledge(said)


def _check(word: str, kind: "tuple[str, ...]") -> None:
    """Raise ValueError unless the word is one of its kind."""
    if word not in kind:
        raise ValueError("no such word")
