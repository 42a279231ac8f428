"""How the link says no. A small module that stays, since what raises these is loaded for its time only.

MQTTError       the connection is of no more use
DnsError        no address is known
TlsError        there can be no TLS: the message names the file
EnvelopeError   a message is not to be believed
BlobError       a blob was not fetched
Interrupted     nor was this one: the connection was lost, and the next try goes on where this one ended
"""


class MQTTError(Exception):
    """The connection is of no more use, and must be closed."""


class DnsError(Exception):
    """No address is known, and none was to be had."""


class TlsError(Exception):
    """There can be no TLS: the message names the file and what would be right."""


class _Reasoned(Exception):
    """`reason` is one of reports/results.py."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EnvelopeError(_Reasoned):
    """Not to be believed; `reason` is "malformed", "wrong lock" or "bad signature"."""


class BlobError(_Reasoned):
    """Not fetched; `reason` is "bad hash", "too large", "flash full" or "no such blob"."""


class Interrupted(BlobError):
    """Not fetched, since the connection was lost: the next try goes on where this one ended."""
