"""A board's console over USB, by mpremote's transport: code run in the raw REPL, files written and read back.

Nothing that goes over this line is ever printed, kept or put into an error: it contains keys.
"""

import contextlib
import errno
import hashlib
import io
import json
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, Self

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from menshen import checkout
from menshen.errors import MenshenError

try:
    from termios import error as terminal_error
except ImportError:  # not on Windows
    terminal_error = OSError

_WATCHDOG_MS = 600_000
_RESULT = "= "
_TRIES = 4  # a board that has just got its power does not hear the first Ctrl-C
_ANSWER_S = 3  # for an echo; what code takes to run is for `run` to say
_PROMPT_S = 3
_FLASH = checkout.task("flash", "board flash")
_NO_ROOM = f"the board's flash is full: {_FLASH} empties it"
_NO_ROOM_SIGNS = ("OSError: 28", "OSError: [Errno 28] ENOSPC")
_LOST = (TransportError, OSError, terminal_error, struct.error)

# The lock's watchdog cannot be stopped, but stretched; it goes on over a soft reset, and brings the lock
# back by itself if the cable is pulled. The clock is set because certificates have dates.
_BEGIN = """
import json, os, machine
_watchdog = machine.WDT(timeout={watchdog})
machine.RTC().datetime({date})
"""
_RESET = "import machine\nmachine.reset()"


class BoardError(MenshenError):
    """The board cannot be worked with; the message says what happened, and what to do."""


