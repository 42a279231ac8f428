"""The words in which results are told; there are no others. Loaded when there is one to tell.

A module of its own, since words lie in RAM.
"""

REASONS = (
    "bad hash", "bad records", "bad signature", "flash error", "flash full", "lease locked out",
    "lease shortened", "malformed", "no memory", "no such blob", "old version", "too large",
    "too many leases", "version jump", "wrong lock",
)  # fmt: skip
"""Why a list is not taken."""

COMMANDS = ("identify", "self-test", "restart", "unlock")

REFUSALS = (
    "bad signature", "busy", "denied", "expired", "flash error", "malformed", "no clock", "no memory",
    "replayed", "retained", "too early", "too large", "wrong lock",
)  # fmt: skip
"""Why a command is not carried out."""
