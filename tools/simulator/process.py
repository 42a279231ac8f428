"""One run of the simulated chip: a child process, its bus, its serial lines and its console.

Nothing here knows what a line means. The child dies with this process, however that ends: see
`die_with_parent` in fakes/bus.py.
"""

import array
import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import termios
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

_PATIENCE_S = 1.0  # until a program that is told of Ctrl-C must have heard it


class ChipFailed(Exception):
    """The chip could not even begin to start; the text is what it printed."""


class Uart:
    """A serial line as the device at its other end sees it. It stays the same over resets of the chip."""

    def __init__(self) -> None:
        self.lost = 0  # bytes that the chip's receive buffer had no room for
        self._rxbuf = 0
        self._ours: socket.socket | None = None
        self._chips: socket.socket | None = None
        self._listeners: list[Callable[[bytes, float], None]] = []
        self._on_speed: list[Callable[[int, float], None]] = []
        self._stamps: deque[tuple[int, float]] = deque()  # bytes, or a speed below zero, and when
        self._look_at_bus: Callable[[], None] = lambda: None

    def on_data(self, listener: Callable[[bytes, float], None]) -> None:
        """Call listener(data, at) with what the chip sends, and when it did on the loop's clock.

        That may be a while ago: the chip's own process does not wait for this one.
        """
        self._listeners.append(listener)

    def on_speed(self, listener: Callable[[int, float], None]) -> None:
        """Call listener(baud, at) whenever the chip sets its UART up."""
        self._on_speed.append(listener)

    def sent(self, count: int, us: int) -> None:
        """So many bytes more come, which the chip has sent at this time."""
        self._stamps.append((count, us / 1_000_000))

    def write(self, data: bytes) -> None:
        """Send to the chip. What its receive buffer cannot take is lost, as is all before its UART is set."""
        if self._ours is None or self._chips is None:
            self.lost += len(data)
            return
        count = array.array("i", [0])
        fcntl.ioctl(self._chips, termios.FIONREAD, count)
        taken = data[: max(0, self._rxbuf - count[0])]
        self.lost += len(data) - len(taken)
        if taken:
            self._ours.send(taken)

    def configure(self, rxbuf: int, baud: int, us: int) -> None:
        """The chip has set its UART up with this many bytes of receive buffer; 0 turns it off.

        Those who listen learn of the speed after what was sent before it.
        """
        self._rxbuf = rxbuf
        self._stamps.append((-baud, us / 1_000_000))
        self._tell_speeds()

    def open(self, look_at_bus: Callable[[], None]) -> int:
        """Make the line anew for a chip that starts, and return the file descriptor of its end.

        Its bus is looked at before its data, so that a reset line moves before what was sent after it.
        """
        self._look_at_bus = look_at_bus
        self._stamps.clear()
        self._ours, self._chips = socket.socketpair()
        for end in self._ours, self._chips:
            end.setblocking(False)
        asyncio.get_running_loop().add_reader(self._ours, self._receive)
        return self._chips.fileno()

    def close(self) -> None:
        if self._ours is None or self._chips is None:
            return
        self._receive()
        asyncio.get_running_loop().remove_reader(self._ours)
        self._ours.close()
        self._chips.close()
        self._ours, self._chips, self._rxbuf = None, None, 0

    def _receive(self) -> None:
        assert self._ours is not None
        try:
            data = self._ours.recv(65536)
        except BlockingIOError:
            return
        self._look_at_bus()
        while data:
            count, at = self._stamps.popleft()  # told before its data, always
            part, data = data[:count], data[count:]
            if len(part) < count:  # the rest has not come yet
                self._stamps.appendleft((count - len(part), at))
            for listener in self._listeners:
                listener(part, at)
            self._tell_speeds()

    def _tell_speeds(self) -> None:
        while self._stamps and self._stamps[0][0] < 0:
            speed, at = self._stamps.popleft()
            for listener in self._on_speed:
                listener(-speed, at)


