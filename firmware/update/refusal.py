"""Reports why a release is refused, and frees the space of its partial files if the flash is to blame."""

from micropython import const

from loader import Loan
from update.steps import DONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from update.steps import Next, Update

_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


async def step(update: "Update", error: "Exception") -> "Next":
    """`error` is a Refused, or an OSError."""
    reason = getattr(error, "reason", "")
    if isinstance(error, OSError):
        reason = "flash full" if error.errno == _ENOSPC else "flash error"
    update.report(update.version, "refused", reason)
    if reason.startswith("flash"):
        _clear(1 - update.slot)
    return DONE, None


def _clear(slot: int) -> None:
    with Loan():
        from update.slots import clear

        try:
            clear(slot)
        except OSError:
            pass  # the next build removes them
