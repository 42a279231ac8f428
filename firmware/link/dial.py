"""Opens a connection to the broker: socket, TLS, MQTT CONNECT. Loaded only while that takes."""

import asyncio
import select
import socket
from errno import EINPROGRESS

from micropython import const

from link.errors import MQTTError
from link.packets import CONNACK, PacketReader, frame, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_POLL_MS = const(20)
_CONNECT = const(0x10)
# Bytes that ESP-IDF needs free for a handshake: 36 KB were too little and 40 KB enough, see
# firmware/README.md, "Memory on the chip".
_HANDSHAKE = const(38_000)


async def dial(client: "Any", address: str, tls: "Any") -> "tuple[Any, PacketReader]":
    """Connect `client`, an MQTTClient, to an IPv4 address, by TLS if `tls` is a context: (stream, packets).

    client.sock is set as soon as the socket is open, so that the caller can close it. The first write makes
    the handshake. Raises MQTTError, OSError, and ValueError for a bad certificate. mbedTLS raises ValueError
    also if it has too little memory; client.shortage then says so, until the handshake is made.
    """
    client.sock = client.raw_sock = sock = socket.socket()
    await _connect(sock, address, client.port)
    if tls is not None:
        free = client.idf_free() if client.idf_free else None
        if free is not None and free < _HANDSHAKE:
            client.shortage = "no memory for TLS: {} bytes free, {} needed".format(free, _HANDSHAKE)
        client.sock = tls.wrap_socket(sock, server_hostname=client.server, do_handshake_on_connect=False)
    stream: Any = asyncio.StreamReader(client.sock)  # a writer, too
    stream.write(_connect_packet(client))
    await stream.drain()
    client.shortage = ""
    packets = PacketReader(stream)
    kind = await packets.kind()
    _, answer, _ = await packets.head(kind)
    if kind != CONNACK or answer[1]:
        raise MQTTError("refused by the broker")
    return stream, packets


async def _connect(sock: "socket.socket", address: str, port: int) -> None:
    """A function of its own, since its code needs a piece of memory as long as itself."""
    sock.setblocking(False)
    try:
        sock.connect(socket.getaddrinfo(address, port)[0][-1])  # numeric: does not wait
    except OSError as error:
        if error.errno != EINPROGRESS:
            raise
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    while not poller.poll(0):
        await asyncio.sleep_ms(_POLL_MS)


def _connect_packet(client: "Any") -> bytes:
    """CONNECT with a clean session (MQTT 3.1.1, section 3.1)."""
    flags = 0x02
    payload = text(client.client_id)
    if client.lw_topic:
        flags |= 0x04 | client.lw_qos << 3 | client.lw_retain << 5
        payload += text(client.lw_topic) + text(client.lw_msg)
    if client.user:
        flags |= 0xC0
        payload += text(client.user) + text(client.pswd or b"")
    head = text(b"MQTT") + bytes((4, flags)) + client.keepalive.to_bytes(2, "big")
    return frame(_CONNECT, head + payload)
