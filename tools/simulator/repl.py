"""The chip's console on UART0 as a terminal sees it: what the program prints, the prompt, the raw REPL.

The way in is played here, byte by byte as MicroPython's shared/runtime/pyexec.c does it; the way out is the
chip's own standard output. The friendly prompt is only for programs: it echoes, and runs no line.
"""

from collections.abc import Callable

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D, _CTRL_E = 1, 2, 3, 4, 5
_END = b"\x04"
_AT_PROMPT = b"\x05"  # what fakes/chip.py prints when it has come to its prompt
_WINDOW = 128  # half of MICROPY_REPL_STDIN_BUFFER_MAX
_RING = 260  # bytes that wait in ports/esp32/mphalport.c; what comes on top is lost
_RAW = b"raw REPL; CTRL-B to exit\r\n"
_BANNER = b'MicroPython v1.25.0; the simulated ESP32\r\nType "help()" for more information.\r\n>>> '


class Repl:
    """`execute(code)` has the chip run code at its prompt, `interrupt()` presses Ctrl-C upon its program and
    says whether the chip takes it, `restart()` is a soft reset."""

    def __init__(
        self,
        execute: Callable[[bytes], None],
        interrupt: Callable[[], bool],
        restart: Callable[[], None],
    ) -> None:
        self._execute, self._interrupt, self._restart = execute, interrupt, restart
        self._terminals: list[Callable[[bytes], None]] = []
        self.raw = False
        self.reset()

    def reset(self) -> None:
        """The chip starts anew: with main.py, and a friendly prompt after it."""
        self.raw = False
        self.restarted()

    def restarted(self) -> None:
        """The chip starts anew after a soft reset: a raw REPL stays one, and there is no main.py then."""
        self._ready = False
        self._ends = 0  # of what the running code has printed
        self._paste = 0  # bytes left in the window, in raw paste mode
        self._line = bytearray()
        self._waiting = bytearray()

    def attach(self, terminal: Callable[[bytes], None]) -> None:
        """Call terminal(data) with all that the console says."""
        self._terminals.append(terminal)

    def detach(self, terminal: Callable[[bytes], None]) -> None:
        """Call it no more."""
        self._terminals.remove(terminal)

    def output(self, data: bytes) -> None:
        """What the chip prints."""
        before, marker, after = data.partition(_AT_PROMPT)
        self._say(before)
        if self._ready or not marker:
            self._ends += data.count(_END)
            if self._ends >= 2:  # after the output, and after the traceback
                self._come_to_prompt(b"")
            return
        self._come_to_prompt(_RAW + b">" if self.raw else _BANNER)
        self._say(after)

    def type(self, data: bytes) -> None:
        """What the terminal sends."""
        for byte in data:
            if self._ready:
                self._take(byte)
            elif not (byte == _CTRL_C and self._interrupt()) and len(self._waiting) < _RING:
                self._waiting.append(byte)

    def _come_to_prompt(self, greeting: bytes) -> None:
        self._ready, self._ends = True, 0
        self._say(greeting)
        waiting, self._waiting = bytes(self._waiting), bytearray()
        self.type(waiting)

    def _run(self, code: bytes) -> None:
        self._ready, self._ends = False, 0
        self._execute(code or b"\n")

    def _take(self, byte: int) -> None:
        if self._paste:
            self._take_pasted(byte)
        elif self.raw:
            self._take_raw(byte)
        else:
            self._take_friendly(byte)

    def _take_raw(self, byte: int) -> None:
        line = bytes(self._line)
        if byte in (_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D):
            self._line.clear()
        match byte:
            case 1 if line == bytes((_CTRL_E,)) + b"A":
                self._paste = _WINDOW
                self._say(b"R\x01" + _WINDOW.to_bytes(2, "little") + b"\x01")
            case 1:
                self._say(_RAW + b">")
            case 2:
                self.raw = False
                self._say(b"\r\n" + _BANNER)
            case 3:
                pass
            case 4 if line:
                self._say(b"OK")
                self._run(line)
            case 4:
                self._say(b"OK\r\n")
                self._soft_reset()
            case _:
                self._line.append(byte)

    def _take_pasted(self, byte: int) -> None:
        if byte in (_CTRL_C, _CTRL_D):
            line, self._paste = bytes(self._line), 0
            self._line.clear()
            self._say(_END)
            self._run(line if byte == _CTRL_D else b"raise KeyboardInterrupt")
            return
        self._line.append(byte)
        self._paste -= 1
        if not self._paste:
            self._paste = _WINDOW
            self._say(b"\x01")

    def _take_friendly(self, byte: int) -> None:
        match byte:
            case 1:
                self.raw = True
                self._say(b"\r\n" + _RAW + b">")
            case 2:
                self._say(b"\r\n" + _BANNER)
            case 4:
                self._say(b"\r\n")
                self._soft_reset()
            case 3 | 13:
                self._say(b"\r\n>>> ")
            case _:
                self._say(bytes((byte,)))

    def _soft_reset(self) -> None:
        self._ready = False
        self._say(b"MPY: soft reboot\r\n")
        self._restart()

    def _say(self, data: bytes) -> None:
        if data:
            for terminal in self._terminals:
                terminal(data)
