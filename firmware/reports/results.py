"""All words for results. They are loaded only when one is checked, since words lie in RAM."""

REASONS = (
    "bad hash", "bad records", "bad signature", "flash error", "flash full", "lease locked out",
    "lease shortened", "malformed", "no memory", "no such blob", "old version", "too large",
    "too many leases", "version jump", "wrong lock",
)  # fmt: skip
"""Why a list is refused."""

COMMANDS = ("identify", "self-test", "restart", "unlock", "certificate")

REFUSALS = (
    "bad signature", "busy", "denied", "expired", "flash error", "malformed", "no clock", "no memory",
    "replayed", "retained", "too early", "too large", "wrong lock",
)  # fmt: skip
"""Why a command is refused."""

DECISIONS = ("given up", "end confirmed")
"""What the residents of a lease may decide, of which the operator is told: a day later, on the hour."""

STEPS = ("accepted", "fetched", "trial", "confirmed", "went back")
"""How far an update is."""

UPDATE_REFUSALS = (
    "bad files", "bad hash", "bad image", "bad signature", "combined image", "failed trial", "flash error",
    "flash full", "image too large", "malformed", "no image slot", "no manifest", "no memory",
    "no such blob", "old order", "old runtime", "old security version", "on trial", "too large",
    "unknown key", "wrong board", "wrong lock",
)  # fmt: skip
"""Why a release is refused."""
