"""The self-test's reading of keys, levels and lines, on parts that a test makes wrong."""

import asyncio
from asyncio import core

from virtual_time import clock  # isort: skip (it comes before whatever imports time)

from scripted_pn532 import TENANT, Chip, Line

from selftest import bolt, keys, reader, switches, wiegand

LAYOUT = "123456789*0#"

_wait = core.IOQueue.wait_io_event


def _turn(queue, wait_ms) -> None:
    """Each turn of the event loop takes a millisecond: who stays awake for an answer has time pass, too."""
    clock.now += 1
    _wait(queue, wait_ms)


core.IOQueue.wait_io_event = _turn


class Pin:
    """Gives the levels in turn, the last one for ever; a function of the number of looks will do."""

    IRQ_FALLING = 2

    def __init__(self, *levels, at=None) -> None:
        self._levels = list(levels)
        self._at = at
        self._looks = 0
        self.driven = []

    def value(self, *level):
        if level:
            self.driven.append(level[0])
            self._levels = [level[0]]
            return None
        self._looks += 1
        if self._at is not None:
            return self._at(self._looks)
        return self._levels.pop(0) if len(self._levels) > 1 else self._levels[0]


class Board:
    KEY_LAYOUT = LAYOUT

    def __init__(self, **parts) -> None:
        for name, part in parts.items():
            setattr(self, name, part)

    def jumper(self):
        return self.pin


def _silent(text: str) -> None:
    pass


def _switch(pin: Pin, part: str = "contact", seconds: int = 1) -> tuple:
    board = Board(contact=pin, exit_button=pin, tamper=pin)
    return asyncio.run(switches.check(board, part, _silent, seconds))[0]


def test_the_keys_that_came_are_told_with_those_of_the_keypad() -> None:
    board = Board(key_rows=[Pin(1) for _ in range(4)], key_columns=[Pin(1) for _ in range(3)])
    assert asyncio.run(keys.check(board, _silent, 1)) == [("keypad", False, "keys||" + LAYOUT)]


def test_a_switch_that_moves_is_well() -> None:
    assert _switch(Pin(at=lambda look: look > 20)) == ("contact", True, "")


def test_a_switch_that_does_not_move_names_its_wire_by_its_level() -> None:
    for part in ("contact", "exit button", "tamper switch"):
        assert _switch(Pin(0), part) == (part, False, part + " low")
        assert _switch(Pin(1), part) == (part, False, part + " high")


def test_a_pin_in_the_air_is_no_switch() -> None:
    result = _switch(Pin(at=lambda look: look & 1))
    assert result == ("contact", False, "contact loose")


def test_a_bouncing_contact_is_none_the_worse() -> None:
    assert _switch(Pin(at=lambda look: look > 30 or (look > 20 and look & 1)))[1]


def test_the_jumpers_pin_without_its_resistor_is_named() -> None:
    for at, ok in ((lambda look: look & 1, False), (lambda look: 1, True), (lambda look: 0, True)):
        result = asyncio.run(switches.jumper(Board(pin=Pin(at=at)), _silent, 100))[0]
        assert result[1] == ok


def test_the_bolt_is_let_go_once_and_held_again() -> None:
    for unlock in (0, 1):
        pin = Pin(1 - unlock)
        assert asyncio.run(bolt.check(Board(relay=pin), unlock, _silent, 10)) == [("relay", True, "")]
        assert pin.driven == [unlock, 1 - unlock]


def test_the_bolt_is_held_again_when_the_test_is_stopped_in_the_middle() -> None:
    pin = Pin(0)

    async def stop() -> None:
        task = asyncio.create_task(bolt.check(Board(relay=pin), 1, _silent, 2000))
        await asyncio.sleep_ms(10)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass

    asyncio.run(stop())
    assert pin.driven == [1, 0]


def test_a_shorted_relay_pin_is_named() -> None:
    class Shorted(Pin):
        def value(self, *level):
            return None if level else 0

    assert not asyncio.run(bolt.check(Board(relay=Shorted(0)), 1, _silent, 10))[0][1]


class Reader(Chip):
    """A reader whose serial line can be asked what waits; already awake, it takes a wake-up for noise."""

    def any(self):
        return len(self.out)

    def write(self, data):
        if self.awake and bytes(data[:1]) == b"\x55":
            return len(data)
        return super().write(data)


def _try_reader(chip: Reader, reset=None, seconds: int = 1) -> dict:
    asyncio.new_event_loop()
    board = Board(reader_uart=chip, reader_irq=chip.irq, reader_reset=reset or chip.reset)
    return {part: hint for part, _, hint in asyncio.run(reader.check(board, _silent, seconds))}


def test_a_reader_with_a_card_is_well() -> None:
    chip = Reader()
    chip.card = TENANT
    assert _try_reader(chip) == {"reader": "", "card": "", "secure card": "plain card"}


def test_a_card_that_does_not_come_is_told() -> None:
    assert _try_reader(Reader())["card"] == "no card"


