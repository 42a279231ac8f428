"""Model of somebody's phone at the reader: it finds an NFC Forum Type 4 tag by itself and reads it.

While a page scans (Web NFC, as on Android), it gets what was read, and may write in the same tap.
"""

import asyncio
import contextlib
import math
import random
from collections.abc import Callable, Generator

from .cards.card import Card

Reading = Generator[bytes, bytes, bytes]
"""Yields commands, is sent the responses, and returns what was read; raises TagFault."""

Visit = Generator[bytes | None, bytes, None]
"""The same of all that a phone does at a tag; it yields None where a page is to say what to write."""

POLL_S = 0.3  # how often a phone looks for tags: NFC Forum Digital leaves it open, phones take 0.1 to 0.5 s
_APPLICATION = bytes.fromhex("d2760000850101")
_CAPABILITIES = b"\xe1\x03"
_SCHEMES = {4: "https://", 6: "mailto:"}  # RTD URI 1.0, table 3


class TagFault(ValueError):
    """What is held to the phone is no Type 4 tag that it could read."""


class Phone(Card):
    """When asked as a card it shows a UID made up for the moment; `on_read(phone)` is called after a tag."""

    def __init__(self, on_read: Callable[["Phone"], None] = lambda phone: None, seed: int = 7816) -> None:
        made_up = b"\x08" + random.Random(seed).randbytes(3)
        super().__init__("phone", made_up, sens_res=b"\x00\x04", ats=bytes.fromhex("0578807002"))
        self._screen: dict[str, str | None] = dict.fromkeys(("read", "link"))
        self._on_read = on_read
        self.scans = False
        self._message: bytes | None = None
        self._moved, self._written = asyncio.Event(), asyncio.Event()

    def scan(self, on: bool) -> None:
        """Have a page read each tag first, or stop that."""
        self.scans, self._message = on, None

    async def write(self, message: bytes) -> None:
        """Write this NDEF message to the tag that is there, or to the next one; returns when that is done."""
        self._message = message
        self._written.clear()
        self._moved.set()
        await self._written.wait()

    async def message(self) -> bytes:
        """What is to be written, once the page knows that."""
        while self._message is None:
            self._moved.clear()
            await self._moved.wait()
        return self._message

    def visit(self) -> Visit:
        """All that it does at one tag."""
        found, message = yield from read_tag()
        with contextlib.suppress(ValueError):
            self.show(message)
        if self.scans:
            yield from write_tag(found, (yield None))
            self._message = None
            self._written.set()

    def screen(self) -> dict[str, str | None]:
        """What it shows: the first text of the last tag, and the address that it offers to open."""
        return dict(self._screen)

    def forget(self) -> None:
        """Show nothing any more."""
        self._screen = dict.fromkeys(self._screen)
        self._on_read(self)

    def show(self, message: bytes) -> None:
        """Show an NDEF message; raises ValueError."""
        found: dict[str, str | None] = {"read": None, "link": None}
        for kind, payload in records(message):
            if kind == b"T" and found["read"] is None:
                found["read"] = payload[1 + (payload[0] & 0x3F) :].decode("utf-8")
            elif kind == b"U" and found["link"] is None:
                found["link"] = _SCHEMES.get(payload[0], "") + payload[1:].decode("utf-8")
        self._screen.update(found)
        self._on_read(self)

    @staticmethod
    def next_poll(since: float, now: float) -> float:
        """When it looks for tags next, being held there `since`."""
        return since + math.ceil((now - since) / POLL_S + 1e-6) * POLL_S


def read_tag() -> Generator[bytes, bytes, tuple[bytes, bytes]]:
    """Detect and read, as the NFC Forum's Type 4 Tag Operation 2.0 has it, 5.4 (NDEF detection and read).

    Returns the capability container and the NDEF message.
    """
    yield from _ask(bytes.fromhex("00a40400") + bytes((len(_APPLICATION),)) + _APPLICATION + b"\0")
    yield from _ask(b"\x00\xa4\x00\x0c\x02" + _CAPABILITIES)
    found = yield from _read(0, 15)
    longest = int.from_bytes(found[3:5], "big")
    if len(found) != 15 or found[2] >> 4 != 2 or longest < 15 or found[7:9] != b"\x04\x06" or found[13]:
        raise TagFault(f"capability container {found.hex()}")
    yield from _ask(b"\x00\xa4\x00\x0c\x02" + found[9:11])
    size = int.from_bytes((yield from _read(0, 2)), "big")
    if not 0 < size <= int.from_bytes(found[11:13], "big") - 2:
        raise TagFault(f"NLEN {size}")
    message = b""
    while len(message) < size:
        part = yield from _read(2 + len(message), min(longest, size - len(message)))
        if not part:
            raise TagFault("an empty answer")
        message += part
    return found, message


def write_tag(found: bytes, message: bytes) -> Generator[bytes, bytes, None]:
    """Write the tag that was read, as 5.4.3 has it: no length, the message in parts, then its length."""
    longest, room = (int.from_bytes(found[place : place + 2], "big") for place in (5, 11))
    if found[14] or len(message) + 2 > room:
        raise TagFault(f"capability container {found.hex()} takes no {len(message)} bytes")
    parts = [(place + 2, message[place : place + longest]) for place in range(0, len(message), longest)]
    for place, part in [(0, bytes(2)), *parts, (0, len(message).to_bytes(2, "big"))]:
        yield from _ask(b"\x00\xd6" + place.to_bytes(2, "big") + bytes((len(part),)) + part)


def records(message: bytes) -> list[tuple[bytes, bytes]]:
    """Type and payload of each well-known record without an identifier, short or long; raises TagFault."""
    found, place, header = [], 0, 0
    while place + 2 < len(message):
        header = message[place]
        if header & 0xAF != (0x01 if found else 0x81):  # begins: the first alone; ends: looked at below
            raise TagFault(f"NDEF header {header:02x}")
        wide = 1 if header & 0x10 else 4  # NDEF 1.0, 3.2.4: a short record has a length of one byte
        first = place + 2 + wide
        kind, size = message[place + 1], int.from_bytes(message[place + 2 : first], "big")
        start = first + kind
        if not size:
            raise TagFault("an empty NDEF record")
        found.append((message[first:start], message[start : start + size]))
        place = start + size
    if place != len(message) or not header & 0x40:
        raise TagFault("the NDEF message does not end where it should")
    return found


def _read(offset: int, size: int) -> Reading:
    return (yield from _ask(b"\x00\xb0" + offset.to_bytes(2, "big") + bytes((size,))))


def _ask(apdu: bytes) -> Reading:
    answer = yield apdu
    if answer[-2:] != b"\x90\x00":
        raise TagFault(f"{apdu[:4].hex()} was answered {answer.hex()}")
    return answer[:-2]
