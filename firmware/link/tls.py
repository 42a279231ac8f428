"""TLS both ways: the lock shows its certificate, and the broker's must be the operator's for this host name.

The files are DER (X.690): /tls/lock.key.der (SEC 1), /tls/lock.crt.der and /tls/ca.crt.der, the one
authority that is trusted. mbedTLS compares the certificates' dates with the chip's clock.
"""

import tls

from link.errors import TlsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = "/tls/"


def context(folder: str = FOLDER) -> "Any":
    """A context for any number of sessions, one after the other. Raises TlsError.

    `tls` is the module of the interpreter's own that stands behind `ssl`, which not every port has.
    """
    made: Any = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    made.verify_mode = tls.CERT_REQUIRED
    try:
        made.load_cert_chain(_read(folder + "lock.crt.der"), _read(folder + "lock.key.der"))
    except ValueError:
        raise TlsError(
            "{0}lock.crt.der, lock.key.der: a certificate and its key in DER would be right".format(folder)
        )
    try:
        made.load_verify_locations(_read(folder + "ca.crt.der"))
    except ValueError:
        raise TlsError("{}ca.crt.der: the authority's certificate in DER would be right".format(folder))
    return made


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        raise TlsError(path + " cannot be read: provision the lock again")
