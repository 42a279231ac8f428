"""Versions and faults as numbers for NVS."""

from door.faults import FAULTS
from link.errors import Refused


def version_code(text: object) -> int:
    """A number for "major.minor.patch", each 0 to 1023. Raises Refused("malformed")."""
    parts = text.split(".") if isinstance(text, str) and len(text) <= 14 else ()
    code = 0
    for part in parts:
        if not part.isdigit() or (part[0] == "0" and part != "0") or int(part) > 1023:
            raise Refused("malformed")
        code = code << 10 | int(part)
    if len(parts) != 3:
        raise Refused("malformed")
    return code


def version_text(code: int) -> str:
    """The version that has this number."""
    return "%d.%d.%d" % (code >> 20, code >> 10 & 1023, code & 1023)


def bits_of(faults: "set[str]") -> int:
    """The bits of these faults, those of FAULTS."""
    return sum(FAULTS[name] for name in faults)
