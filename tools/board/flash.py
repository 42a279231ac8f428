"""Writes a factory image to a board with esptool, after a look at the chip."""

from collections.abc import Callable
from types import ModuleType

import esptool
import serial
from esptool.util import FatalError, flash_size_bytes

from menshen import checkout
from menshen.errors import MenshenError

from .factory import Flash

_TRIES = 3


class FlashError(MenshenError):
    """The board could not be flashed; the message says what to do."""


def flash(port: str, image: Flash, say: Callable[[str], None], tool: ModuleType = esptool) -> None:
    """Write the image from address 0 on, verify it, and start the board.

    `tool` has esptool's functions. Raises FlashError, before anything is written where the chip is wrong.
    """
    say(f"Looking for the chip on {port} ...")
    try:
        esp = tool.detect_chip(port, connect_attempts=_TRIES)
    except (FatalError, OSError, serial.SerialException) as error:
        raise FlashError(
            f"no chip answers on {port} ({_short(error)}): is it the right port, does the cable carry data? "
            "Hold BOOT, press EN, let go of BOOT, and try again"
        ) from error
    state = "Nothing was written"
    try:
        _check_chip(esp.CHIP_NAME, image.rom.CHIP_NAME)
        esp = tool.run_stub(esp)
        tool.attach_flash(esp)
        _check_flash(tool.detect_flash_size(esp), image)
        say("Writing, which takes a minute or two; esptool then compares a checksum of it all ...")
        state = "It may be written in part: repeat it, which a half-written chip does not mind"
        tool.write_flash(esp, [(0, image.image)], flash_size="keep")
        state = "It is written: press EN to start it"
        tool.reset_chip(esp, "hard-reset")
    except (FatalError, OSError, serial.SerialException) as error:
        raise FlashError(f"the board stopped answering ({_short(error)}). {state}") from error
    finally:
        esp._port.close()
    say(f"Done. Now: {checkout.task('provision PORT=...', 'board provision --port ...')}")


def _check_chip(name: str, wanted: str) -> None:
    if name != wanted:
        raise FlashError(f"this chip is an {name}; the image is for an {wanted}. Nothing was written")


def _check_flash(found: str | None, image: Flash) -> None:
    size = flash_size_bytes(found) if found else 0
    if not size:
        raise FlashError("the chip does not tell the size of its flash. Nothing was written")
    if size < image.size or (size > image.size and image.needs_exact_flash):
        # MicroPython would look for a file system of another size than the one in the image.
        raise FlashError(
            f"the board has {size >> 20} MB of flash, and the image is for {image.size >> 20} MB. "
            "Nothing was written"
        )


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
