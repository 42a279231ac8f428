"""What a host can set in a PN532, for both of its roles. Sections are those of NXP's UM0701-02."""

FOR_EVER = 0xFF
_ITEM_SIZES = {1: 1, 2: 3, 4: 1, 5: 3, 0x0A: 11, 0x0B: 8, 0x0C: 3, 0x0D: 9}  # of RFConfiguration: 7.3.1
_RF_FIELD, _TIMINGS, _RETRIES_COM, _RETRIES = 1, 2, 4, 5
_AUTOMATIC_RATS, _AS_RESET = 0x10, 0x14  # of SetParameters: 7.2.9
TX_MODE, RX_MODE, FIFO_DATA = 0x6302, 0x6303, 0x6339  # registers: data sheet PN532/C1, 8.6.23
_WITH_CRC = 0x80
SENS_REQ = 0x26  # what stays in the FIFO where no card answered it


class Setup:
    """As after a reset."""

    def __init__(self) -> None:
        self.parameters = _AS_RESET
        self.tries = FOR_EVER  # MxRtyPassiveActivation
        self.repeats = 0  # MxRtyCOM
        self._timeout = 0x0A
        self._registers: dict[int, int] = {}
        self.with_crc()

    @property
    def timeout_s(self) -> float:
        """How long InCommunicateThru waits for an answer: 100 us times 2 to n - 1; 0 is for ever (7.3.1)."""
        return 100e-6 * 2 ** (self._timeout - 1) if self._timeout else float("inf")

    @property
    def sends_rats(self) -> bool:
        """The chip activates ISO/IEC 14443-4 cards by itself."""
        return bool(self.parameters & _AUTOMATIC_RATS)

    @property
    def checks_crc(self) -> bool:
        """What a card's frame ends in is checked, and taken off."""
        return bool(self._registers[RX_MODE] & _WITH_CRC)

    def with_crc(self) -> None:
        """As InListPassiveTarget leaves the contactless unit for cards at 106 kbit/s."""
        self._registers |= {TX_MODE: _WITH_CRC, RX_MODE: _WITH_CRC}

    def in_fifo(self, byte: int) -> None:
        """What the last frame has left in the FIFO."""
        self._registers[FIFO_DATA] = byte

    def configure(self, item: int, data: bytes) -> bool | None:
        """RFConfiguration (7.3.1): whether the field is to be on, for item 1. ValueError: no such item."""
        if len(data) != _ITEM_SIZES.get(item):
            raise ValueError("no such item, or not of its length")
        if item == _TIMINGS:
            self._timeout = min(data[2], 0x10)
        elif item == _RETRIES_COM:
            self.repeats = data[0]
        elif item == _RETRIES:
            self.tries = data[2]
        return bool(data[0] & 1) if item == _RF_FIELD else None

    def read(self, data: bytes) -> bytes:
        """ReadRegister (7.2.4): an address of two bytes each."""
        addresses = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        return bytes(self._registers.get(address, 0) for address in addresses)

    def write(self, data: bytes) -> None:
        """WriteRegister (7.2.5): an address of two bytes and a value each."""
        for at in range(0, len(data), 3):
            self._registers[int.from_bytes(data[at : at + 2], "big")] = data[at + 2]
