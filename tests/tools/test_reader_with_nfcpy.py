"""The model of the PN532 is held against a host that we did not write: nfcpy, over a pseudo-terminal."""

from collections.abc import Callable

import nfc.tag.tt4
import pytest

from menshen.simulator.cards.card import Card
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ntag424 import Ntag424
from menshen.simulator.pn532_line import AS_RESET
from tests.tools.helpers.card_host import ZERO_KEY, CardHost
from tests.tools.helpers.nfcpy_host import NfcpyHost, awake_port, nfcpy_host, reset

FAST = 921_600


class Echo(Card):
    """A card that says what it is told, and as much more as the APDU's last byte asks for."""

    def exchange(self, apdu: bytes) -> bytes:
        return apdu + bytes(apdu[-1]) + b"\x90\x00"


class SlowEcho(Echo):
    """It thinks longer than its frame waiting time of 38.7 ms."""

    def thinks_s(self, apdu: bytes) -> float:
        return 0.3


async def test_nfcpy_finds_the_chip_wakes_it_with_zeros_and_makes_it_fast() -> None:
    async with nfcpy_host() as host:
        assert host.clf.device.chipset_name == "PN532v1.6"
        assert (host.port.chip.speed, host.wire.baudrate) == (FAST, FAST)
        assert await host.do(lambda: host.clf.device.chipset.diagnose("line"))  # the longest frames there are
        assert await host.do(lambda: host.clf.device.chipset.diagnose("ram"))
    assert host.port.chip.speed == AS_RESET  # nfcpy sets it back when it is done


async def test_nfcpy_finds_nothing_where_the_speeds_differ() -> None:
    """A host that was restarted meets a chip that goes on at the speed it was set to."""
    with awake_port() as port:
        host = NfcpyHost(port)
        await host.start()
        await host.do(host.wire.close)  # it ends without a word
        assert port.chip.speed == FAST
        with pytest.raises(OSError, match=r".") as fault:
            await NfcpyHost(port).start()
        assert fault.value.errno is not None
        reset(port)
        again = NfcpyHost(port)
        await again.start()
        assert port.chip.speed == FAST
        await again.stop()


@pytest.mark.parametrize("uid", ["04a1b2c3", "04a1b2c3d4e5f6", "04a1b2c3d4e5f6071829"])
async def test_nfcpy_senses_cards_with_numbers_of_every_length(uid: str) -> None:
    async with nfcpy_host() as host:
        assert await host.sense() is None
        host.port.chip.present(Card("one", bytes.fromhex(uid)))
        found = await host.sense()
        assert (found.sdd_res.hex(), found.sel_res.hex()) == (uid, "20")
        assert found.sens_res[0] >> 6 == (4, 7, 10).index(len(uid) // 2)
        host.port.chip.present(None)
        assert await host.sense() is None


async def test_nfcpy_finds_the_one_card_of_two_that_it_asks_for() -> None:
    uids = (bytes.fromhex("04a1b2c3d4e5f6"), bytes.fromhex("04112233445566"))
    async with nfcpy_host() as host:
        host.port.chip.hold([Card(uid.hex(), uid) for uid in uids])
        for uid in uids:
            assert (await host.sense(uid)).sdd_res == uid
        assert await host.sense(b"\x04" + bytes(6)) is None


@pytest.mark.parametrize("made", [Ntag424, Desfire])
async def test_nfcpy_carries_what_proves_a_secure_card(made: Callable) -> None:
    """Through its own block protocol and raw frames, where our firmware leaves both to the chip."""
    uid = bytes.fromhex("04a1b2c3d4e5f6")
    async with nfcpy_host() as host:
        host.port.chip.present(made("secure", uid))
        tag = await host.activate()

        def prove() -> bytes:
            reader = CardHost(lambda apdu: bytes(tag.transceive(apdu)))
            if made is Ntag424:
                reader.select()
            else:
                reader.native(0xCA, b"\x01\x02\x03\x0b\x82")
                reader.native(0x5A, b"\x01\x02\x03")
            reader.authenticate(0, ZERO_KEY)
            reader.change_key(1, bytes(range(16)), ZERO_KEY)
            reader.authenticate(1, bytes(range(16)))
            return reader.uid()

        assert await host.do(prove) == uid


@pytest.mark.parametrize("kind", [Echo, SlowEcho])
async def test_nfcpy_exchanges_apdus_in_one_block_and_in_chains(kind: type[Card]) -> None:
    async with nfcpy_host() as host:
        host.port.chip.present(kind("echo", bytes.fromhex("04a1b2c3d4e5f6")))
        tag = await host.activate()
        assert isinstance(tag, nfc.tag.tt4.Type4ATag)
        for size, more in ((1, 0), (120, 10), (255, 200), (20, 255)):
            data = bytes((more,)) * size
            said = await host.do(lambda data=data: tag.send_apdu(0x90, 0x5A, 0, 0, data))
            assert bytes(said) == bytes((0x90, 0x5A, 0, 0, size)) + data + bytes(more)
        assert await host.do(lambda: tag.is_present)
        host.port.chip.present(None)
        assert not await host.do(lambda: tag.is_present)
