"""Makes and reads the lock's own key, which never leaves it: what residents choose is looked up under it.

The operator knows the lock's key, and could try every PIN against a digest under that. The own key lies
twice, in NVS and in the flash, each time with a check under the lock's key; if one of them has lost it, it is
restored from the other. To provision the board as another lock erases it (tools/board/provision.py).
"""

from micropython import const

import console
from storage import files
from storage.hmac import Mac, equal
from storage.names import OWN_KEY, OWN_KEY_MAX
from storage.purposes import NEW_OWN_KEY, OWN_KEY_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.nvs import Numbers

PATH = "/access/own"
_KEY = const(32)


def own_key(key: bytes, numbers: "Numbers") -> "bytes | None":
    """The 32 bytes; a new key at the first start. None if neither NVS nor the flash can store it.

    `key` is the lock's.
    """
    mac = Mac(key)
    held, filed = _of(mac, numbers.blob, OWN_KEY, OWN_KEY_MAX), _of(mac, _from_file)
    own = held or filed or mac.random(NEW_OWN_KEY)
    sealed = own + mac.digest(OWN_KEY_FILE, own)
    kept = 0
    try:
        if held is None:
            numbers.put_blob(OWN_KEY, sealed)
        kept += 1
    except OSError:
        _lacks("NVS")
    try:
        if filed != own:
            files.write(PATH, (sealed,))
        kept += 1
    except OSError:
        _lacks("the flash")
    return own if kept else None


def _lacks(where: str) -> None:
    console.error("people", "no space for the lock's own key in " + where)


def _of(mac: Mac, read: "Callable[..., bytes]", *what: "str | int") -> "bytes | None":
    """The key that read(*what) gives, if it is whole and this lock's."""
    try:
        sealed = read(*what)
    except OSError:
        return None
    own = sealed[:_KEY]
    return own if equal(mac.digest(OWN_KEY_FILE, own), sealed[_KEY:]) else None


def _from_file() -> bytes:
    with open(PATH, "rb") as file:
        return file.read(OWN_KEY_MAX)