class Console:
    """A board at its prompt. Use `with Console.open(port)`: when the block ends, the board restarts."""

    def __init__(self, transport: SerialTransport) -> None:
        self._transport = transport

    @classmethod
    @contextlib.contextmanager
    def open(cls, port: str) -> Iterator[Self]:
        """Stop the board's program. Raises BoardError where nothing answers, or the console is shut."""
        try:
            transport = SerialTransport(port, timeout=_ANSWER_S)
        except _LOST as error:
            raise BoardError(
                f"{port} cannot be opened: is the board plugged in, and no other program on it?"
            ) from error
        console = cls(transport)
        try:
            console._enter(port)
            yield console
        finally:
            with contextlib.suppress(*_LOST):
                console._start_anew()
            with contextlib.suppress(*_LOST):
                transport.close()

    def run(self, code: str, say: Callable[[str], None] = lambda line: None, timeout: float = 20) -> Any:
        """Run code; each line that it prints goes to `say`; what it prints after "= " is the result, in JSON.

        `timeout` is for the silence between two lines, in seconds. Raises BoardError.
        """
        results: list[str] = []

        def on_line(line: str) -> None:
            if line.startswith(_RESULT):
                results.append(line[len(_RESULT) :])
            else:
                say(line)

        with self._told("in the middle"):
            self._transport.exec_raw_no_follow(f"globals().get('_watchdog') and _watchdog.feed()\n{code}")
            _, error = self._transport.follow(timeout, _Lines(on_line).feed)
        if error:
            raise BoardError(_in_words(error))
        try:
            return json.loads(results[-1]) if results else None
        except ValueError as error:
            raise BoardError("the board's answer is not understood: is it Menshen's application?") from error

    def ask(self, expression: str) -> Any:
        """The value of an expression, by way of JSON."""
        return self.run(f"print('= ' + json.dumps({expression}))")

    def alive(self) -> bool:
        """Whether the board still answers."""
        try:
            return self.ask("6 * 7") == 42
        except BoardError:
            return False

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder of this name."""
        return self.run(f"try:\n os.stat({path!r}); print('= 1')\nexcept OSError:\n print('= 0')") == 1

    def write(self, path: str, data: bytes, progress: Callable[[int], None] = lambda count: None) -> None:
        """Write a file beside, read it back, and put it in its place. Its folder must be there.

        `progress` gets the count of bytes as they go.
        Raises BoardError; the old file, if there is one, is then as it was.
        """
        new = path + ".new"
        written = 0

        def tell(count: int, _size: int) -> None:
            nonlocal written
            progress(count - written)
            written = count

        name = PurePosixPath(path).name
        with self._told(f"while {name} was written"):
            try:
                self._transport.fs_writefile(new, data, progress_callback=tell)
                digest = self._transport.fs_hashfile(new, "sha256")
            except OSError as error:
                if error.errno != errno.ENOSPC:  # the board's own, by mpremote
                    raise
                self._remove_quietly(new)
                raise BoardError(_NO_ROOM) from error
        if digest != hashlib.sha256(data).digest():
            self._remove_quietly(new)
            raise BoardError(
                f"{name} reads back other than it was written: the flash is worn, or the cable bad"
            )
        self.run(f"os.rename({new!r}, {path!r})")

    def make_folder(self, path: str) -> None:
        """Make a folder in the root, if it is not there."""
        self.run(f"try:\n os.stat({path!r})\nexcept OSError:\n os.mkdir({path!r})")

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        self.run(
            "def _remove(path):\n"
            " try:\n  st_mode = os.stat(path)[0]\n except OSError:\n  return\n"
            " if st_mode & 0x4000:\n"
            "  for inside in os.ilistdir(path):\n   _remove(path + '/' + inside[0])\n"
            "  os.rmdir(path)\n"
            " else:\n  os.remove(path)\n"
            f"_remove({path!r})"
        )

    def restart(self, sign: str, timeout: float = 20) -> bool:
        """Restart the board; whether it says `sign` on its console in time."""
        with self._told("at its restart"):
            self._transport.exec_raw_no_follow(_RESET)
            seen = self._transport.read_until(1, sign.encode(), timeout=timeout, timeout_overall=timeout)
        self._transport.in_raw_repl = False
        return seen.endswith(sign.encode())

    def _start_anew(self) -> None:
        if self._transport.in_raw_repl:
            self._transport.serial.write(b"\r\x03")  # what was going on when we were told to stop
            self._transport.exec_raw_no_follow(_RESET)

    def _enter(self, port: str) -> None:
        for attempt in range(_TRIES):
            try:
                with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it cannot read
                    self._transport.enter_raw_repl(timeout_overall=_PROMPT_S)
                break
            except TransportError as error:
                if attempt == _TRIES - 1:
                    raise BoardError(
                        f"no prompt on {port}. A provisioned lock keeps it shut: put the service jumper from "
                        "GPIO 39 to ground, press EN, and try again. A new board needs {_FLASH} first"
                    ) from error
            except _LOST as error:
                raise BoardError(f"the board on {port} went away while it was stopped") from error
        now = time.gmtime()
        date = (now.tm_year, now.tm_mon, now.tm_mday, now.tm_wday, now.tm_hour, now.tm_min, now.tm_sec, 0)
        self.run(_BEGIN.format(watchdog=_WATCHDOG_MS, date=date))

    def _remove_quietly(self, path: str) -> None:
        with contextlib.suppress(BoardError):
            self.remove(path)

    @contextlib.contextmanager
    def _told(self, when: str) -> Iterator[None]:
        """What mpremote raises, in words."""
        try:
            yield
        except TransportExecError as error:
            raise BoardError(_in_words(error.error_output.encode())) from error
        except _LOST as error:
            self._transport.in_raw_repl = False  # there is nobody to be told to start anew
            raise BoardError(
                f"the board went away {when}: plug it in and run this again. "
                "What is not finished counts for nothing"
            ) from error


class _Lines:
    """Joins bytes into lines, and gives each to `on_line` when it is whole."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line, self._line = on_line, bytearray()

    def feed(self, data: bytes) -> None:
        for byte in data:
            if byte in b"\n\x04":
                if self._line:
                    self._on_line(self._line.decode(errors="replace").rstrip("\r"))
                self._line.clear()
            else:
                self._line.append(byte)


def _in_words(traceback: bytes) -> str:
    lines = traceback.decode(errors="replace").strip().splitlines()
    last = lines[-1] if lines else "nothing"
    return _NO_ROOM if last in _NO_ROOM_SIGNS else f"the board says: {last}"