class ChipProcess:
    """`on_line` gets each line of the bus, `on_console` each of the console, without their ends.

    `on_output` gets all that goes to the console, as it comes.
    """

    def __init__(
        self,
        on_line: Callable[[str], None],
        on_console: Callable[[str], None],
        on_output: Callable[[bytes], None],
    ) -> None:
        self._on_line, self._on_console, self._on_output = on_line, on_console, on_output
        self._process: asyncio.subprocess.Process | None = None
        self._rest = b""
        self._pressed: asyncio.TimerHandle | None = None  # Ctrl-C, and nothing has come of it yet

    async def start(
        self,
        micropython: Path,
        heapsize: str,
        environment: Mapping[str, str],
        uarts: Mapping[int, Uart],
        greeting: str,
    ) -> None:
        """Start the chip; it finds `greeting`, lines for the bus, when it looks for the first time."""
        loop = asyncio.get_running_loop()
        self._bus, chips_bus = socket.socketpair()
        self._bus_closed = loop.create_future()
        self._bus.setblocking(False)
        self.send(greeting)
        loop.add_reader(self._bus, self._receive)
        self._uarts = list(uarts.values())
        wires = {f"MENSHEN_UART{n}": uart.open(self._receive) for n, uart in uarts.items()}
        wires["MENSHEN_BUS"] = chips_bus.fileno()
        options = ["-X", f"heapsize={heapsize}"]
        try:
            self._process = await asyncio.create_subprocess_exec(
                str(micropython),
                *options,
                "-c",
                "import rom, chip",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env={**environment, **{name: str(fd) for name, fd in wires.items()}},
                pass_fds=list(wires.values()),
                start_new_session=True,  # Ctrl-C at the terminal is for us; we end the chip
            )
        except BaseException:
            self._close()
            raise
        finally:
            chips_bus.close()

    def send(self, lines: str) -> None:
        """Send lines, each with its line feed. A chip that is ending does not hear them."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._bus.send(lines.encode())

    def interrupt(self) -> bool:
        """Press Ctrl-C; whether the program takes it, as micropython.kbd_intr has it.

        This goes over the bus, since at a signal the Unix port raises wherever it is, even in the middle of a
        garbage collection. Only a program that does not read the bus gets the signal.
        """
        if not self._takes_interrupts():
            return False
        self.send("int\n")
        if self._pressed is None:
            self._pressed = asyncio.get_running_loop().call_later(_PATIENCE_S, self._interrupt_hard)
        return True

    def _takes_interrupts(self) -> bool:
        if self._process is None or self._process.returncode is not None:
            return False
        status = Path(f"/proc/{self._process.pid}/status").read_text("utf-8")
        caught = int(status.split("SigCgt:")[1].split()[0], 16)
        return bool(caught >> (signal.SIGINT - 1) & 1)

    def _interrupt_hard(self) -> None:
        self._pressed = None
        if self._takes_interrupts():
            assert self._process is not None
            os.kill(self._process.pid, signal.SIGINT)

    def _let_go(self) -> None:
        if self._pressed is not None:
            self._pressed.cancel()
            self._pressed = None

    def kill(self) -> None:
        """End it at this instant: a power cut, or the watchdog."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end and for all that it had still said; its exit status."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            rest = b""
            while data := await self._process.stdout.read(4096):
                if b"\x05" in data:
                    self._let_go()  # the chip is at its prompt
                self._on_output(data)
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._tell(line)
            if rest:
                self._tell(rest)
            await self._bus_closed
            return await self._process.wait()
        finally:
            self.kill()
            self._close()

    def _tell(self, line: bytes) -> None:
        text = line.translate(None, delete=b"\x04\x05")  # marks of the prompt
        if text or not line:
            self._on_console(text.rstrip(b"\r").decode(errors="replace"))

    def _close(self) -> None:
        self._let_go()
        for uart in self._uarts:
            uart.close()
        if self._bus.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._bus)
            self._bus.close()

    def _receive(self) -> None:
        """Take what has come over the bus, all of it."""
        try:
            data = self._bus.recv(1 << 20)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._bus)
            if not self._bus_closed.done():
                self._bus_closed.set_result(None)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_line(line.decode())
