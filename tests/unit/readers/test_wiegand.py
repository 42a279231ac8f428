"""Bits on two lines become keys and cards; what has a wrong length or parity, or is torn, becomes nothing."""

import asyncio

from virtual_time import clock  # isort: skip (it comes before whatever imports time)
import time

from readers.pin_entry import PinEntry
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

    def __init__(self, *form):
        self.zero, self.one = Pin(), Pin()
        self.heard = []
        self.health = []
        self.unread = 0
        self.reader = Wiegand(self.zero, self.one, self.heard.append, self.on_unread, *form)

    def on_unread(self, signal):
        self.unread += 1

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


def h10302(number):
    """37 bits, whose two halves share the bit in the middle."""
    bits = bits_of(number, 35)
    return str(bits[:18].count("1") & 1) + bits + str(1 - (bits[17:].count("1") & 1))


def test_a_card_of_37_bits_is_its_35_in_five_bytes():
    for number in (0, (1 << 35) - 1, 0x4_04A1_B2C3, 1 << 17):
        assert Cable().after(h10302(number)) == [number.to_bytes(5, "big")]


def test_a_card_of_the_length_and_parity_that_the_settings_name_is_read():
    for size in (9, 32, 35, 56, 64, 66):
        number = 0x2A5_04A1_B2C3_D4E5_F607 & ((1 << size) - 1)
        bits = bits_of(number, size)
        assert Cable(size, "none").after(bits) == [number.to_bytes((size + 7) // 8, "big")]
        odd = bits.count("1") & 1
        for parity in ("even", "odd"):
            right = parity == ("odd" if odd else "even")
            number_alone = (number >> 1).to_bytes((size + 6) // 8, "big")
            assert Cable(size, parity).after(bits) == ([number_alone] if right else [])
    assert Cable(58, "halves").after(card(0x04A1B2C3D4E5F6, 56)) == [bytes.fromhex("04a1b2c3d4e5f6")]
    assert Cable(66, "halves").after(card(5, 64)) == [bytes(7) + b"\x05"]
    assert Cable(58, "halves").after(card(0x7B3039, 24)) == [b"\x7b\x30\x39"]  # 26 bits as ever
    assert Cable(26, "none").after("1" * 26) == [b"\x03\xff\xff\xff"]  # unless they are said to be others


def test_a_card_of_a_length_or_parity_that_is_not_known_is_told_and_noise_is_not():
    unknown = ["1" * size for size in (24, 25, 27, 35, 41, 66, 67, 75, 300)]
    wrong = ["1" * 26, "0" * 34, "0" * 37]  # of a reader that sends no parity, or another
    for bits in unknown + wrong:
        cable = Cable()
        assert cable.after(bits) == []
        assert (cable.unread, cable.reader.discarded) == (1, 1)
    for noise in ("1" * 23, "1" * 9, "1"):
        cable = Cable()
        cable.after(noise)
        assert cable.unread == 0


def test_keys_that_run_together_in_a_stall_are_no_card():
    cable = Cable()
    cable.reader._unsure = 3
    bits = bytearray(68)
    bits[0] = 28
    cable.reader._decode(bits, cable.heard.append)
    assert cable.unread == 0


def test_every_single_wrong_bit_of_a_card_is_noticed():
    for good in (card(0x7B3039, 24), card(0x04A1B2C3, 32), h10302(0x4_04A1_B2C3)):
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


class Door:
    """The codes that are entered of the keys heard."""

    def __init__(self, keys):
        self.codes, self.numbers = [], []

        def enter(digits, number):
            self.codes.append(bytes(digits).decode())
            self.numbers.append(number)

        entry = PinEntry(enter, lambda told: None)
        for key in keys:
            entry.press(key, 0)


def key_bits(key, size):
    number = "0123456789*#".index(key)
    return bits_of(number if size == 4 else (number ^ 15) << 4 | number, size)


def typed_with_a_stall(code, size, start, end, kept, before=""):
    """The codes entered, of one whose keys from `start` to `end` come in a stall that keeps so many bits."""
    cable = Cable()

    async def type_keys(keys):
        for key in keys:
            cable.send(key_bits(key, size))
            while cable.reader._filling[0]:
                await asyncio.sleep_ms(10)

    async def story():
        for _ in range(10):
            await asyncio.sleep_ms(10)  # the first beats
        await type_keys(before)
        await type_keys(code[:start])
        clock.now += 450  # the event loop stands still
        cable.send("".join(key_bits(key, size) for key in code[start:end])[:kept])
        while cable.reader._filling[0]:
            await asyncio.sleep_ms(10)
        for _ in range(40):  # the next beats
            await asyncio.sleep_ms(10)
        await type_keys(code[end:])

    cable.live(story)
    return Door(cable.heard).codes


def test_keys_of_a_stall_are_no_other_code():
    for size in (4, 8):
        for kept, places in ((8, ((0, 4), (2, 4), (4, 6), (5, 7))), (40, ((2, 4), (0, 6)))):  # 8: the chip's
            for start, end in places:
                said = typed_with_a_stall("246810#", size, start, end, kept, "1#")
                assert said in (["1"], ["1", "246810"]), (size, kept, start, end, said)


def test_two_keys_that_look_like_one_of_eight_bits_are_two():
    for code in ("871196#", "968755#", "5*8787#", "778769#"):
        for start in (0, 4):
            said = typed_with_a_stall(code, 4, start, start + 2, 40)
            assert said in ([], [code.split("*")[-1][:-1]]), (code, start, said)


def test_the_first_two_keys_in_one_burst_are_not_one_whatever_they_are():
    """Nothing tells the lock before how many bits its keys have; it stood still for less than a stall."""
    for pair in ("87", "78", "96", "69", "5*", "4#"):
        for rest in ("1196#", "#", "#246810#", "*9#", "2468*1#"):
            cable = Cable()
            cable.after("".join(key_bits(key, 4) for key in pair), *[key_bits(key, 4) for key in rest])
            door = Door(cable.heard)
            # behind a code that is spoilt its number is a code, which is nobody's
            assert door.codes in ([], ["246810"], ["9"], ["1"]), (pair, rest, door.codes)
            assert set(door.numbers) <= {None}, (pair, rest)
            cable.after(*[key_bits(key, 4) for key in "246810#"])
            assert Door(cable.heard).codes[-1:] == ["246810"], (pair, rest)


def test_two_keys_in_one_burst_of_a_keypad_with_eight_bits_are_none():
    for code in ("871196", "246810", "123456"):
        for size in range(4, 16):
            cable = Cable()
            keys = [key_bits(key, 8) for key in code + "#"]
            cable.after((keys[0] + keys[1])[:size], *keys[2:])
            if size != 8:  # the chip keeps eight: that is the first key, and a stall tells
                assert Door(cable.heard).codes == [], (code, size)


def test_what_was_heard_of_a_code_before_keys_were_lost_is_no_code_for_a_number_behind_it():
    """Else the digits before would be somebody's PIN, with what another asked for."""
    for size in (4, 8):
        cable = Cable()
        before, lost, behind = "902817", "44", "*9#"
        bursts = [key_bits(key, size) for key in before]
        bursts += ["".join(key_bits(key, size) for key in lost)]
        cable.after(*bursts)

        async def ends(cable=cable, behind=behind, size=size):
            for key in behind:
                cable.send(key_bits(key, size))
                while cable.reader._filling[0]:
                    await asyncio.sleep_ms(10)

        cable.live(ends)
        door = Door(cable.heard)
        assert (door.codes, door.numbers) == (["9"], [None]), size


def test_one_key_of_four_bits_in_a_stall_is_heard():
    assert typed_with_a_stall("246810#", 4, 2, 3, 40) == ["246810"]


def test_a_spark_that_looks_like_a_short_key_costs_one_code_and_not_the_keypad():
    cable = Cable()
    cable.after(key_bits("5", 4), *[key_bits(key, 8) for key in "12#246810#"])
    assert Door(cable.heard).codes == ["246810"]


def test_a_spark_like_a_key_costs_nobody_a_code_who_comes_ten_seconds_later():
    for spark, size in ((4, 8), (8, 4)):
        cable = Cable()
        cable.after(key_bits("5", size), key_bits("5", spark))
        clock.now += 10_000
        del cable.heard[:]
        cable.after(*[key_bits(key, size) for key in "246810#"])
        assert Door(cable.heard).codes == ["246810"], (spark, size)


def test_a_code_after_one_that_was_spoilt_is_heard():
    cable = Cable()
    cable.after("000100100011")  # three keys in one burst

    async def type_on():
        for key in "10#246810#":
            cable.send(key_bits(key, 4))
            while cable.reader._filling[0]:
                await asyncio.sleep_ms(10)

    cable.live(type_on)
    assert cable.heard == list("**246810#")
    assert Door(cable.heard).codes == ["246810"]


def test_ten_seconds_after_keys_were_lost_a_new_code_begins():
    cable = Cable()
    cable.after("0001001000")
    assert cable.reader._spoilt
    cable.reader._lost_at = time.ticks_add(time.ticks_ms(), -10_001)
    assert cable.after(key_bits("2", 4)) == ["2"]


def test_a_line_that_is_held_low_is_told_and_that_it_is_free_again():
    cable = Cable()

    async def story():
        cable.one.level = 0
        for _ in range(100):
            if len(cable.health) > 1:
                break
            await asyncio.sleep_ms(100)
        cable.one.level = 1
        for _ in range(100):
            if len(cable.health) > 2:
                break
            await asyncio.sleep_ms(100)

    cable.live(story)
    assert cable.health == [True, False, True]


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
