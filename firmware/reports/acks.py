"""What may be said of lists, commands, leases and releases: what telemetry.py publishes on `ack`."""

from micropython import const

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reports.telemetry import Telemetry


_REASONS = const(0)  # which of the tables of results.py
_COMMANDS = const(1)
_REFUSALS = const(2)
_DECISIONS = const(3)
_STEPS = const(4)
_UPDATE_REFUSALS = const(5)


class Acks:
    """There is a method for each thing that may be said, and none accepts free text."""

    def __init__(self, telemetry: "Telemetry") -> None:
        self._telemetry = telemetry

    def list_accepted(self, version: int, base: int, name: str) -> None:
        """The list of this version and hash is in force, over the snapshot of version `base`."""
        self._telemetry.acknowledge({"list": version, "base": base, "hash": name, "result": "accepted"})

    def list_refused(self, version: "int | None", reason: str) -> None:
        """A list was refused; version is None where it could not be read. One of REASONS in results.py."""
        _check(reason, _REASONS)
        self._telemetry.refuse({"list": version, "result": "refused", "reason": reason})

    def command_done(self, command: str, nonce: str, found: "dict | None" = None) -> None:
        """One of COMMANDS was carried out; `found` are the faults and the list of a self-test."""
        _check(command, _COMMANDS)
        said = {"command": command, "nonce": nonce, "result": "done"}
        if found:
            said.update({"faults": found["faults"], "list": found["list"]})
        self._telemetry.acknowledge(said)

    def command_refused(self, nonce: "str | None", reason: str) -> None:
        """A command was refused; nonce is None where it could not be read. One of REFUSALS in results.py."""
        _check(reason, _REFUSALS)
        self._telemetry.refuse({"nonce": nonce, "result": "refused", "reason": reason})

    def decided(self, lease: int, what: str, end: int = 0) -> None:
        """What the residents of a lease have decided takes effect: one of DECISIONS in results.py.

        `end` is an earlier end to which they agree, seconds since 1970; 0 is none.
        """
        _check(what, _DECISIONS)
        said = {"lease": lease, "result": what}
        if end:
            said["end"] = end
        self._telemetry.acknowledge(said)

    def release_step(self, version: "str | None", step: str, reason: str = "") -> None:
        """How far an update is: one of STEPS in results.py, or "refused" and one of its UPDATE_REFUSALS.

        version is None where it could not be read; the operator signed it, so it is no free text.
        """
        said = {"update": version, "result": step}
        if step == "refused":
            _check(reason, _UPDATE_REFUSALS)
            said["reason"] = reason
            self._telemetry.refuse(said)
        else:
            _check(step, _STEPS)
            self._telemetry.acknowledge(said)


def _check(word: str, kind: int) -> None:
    """Raise ValueError unless the word is one of its kind in results.py."""
    with Loan():
        from reports.results import COMMANDS, DECISIONS, REASONS, REFUSALS, STEPS, UPDATE_REFUSALS

        if word not in (REASONS, COMMANDS, REFUSALS, DECISIONS, STEPS, UPDATE_REFUSALS)[kind]:
            raise ValueError("no such word")
