"""The exceptions of the link. They stay loaded, since the code that raises them is loaded for its time only.

MQTTError       the connection cannot be used any more
DnsError        the address of a host is not known
TlsError        TLS is not possible; the message names the file
Refused         what a message asks for is refused
EnvelopeError   a message is not authentic
BlobError       a blob was not fetched
Interrupted     a blob was not fetched since the connection was lost: the next try resumes
"""


class MQTTError(Exception):
    """The connection cannot be used any more, and must be closed."""


class DnsError(Exception):
    """The address of a host is not known, and no server gave it."""


class TlsError(Exception):
    """TLS is not possible; the message names the file and says what would be right."""


class Refused(Exception):
    """What a message asks for is refused; `reason` is one of those in reports/results.py."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EnvelopeError(Refused):
    """A message is not authentic; `reason` is "malformed", "wrong lock" or "bad signature"."""


class BlobError(Refused):
    """A blob was not fetched; `reason` is "bad hash", "too large", "flash full" or "no such blob"."""


class Interrupted(BlobError):
    """A blob was not fetched since the connection was lost: the next try resumes where this one ended."""
