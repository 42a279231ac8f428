"""What may be said of an update, and nothing else; loaded for as long as something is said."""

_STEPS = ("accepted", "fetched", "trial", "confirmed", "went back")
_REASONS = (
    "bad files", "bad hash", "bad image", "bad signature", "combined image", "failed trial", "flash error",
    "flash full", "image too large", "malformed", "no image slot", "no manifest", "no memory",
    "no such blob", "old runtime", "old security version", "on trial", "too large", "unknown key",
    "wrong board", "wrong lock",
)  # fmt: skip


def words(version: "str | None", step: str, reason: str) -> dict:
    """The fields of a report: a step, or "refused" with its reason. ValueError for anything else.

    version is None where it could not be read; the operator signed it, so it is no free text of the lock's.
    """
    if step == "refused" and reason in _REASONS:
        return {"update": version, "result": step, "reason": reason}
    if step in _STEPS and not reason:
        return {"update": version, "result": step}
    raise ValueError("no such step or reason")
