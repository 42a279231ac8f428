"""The exceptions of the link. They stay loaded, since the code that raises them is loaded for its time only.

MQTTError       the connection cannot be used any more
TlsError        TLS is not possible; the message names the file
Refused         what a message asks for is refused: it is not authentic, say, or a blob was not fetched
Interrupted     a blob was not fetched since the connection was lost: the next try resumes

An unknown address of a host is an OSError, as with MicroPython's own getaddrinfo().
"""


class MQTTError(Exception):
    """The connection cannot be used any more, and must be closed."""


class TlsError(Exception):
    """TLS is not possible; the message names the file and says what would be right."""


class Refused(Exception):
    """What a message asks for is refused; `reason` is one of those in reports/acks.py."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Interrupted(Refused):
    """A blob was not fetched since the connection was lost: the next try resumes where this one ended."""