def test_a_card_that_can_prove_itself_is_told_from_one_that_cannot_and_nothing_is_written() -> None:
    for version, status, is_secure in (
        ("04040230001105", "91af", True),  # NTAG 424 DNA
        ("04010133001605", "91af", True),  # DESFire EV3
        ("04010101001605", "91af", False),  # EV1
        ("", "6d00", False),
    ):
        chip, heard, answer = Reader(), [], bytes.fromhex("00" + version + status)
        chip.card = TENANT

        def says(apdu, heard=heard, answer=answer):
            heard.append(bytes(apdu[:2]))
            return b"\0\x90\0" if apdu[1] == 0xA4 else answer

        chip.says = says
        found = _try_reader(chip)
        assert (found["card"], found["secure card"]) == ("", "" if is_secure else "plain card"), version
        assert set(heard) == {b"\x00\xa4", b"\x90\x60"}
    chip = Reader()
    chip.card, chip.sel_res = TENANT, 0x08
    assert _try_reader(chip)["secure card"] == "plain card"


def test_a_silent_reader_names_its_serial_wires() -> None:
    chip = Reader()
    chip.absent = True
    assert _try_reader(chip)["reader"] == "silent"


def test_a_reader_that_speaks_nonsense_names_its_switches() -> None:
    class Mad(Reader):
        def say(self, data):
            self.out += b"\xaa" * 20

        def write(self, data):
            self.awake = False
            self.say(b"")
            return len(data)

    assert _try_reader(Mad())["reader"] == "garbage"


def test_a_dead_irq_line_names_its_wire() -> None:
    chip = Reader()
    chip.card, chip.irq_is_at = TENANT, 1
    found = _try_reader(chip)
    assert found["reader's IRQ"] == "no IRQ"
    assert found["reader"] == found["card"] == ""


def test_a_reset_line_that_does_nothing_names_its_wire() -> None:
    chip = Reader()
    chip.card = TENANT
    found = _try_reader(chip, reset=Line())
    assert found["reader's reset"] == "no reset"
    assert found["reader"] == ""


class Data:
    """A line of a Wiegand cable."""

    IRQ_FALLING = 2

    def __init__(self) -> None:
        self.level, self.handler = 1, None

    def value(self) -> int:
        return self.level

    def irq(self, handler, trigger: int = 0) -> None:
        self.handler = handler

    def pulse(self) -> None:
        if self.handler:
            self.handler(self)


def _try_wiegand(type_key, seconds: int = 2) -> str:
    """The hint, where `type_key(number, zero, one)` plays each of the twelve keys."""
    asyncio.new_event_loop()
    zero, one = Data(), Data()

    async def story() -> list:
        checking = asyncio.create_task(wiegand.check(Board(key_columns=[zero, one]), _silent, seconds))
        await asyncio.sleep_ms(20)
        for number in range(12):
            type_key(number, zero, one)
            await asyncio.sleep_ms(80)
        return await checking

    return asyncio.run(story())[0][2]


def _bits(number: int, zero: Data, one: Data) -> None:
    for place in (3, 2, 1, 0):
        (one if number >> place & 1 else zero).pulse()


def test_a_wiegand_keypad_with_all_keys_is_well() -> None:
    assert _try_wiegand(_bits) == ""


def test_exchanged_or_broken_wiegand_lines_are_named() -> None:
    assert _try_wiegand(lambda number, zero, one: _bits(number, one, zero)) == "bits|keys"
    assert _try_wiegand(lambda number, zero, one: _bits(number, zero, Data())) == "bits|keys"


def _try_card(play, *form) -> str:
    """The hint, where `play(zero, one)` holds something to the reader; `form` is that of its cards."""
    asyncio.new_event_loop()
    zero, one = Data(), Data()

    async def story() -> list:
        checking = asyncio.create_task(wiegand.card(Board(key_columns=[zero, one]), _silent, 1, *form))
        await asyncio.sleep_ms(20)
        play(zero, one)
        return await checking

    return asyncio.run(story())[0][2]


def test_a_wiegand_reader_that_reads_a_card_is_well_and_else_its_lines_are_named() -> None:
    even = "1" + "1" * 3 + "0" * 9 + "1" * 12 + "1"

    def card(zero: Data, one: Data) -> None:
        for bit in even:
            (one if bit == "1" else zero).pulse()

    assert _try_card(card) == ""
    assert _try_card(lambda zero, one: card(zero, Data())) == "bits|card"
    assert _try_card(lambda zero, one: card(one, zero)) == "unread"  # exchanged
    assert _try_card(lambda zero, one: None) == "no card at all"
    assert _try_card(lambda zero, one: [one.pulse() for _ in range(32)] and None) == "unread"
    assert _try_card(lambda zero, one: [one.pulse() for _ in range(32)] and None, 32, "none") == ""


def test_a_silent_wiegand_keypad_names_its_wires() -> None:
    assert _try_wiegand(lambda number, zero, one: None, 1) == "no key at all"


def test_a_missing_wiegand_key_is_named() -> None:
    assert _try_wiegand(lambda n, zero, one: None if n == 7 else _bits(n, zero, one)) == "not seen|7"
