"""Makes the context for mutual TLS with the operator's broker.

The files are DER (X.690): the lock's key /tls/lock.key.der (SEC 1), its certificate /tls/lock.crt.der, and
/tls/ca.crt.der, the only authority that is trusted. mbedTLS checks the broker's certificate against that
authority, the host name, and the chip's clock.
"""

import tls

from link.errors import TlsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = "/tls/"


def context(folder: str = FOLDER) -> "Any":
    """A context for any number of sessions, one after the other. Raises TlsError.

    It uses MicroPython's built-in module `tls`, since not every port has `ssl`, which wraps it.
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
