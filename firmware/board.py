"""Turns the board profile `devkit` into parts. No other module touches `machine`."""

from micropython import const

import esp32
import machine
from machine import PWM, RTC, UART, Pin
from storage.names import RELAY_PIN, RELAY_SAFE
from storage.nvs import Numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from network import WLAN

# The wiring, by GPIO number. GPIO 6 to 11 belong to the flash, 34 to 39 are inputs without pull resistors,
# and 0, 2, 5, 12 and 15 are strapping pins (ESP32 data sheet, section 2.4).
_RELAY = const(23)
_READER_TX = const(17)
_READER_RX = const(16)
_READER_IRQ = const(34)
_READER_RESET = const(18)
_KEY_ROWS = (25, 26, 27, 33)
_KEY_COLUMNS = (32, 19, 22)  # the first two are D0 and D1 of a Wiegand keypad
_CONTACT = const(35)
_EXIT = const(4)
_TAMPER = const(21)
_JUMPER = const(39)
_BUZZER = const(13)
_LED = const(14)
# Pins that tell of faults: (name in door/faults.py, GPIO, the level that means the fault).
_FAULT_INPUTS: "tuple[tuple[str, int, int], ...]" = ()

_WS2812_NS = (400, 850, 800, 450)  # WS2812B data sheet, "data transfer time": T0H, T0L, T1H, T1L
_HALF_DUTY = const(32768)


class Board:
    """The parts of one lock. The constructor sets the relay's pin to its safe level."""

    KEY_LAYOUT = "123456789*0#"

    def __init__(self, unlock_level: int) -> None:
        self.numbers = Numbers(esp32.NVS("menshen"))
        self.relay = Pin(_RELAY, Pin.OUT, value=1 - unlock_level)
        self.key_rows = [Pin(n, Pin.OPEN_DRAIN, value=1) for n in _KEY_ROWS]
        self.key_columns = [Pin(n, Pin.IN, Pin.PULL_UP) for n in _KEY_COLUMNS]
        self.contact = Pin(_CONTACT, Pin.IN)
        self.exit_button = Pin(_EXIT, Pin.IN, Pin.PULL_UP)
        self.tamper = Pin(_TAMPER, Pin.IN, Pin.PULL_UP)
        self.reader_uart = UART(2, 115200, tx=_READER_TX, rx=_READER_RX, rxbuf=512)
        self.reader_irq = Pin(_READER_IRQ, Pin.IN)
        self.reader_reset = Pin(_READER_RESET, Pin.OUT, value=1)
        self.fault_inputs = [(name, Pin(n, Pin.IN), level) for name, n, level in _FAULT_INPUTS]
        self._led = Pin(_LED, Pin.OUT, value=0)
        self._colour = bytearray(3)
        self._buzzer = None

    def remember_relay(self, unlock_level: int) -> None:
        """Store the relay's pin and safe level, so that boot.py holds the bolt at the next start. OSError."""
        self.numbers.set(RELAY_SAFE, 1 - unlock_level)
        self.numbers.set(RELAY_PIN, _RELAY)

    def light(self, rgb: int) -> None:
        """Show a colour, 0xRRGGBB."""
        colour = self._colour
        colour[0], colour[1], colour[2] = rgb >> 8 & 255, rgb >> 16, rgb & 255  # the LED expects GRB
        machine.bitstream(self._led, 0, _WS2812_NS, colour)

    def sound(self, hz: int) -> None:
        """Sound the buzzer at a frequency; 0 is silence."""
        if hz:
            self._buzzer = PWM(Pin(_BUZZER, Pin.OUT), freq=hz, duty_u16=_HALF_DUTY)
        elif self._buzzer is not None:
            self._buzzer.deinit()
            self._buzzer = None

    def wlan(self) -> "WLAN":
        """The radio; its driver is loaded at the first call, since the door does not need it."""
        import network

        return network.WLAN(network.STA_IF)

    def idf_free(self) -> "int | None":
        """Bytes that ESP-IDF has free, for Wi-Fi and TLS; None if this MicroPython cannot tell."""
        try:
            return sum([region[1] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])
        except AttributeError:
            return None

    def jumper(self) -> Pin:
        """The service jumper's pin: low while it is in. boot.py reads it too."""
        return Pin(_JUMPER, Pin.IN)

    def datetime(self, *date: tuple) -> tuple:
        """Read the chip's clock, or set it to `date`.

        The tuple is year, month, day, weekday, hour, minute, second, microsecond.
        """
        return RTC().datetime(*date)

    def reset(self) -> None:
        """Reset the chip."""
        machine.reset()

    def reset_cause(self) -> str:
        """Why the chip started, as text for the console."""
        return ("unknown", "power-on", "reset", "watchdog", "deep sleep", "soft reset")[machine.reset_cause()]
