"""Bits on two lines become keys and cards; what has a wrong length or parity, or is torn, becomes nothing."""

import asyncio

from readers.wiegand import Wiegand


class Pin:
    IRQ_FALLING = 2

    def __init__(self):
        self.level, self.handler = 1, None

    def irq(self, handler=None, trigger=0):
        assert handler is None or trigger == self.IRQ_FALLING
        self.handler = handler

    def value(self):
        return self.level


class Cable:
    """A reader at one end, and who types and holds cards at the other."""

    def __init__(self):
        self.zero, self.one = Pin(), Pin()
        self.heard = []
        self.health = []
        self.reader = Wiegand(self.zero, self.one, self.heard.append)

    def send(self, bits):
        for bit in bits:
            pin = self.one if bit == "1" else self.zero
            pin.handler(pin)

    def live(self, story):
        async def main():
            task = asyncio.create_task(self.reader.run(self.heard.append, self.health.append))
            await asyncio.sleep_ms(0)
            await story()
            task.cancel()

        asyncio.run(main())

    def after(self, *bursts):
        """What is heard of these bursts, each after the last has been taken."""

        async def story():
            for burst in bursts:
                before = len(self.heard) + self.reader.discarded
                self.send(burst)
                for _ in range(200):
                    if len(self.heard) + self.reader.discarded > before:
                        break
                    await asyncio.sleep_ms(10)

        self.live(story)
        return self.heard


def bits_of(number, size):
    return "".join("1" if number >> n & 1 else "0" for n in range(size - 1, -1, -1))


def card(data, size):
    """A number with its two bits of parity."""
    bits = bits_of(data, size)
    half = size // 2
    first = str(bits[:half].count("1") & 1)
    last = str(1 - (bits[half:].count("1") & 1))
    return first + bits + last


def test_keys_of_four_bits():
    keys = [bits_of(n, 4) for n in range(12)]
    assert Cable().after(*keys) == list("0123456789*#")


def test_keys_of_eight_bits_are_checked_by_their_complement():
    keys = [bits_of((n ^ 15) << 4 | n, 8) for n in (1, 10, 11)]
    assert Cable().after(*keys) == ["1", "*", "#"]
    cable = Cable()
    assert cable.after(bits_of(0x11, 8), bits_of(0xF1, 8)) == []
    assert cable.reader.discarded == 2


def test_what_is_no_key_is_nothing():
    cable = Cable()
    assert cable.after(*(bits_of(n, 4) for n in (12, 13, 14, 15))) == []
    assert cable.reader.discarded == 4


def test_a_card_of_26_bits_is_its_three_bytes():
    assert Cable().after(card(0x7B3039, 24)) == [b"\x7b\x30\x39"]


def test_a_card_of_34_bits_is_its_four_bytes():
    for number in (0, 0xFFFFFFFF, 0x04A1B2C3, 0x80000001):
        assert Cable().after(card(number, 32)) == [number.to_bytes(4, "big")]


def test_every_single_wrong_bit_of_a_card_is_noticed():
    for size, number in ((24, 0x7B3039), (32, 0x04A1B2C3)):
        good = card(number, size)
        cable = Cable()
        spoilt = [good[:n] + ("0" if good[n] == "1" else "1") + good[n + 1 :] for n in range(len(good))]
        assert cable.after(*spoilt[:8]) == []
        for burst in spoilt:
            bits = bytearray(42)
            bits[0] = len(burst)
            for n, bit in enumerate(burst):
                bits[n + 1] = int(bit)
            cable.reader._decode(bits, cable.heard.append)
        assert cable.heard == []


def test_other_lengths_are_noise_however_long():
    cable = Cable()
    assert cable.after(*("1" * n for n in (1, 3, 5, 9, 25, 27, 33, 35, 40, 41, 42, 300))) == []
    assert cable.reader.discarded == 12


def test_a_burst_after_noise_is_heard():
    assert Cable().after("1" * 300, bits_of(7, 4), card(5, 24)) == ["7", b"\0\0\x05"]


def test_a_bit_that_comes_while_a_burst_is_taken_belongs_to_the_next():
    cable = Cable()
    decode = cable.reader._decode

    def late(bits, on_key):
        if not cable.heard:
            cable.send("0")
        decode(bits, on_key)

    cable.reader._decode = late

    async def story():
        cable.send("0001")
        for _ in range(100):
            if cable.heard:
                break
            await asyncio.sleep_ms(10)
        cable.send("010")
        for _ in range(200):
            if len(cable.heard) > 1:
                break
            await asyncio.sleep_ms(10)

    cable.live(story)
    assert cable.heard == ["1", "2"]


def test_a_line_that_is_held_low_is_told_and_that_it_is_free_again():
    cable = Cable()

    async def story():
        cable.one.level = 0
        for _ in range(100):
            if cable.health:
                break
            await asyncio.sleep_ms(100)
        cable.one.level = 1
        for _ in range(100):
            if len(cable.health) > 1:
                break
            await asyncio.sleep_ms(100)

    cable.live(story)
    assert cable.health == [False, True]


def test_when_it_ends_nobody_listens_to_the_lines():
    cable = Cable()

    async def story():
        assert cable.zero.handler

    cable.live(story)

    async def a_turn():
        await asyncio.sleep_ms(0)

    asyncio.run(a_turn())
    assert cable.zero.handler is None
    assert cable.one.handler is None
