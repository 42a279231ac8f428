"""Tells the operator why a list was refused."""

import sys

from micropython import const

import console
from reports.acks import REASONS, Acks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reports.telemetry import Telemetry

_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


def refuse(telemetry: "Telemetry", version: "int | None", error: "Exception") -> None:
    """Tell what was wrong with the list of this version, None where its head could not be read."""
    reason = getattr(error, "reason", "")
    if isinstance(error, OSError):
        reason = "flash full" if error.errno == _ENOSPC else "flash error"
    if reason not in REASONS:
        console.error("lists", "an unknown error")
        sys.print_exception(error)
        reason = "bad records"
    Acks(telemetry).list_refused(version, reason)
