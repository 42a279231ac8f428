"""Reads MQTT 3.1.1 packets out of a stream of bytes and says what each one is."""

_NAMES = (
    "",
    "CONNECT",
    "CONNACK",
    "PUBLISH",
    "PUBACK",
    "PUBREC",
    "PUBREL",
    "PUBCOMP",
    "SUBSCRIBE",
    "SUBACK",
    "UNSUBSCRIBE",
    "UNSUBACK",
    "PINGREQ",
    "PINGRESP",
    "DISCONNECT",
    "",
)


class Sniffer:
    """One direction of one connection."""

    def __init__(self, direction: str) -> None:
        self.direction = direction
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[dict]:
        """Take bytes; give an event for each packet that is now whole. `size` is all its bytes."""
        self._buffer += data
        events = []
        while (found := self._packet()) is not None:
            first, body, size = found
            name = _NAMES[first >> 4]
            try:
                event = _describe(name, first, body)
            except IndexError:
                event = {"payload": "malformed"}
            events.append(
                {
                    "type": "mqtt",
                    "direction": self.direction,
                    "packet": name,
                    "topic": "",
                    "payload": "",
                    "retain": False,
                    "size": size,
                    **event,
                }
            )
        return events

    def _packet(self) -> tuple[int, bytes, int] | None:
        """Cut one packet off the buffer; the remaining length has 1 to 4 bytes (MQTT 3.1.1, 2.2.3)."""
        length = 0
        for place in range(1, min(5, len(self._buffer))):
            byte = self._buffer[place]
            length |= (byte & 0x7F) << 7 * (place - 1)
            if not byte & 0x80:
                end = place + 1 + length
                if len(self._buffer) < end:
                    return None
                first, body = self._buffer[0], bytes(self._buffer[place + 1 : end])
                del self._buffer[:end]
                return first, body, end
        if len(self._buffer) > 4:  # no MQTT: a length of more than 4 bytes
            self._buffer.clear()
        return None


def _describe(name: str, first: int, body: bytes) -> dict:
    if name == "PUBLISH":
        topic, rest = _string(body)
        qos = first >> 1 & 3
        payload = rest[2:] if qos else rest
        return {"topic": _text(topic), "payload": _text(payload), "retain": bool(first & 1), "qos": qos}
    if name == "CONNECT":
        return _describe_connect(body)
    if name in ("SUBSCRIBE", "UNSUBSCRIBE"):
        topics, rest = [], body[2:]
        while rest:
            topic, rest = _string(rest)
            topics.append(_text(topic))
            rest = rest[1:] if name == "SUBSCRIBE" else rest
        return {"topic": " ".join(topics)}
    if name == "CONNACK":
        return {"payload": "accepted" if body[1] == 0 else f"refused ({body[1]})"}
    return {}


def _describe_connect(body: bytes) -> dict:
    """Client, keep-alive and last will; user name and password stay unsaid (MQTT 3.1.1, 3.1)."""
    _, rest = _string(body)
    flags, keep_alive = rest[1], rest[2] * 256 + rest[3]
    client, rest = _string(rest[4:])
    event: dict = {"client": _text(client), "keep_alive_s": keep_alive, "payload": f"client {_text(client)}"}
    if flags & 4:
        topic, rest = _string(rest)
        payload, rest = _string(rest)
        will = {"topic": _text(topic), "payload": _text(payload), "retain": bool(flags & 32)}
        event["will"] = will
        event["payload"] += f", last will {will['topic']} {will['payload']}"
    return event


def _string(data: bytes) -> tuple[bytes, bytes]:
    end = 2 + data[0] * 256 + data[1]
    return data[2:end], data[end:]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
