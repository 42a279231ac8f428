"""Turns the pins of a board profile into parts. No other module touches `machine`."""

from micropython import const

import esp32
import machine
from machine import PWM, RTC, UART, Pin
from storage.names import RELAY_PIN, RELAY_SAFE
from storage.nvs import Numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from network import WLAN

_WS2812_NS = (400, 850, 800, 450)  # WS2812B data sheet, "data transfer time": T0H, T0L, T1H, T1L
_HALF_DUTY = const(32768)


class Board:
    """A lock's parts, by a table of wiring.py. The constructor sets the relay's pin to its safe level.

    `fault_inputs` are pins that report faults: (the fault's name, pin, the level that means it).
    """

    KEY_LAYOUT = "123456789*0#"

    def __init__(self, pins: tuple, unlock_level: int) -> None:
        (
            relay, reader_tx, reader_rx, reader_irq, reader_reset, key_rows, key_columns,
            contact, exit_button, tamper, jumper, buzzer, light, *faults,
        ) = pins  # fmt: skip
        self.relay = Pin(relay, Pin.OUT, value=1 - unlock_level)
        self.numbers = Numbers(esp32.NVS("menshen"))
        self.key_rows = [Pin(n, Pin.OPEN_DRAIN, value=1) for n in key_rows]
        self.key_columns = [Pin(n, Pin.IN, Pin.PULL_UP) for n in key_columns]
        self.contact = Pin(contact, Pin.IN)
        self.exit_button = Pin(exit_button, Pin.IN, Pin.PULL_UP)
        self.tamper = Pin(tamper, Pin.IN, Pin.PULL_UP)
        self.reader_uart = UART(2, 115200, tx=reader_tx, rx=reader_rx, rxbuf=512)
        self.reader_irq = Pin(reader_irq, Pin.IN)
        self.reader_reset = Pin(reader_reset, Pin.OUT, value=1)
        self.fault_inputs = [
            (name, Pin(n, Pin.IN, -1 if level else Pin.PULL_UP), level) for name, n, level in faults
        ]
        self._gpio = relay, jumper, buzzer
        self._led = Pin(light, Pin.OUT, value=0)
        self._colour = bytearray(3)
        self._buzzer = None

    def remember_relay(self, unlock_level: int) -> None:
        """Store the relay's pin and safe level, so that boot.py holds the bolt at the next start. OSError."""
        numbers, pin = self.numbers, self._gpio[0]
        if numbers.get(RELAY_PIN, pin) != pin:
            numbers.set(RELAY_PIN, -1)  # a power cut from here on leaves no pin with another's level
        numbers.set(RELAY_SAFE, 1 - unlock_level)
        numbers.set(RELAY_PIN, pin)

    def light(self, rgb: int) -> None:
        """Show a colour, 0xRRGGBB."""
        colour = self._colour
        colour[0], colour[1], colour[2] = rgb >> 8 & 255, rgb >> 16, rgb & 255  # the LED expects GRB
        machine.bitstream(self._led, 0, _WS2812_NS, colour)

    def sound(self, hz: int) -> None:
        """Sound the buzzer at a frequency; 0 is silence."""
        if hz:
            self._buzzer = PWM(Pin(self._gpio[2], Pin.OUT), freq=hz, duty_u16=_HALF_DUTY)
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
            regions = esp32.idf_heap_info(esp32.HEAP_DATA)
        except AttributeError:
            return None
        free = 0
        for region in regions:
            free += region[1]
        return free

    def jumper(self) -> Pin:
        """The service jumper's pin: low while it is in. boot.py reads it too."""
        return Pin(self._gpio[1], Pin.IN)

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
