"""The settings of a broker of the tenant's own: loaded only where /config.json has any."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = 'an address like "192.0.2.1" or a name that a DNS server knows, none in .local, without a port'


def home(read: "Any", has_link: bool) -> "tuple[str, int, str | None, str | None]":
    """Host, port, user and password; `read` is the reader of settings.py, which is told the faults."""
    if read.take("home", 'an object with at least "host"', lambda v: isinstance(v, dict)) is None:
        return "", 0, None, None
    host = read.take("home.host", _NAME, _is_host) or ""
    port = read.number("home.port", 1, 65535, 1883)
    user, password = read.text("home.user", 64, None), read.text("home.password", 64, None)
    if password and not user:
        read.faults.append("home.user is missing: a text of 1 to 64 characters that goes with home.password")
    if not has_link:
        read.faults.append("home needs wifi.ssid and broker.host: the lock has network and time from there")
    return host, port, user or None, password or None


def _is_host(value: "Any") -> bool:
    """Whether this is an address or a name; one of multicast DNS is none, for the lock does not speak it."""
    if not isinstance(value, str) or not 0 < len(value) <= 100 or value.lower().endswith(".local"):
        return False
    return all(c.isalpha() or c.isdigit() or c in "-." for c in value)
