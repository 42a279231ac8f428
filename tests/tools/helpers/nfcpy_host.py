"""nfcpy's driver for the PN532 at a simulated one: a host that we did not write.

It runs in a thread of its own and opens a pseudo-terminal. Nothing of it is changed but its patience, since
this computer may be busy, and that it waits until what it wrote has been taken: a pseudo-terminal loses that
when it is closed, and has its new speed at once.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import nfc
import nfc.clf.pn532
import nfc.clf.transport

from menshen.simulator.reader_port import ReaderPort

_PATIENCE = 30  # times as long as nfcpy would wait for an answer
_TIMEOUT_S = 90
Result = TypeVar("Result")


class _PatientPort(nfc.clf.transport.TTY):
    def __init__(self, port: ReaderPort) -> None:
        self._port, self._written = port, port.taken
        super().__init__(port.path)

    def read(self, timeout: float) -> bytearray:
        return super().read(timeout * _PATIENCE)

    def write(self, frame: bytes) -> None:
        self._written += len(frame)
        super().write(frame)
        end = time.monotonic() + _TIMEOUT_S
        while self._port.taken < self._written:
            if time.monotonic() > end:
                raise TimeoutError("the simulated chip does not take what it is sent")
            time.sleep(0.0005)


class NfcpyHost:
    """`port` has the chip; `do(work)` has nfcpy do something, in its own thread."""

    def __init__(self, port: ReaderPort) -> None:
        self.port = port
        self.clf = nfc.clf.ContactlessFrontend()
        self.wire: _PatientPort

    async def start(self) -> None:
        """Open the port, find the chip and set it up, as nfcpy does for a path."""

        def find() -> None:
            self.wire = _PatientPort(self.port)
            try:
                self.clf.device = nfc.clf.pn532.init(self.wire)
            except OSError:
                self.wire.close()  # now, lest the collector does while another host uses the port
                raise

        await self.do(find)

    async def stop(self) -> None:
        """Set the speed back, send the chip to sleep, close the port."""
        await self.do(self.clf.close)

    async def do(self, work: Callable[[], Result]) -> Result:
        return await asyncio.to_thread(work)

    async def sense(self, sel_req: bytes | None = None) -> object:
        """What nfcpy finds: a type A card, or that of this UID."""
        target = nfc.clf.RemoteTarget("106A", **({"sel_req": bytearray(sel_req)} if sel_req else {}))
        return await self.do(lambda: self.clf.sense(target))

    async def activate(self) -> object:
        """A Type 4 tag that takes APDUs, of the card that lies there."""
        found = await self.sense()
        assert found is not None
        return await self.do(lambda: nfc.tag.activate(self.clf, found))


def awake_port() -> ReaderPort:
    """A port whose chip has had power for a while: its oscillator runs."""
    port = ReaderPort()
    port.chip.power(True)
    reset(port)
    return port


def reset(port: ReaderPort) -> None:
    """By the chip's line, a while ago."""
    port.chip.reset_line(0)
    port.chip.reset_line(1, asyncio.get_running_loop().time() - 1)


@contextlib.asynccontextmanager
async def nfcpy_host() -> AsyncIterator[NfcpyHost]:
    """A host at a chip that has just been given power; it has found it."""
    with awake_port() as port:
        host = NfcpyHost(port)
        await host.start()
        try:
            yield host
        finally:
            await host.stop()
