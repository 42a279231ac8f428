"""Tests Wi-Fi, DNS and the broker, each with a bound; the first one that fails says what to look at."""

from micropython import const

from link.backoff import Backoff
from link.errors import MQTTError
from link.mqtt import MQTTClient
from link.resolver import Resolver
from link.wifi import Wifi
from loader import Loan
from storage.hmac import hmac_sha256
from storage.purposes import MQTT_CLIENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from board import Board
    from network import WLAN
    from settings import Settings

_WEAK_DBM = const(-80)
_NO_AP = const(201)  # network.STAT_...
_WRONG_PASSWORD = const(202)


async def check(board: "Board", settings: "Settings", say: "Callable[[str], None]") -> list:
    """[(part, ok, hint)] of "Wi-Fi" and "broker"; empty if no network is set."""
    if not settings.ssid:
        say("no network is set")
        return []
    wlan = board.wlan()
    wifi = Wifi(wlan, settings.ssid, settings.password, Backoff(1000, 1000))
    say("joining " + settings.ssid)
    if not await wifi.up():
        return [("Wi-Fi", False, _why(wlan, settings.ssid))]
    results = [("Wi-Fi", True, "")]
    strength = wlan.status("rssi")
    say("joined, %d dBm" % strength)
    if strength < _WEAK_DBM:
        results.append(("Wi-Fi's strength", False, "weak|%d" % strength))
    if settings.broker_host:
        results.append(await _broker(board, settings, Resolver(settings.dns, board.numbers, wifi.dns), say))
    return results


async def _broker(
    board: "Board", settings: "Settings", resolver: Resolver, say: "Callable[[str], None]"
) -> tuple:
    host, port = settings.broker_host, settings.broker_port
    say("looking for " + host)
    try:
        address = await resolver.resolve(host)
    except OSError as error:
        return "broker", False, "no name|%s|%s" % (host, error)
    say("calling %s:%d" % (address, port))
    client = None
    try:
        identifier = settings.lock + "." + hmac_sha256(settings.key, MQTT_CLIENT).hex()[:16]  # as the lock's
        client = MQTTClient(identifier, (host, port, None, None), _tls(settings), board.idf_free)
        await client.connect(address)
        await client.disconnect()
    except MQTTError as error:
        if client is not None and client.shortage:
            return "broker", False, "no memory|%s" % error
        return "broker", False, "not let in|%s|%d|%s" % (address, port, error)
    except Exception as error:  # a fault in /tls: the message names the file
        return "broker", False, str(error)
    finally:
        if client is not None:
            client.close()
    return "broker", True, ""


def _tls(settings: "Settings"):
    if not settings.broker_tls:
        return None
    with Loan():
        from link.tls import context

        return context()


def _why(wlan: "WLAN", ssid: str) -> str:
    status = wlan.status()
    if status == _NO_AP:
        return "no network|" + ssid
    if status == _WRONG_PASSWORD:
        return "password"
    return "not joined|%s|%d" % (ssid, status)
