"""What the tests of the reader's model with cards have in common."""

from collections.abc import Awaitable, Callable

from menshen.simulator import frames
from menshen.simulator.cards.card import Card

ACK = "0000ff00ff00"  # UM0701-02, 6.2.1.3
HOUR_S = 3600
ONE, TWO = "d44a0100", "d44a0200"  # InListPassiveTarget: 7.3.5
FIRST = bytes.fromhex("04a1b2c3d4e5f6")
SECOND = bytes.fromhex("04112233445566")
ATS = "067777710280"
Says = Callable[..., Awaitable[str]]


class Echo(Card):
    """It says what it is told, as often as its last byte has it, and thinks for as long as it was made to."""

    late_s = 0.0

    def exchange(self, apdu: bytes) -> bytes:
        return apdu * apdu[-1] if apdu else b""

    def thinks_s(self, apdu: bytes) -> float:
        return self.late_s


def found(*uids: bytes) -> str:
    sizes = {4: "04", 7: "44", 10: "84"}  # SENS_RES says how long a number is: ISO/IEC 14443-3, 6.5.2
    each = (
        f"{number:02x}03{sizes[len(uid)]}20{len(uid):02x}{uid.hex()}{ATS}"
        for number, uid in enumerate(uids, 1)
    )
    return f"d54b{len(uids):02x}" + "".join(each)


def speaking(reader: object) -> Says:
    """`await says(data)`: what the chip answers to a command, without frames; it must acknowledge it."""

    async def ask(data: str, wait_s: float = HOUR_S) -> str:
        said = await reader.send(frames.build(bytes.fromhex(data)), wait_s)
        assert said.startswith(ACK)
        raw = bytes.fromhex(said.removeprefix(ACK))
        if not raw or raw == frames.ERROR:
            return "error" if raw else ""
        data = raw[8:-2] if raw[3:5] == b"\xff\xff" else raw[5:-2]
        assert raw == frames.build(data)
        return data.hex()

    return ask


async def awake(reader: object) -> Says:
    """The same of a chip that was woken and is in use, and tries twice for a card."""
    says = speaking(reader)
    await reader.send("55" + 15 * "00")
    assert await says("d41401") == "d515"  # SAMConfiguration: 7.2.10
    await says("d43205000102")  # RFConfiguration, item 5: 7.3.1
    return says
