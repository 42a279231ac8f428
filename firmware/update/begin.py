"""After a start: the trial if this is one, else what the last one left to be settled."""

import log
from update.trial import Trial
from version import SECURITY, VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from settings import Settings


async def begin(
    settings: "Settings", board: "Any", faults: "Callable[[], set[str]]", quiet: "Callable[[], bool]",
    report: "Callable[[str, str, str], None]",
) -> None:  # fmt: skip
    """See the release that runs through its trial."""
    from esp32 import Partition

    trial = Trial(
        board.numbers, "ab".find(slot()) & 1, VERSION, SECURITY, Partition, report, quiet, board.reset
    )
    try:
        if trial.is_on:
            await trial.run(faults, settings.trial_ms)
        elif trial.settle():
            await trial.leave()
    except OSError:
        log.error("update", "no room in NVS to confirm the release")
