"""Frames of the PN532 are made right, and found among noise in bounded memory."""

import gc

from scripted_pn532 import packet

from readers import frames
from readers.frames import ACK, NACK, Finder, build

VERSION = packet(bytes.fromhex("d50332010607"))

LONGEST_SENT = 275  # an extended frame: preamble, start code 2, head 5, data 265, DCS, postamble


def found(data, step=None):
    """All frames in the bytes, given in pieces of `step`."""
    finder, frames_found = Finder(), []
    step = step or len(data)
    for start in range(0, len(data), step):
        piece = data[start : start + step]
        while piece:
            space = finder.space()
            count = min(len(space), len(piece))
            space[:count] = piece[:count]
            finder.added(count)
            piece = piece[count:]
            while (frame := finder.next()) is not None:
                frames_found.append(frame)
    return frames_found


def noise(size, seed=1):
    out = bytearray(size)
    for i in range(size):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = seed >> 16 & 255
    return bytes(out)


def raises(error, call, *arguments):
    try:
        call(*arguments)
    except error:
        return True
    return False


def test_a_command_is_framed_as_in_the_manual():
    buffer = bytearray(LONGEST_SENT)
    size = build(buffer, 0x02)
    assert bytes(buffer[:size]).hex() == "0000ff02fed4022a00"
    size = build(buffer, 0x14, b"\x01\x14\x01")
    assert bytes(buffer[:size]).hex() == "0000ff05fbd4140114010200"


def test_commands_of_every_length_are_framed_and_the_longest_fills_the_buffer():
    for size in (0, 1, 252, 253, 254, 255, 262, 263):
        buffer = bytearray(LONGEST_SENT)
        parameters = bytes([n & 255 for n in range(size)])
        for cut in {0, 1, size // 2, size}:
            end = build(buffer, 0x40, parameters[:cut], parameters[cut:])
            assert found(bytes(buffer[:end])) == [b"\xd4\x40" + parameters], (size, cut)
            assert bytes(buffer[3:5]) == (b"\xff\xff" if size > 253 else bytes((size + 2, -size - 2 & 255)))
    assert end == len(buffer) == LONGEST_SENT
    assert raises(ValueError, build, buffer, 0x40, bytes(264))
    assert raises(ValueError, build, buffer, 0x40, bytes(2), bytes(262))
    assert len(buffer) == LONGEST_SENT


def test_ack_and_answer_are_found_however_the_bytes_come():
    for step in (None, 1, 2, 3, 5, 7):
        assert found(ACK + VERSION, step) == [b"", b"\xd5\x032\x01\x06\x07"], step


def test_a_nack_and_an_error_frame_are_told_apart_from_answers():
    assert found(NACK + VERSION) == [VERSION[5:-2]]
    assert found(bytes.fromhex("0000ff01ff7f8100")) == [bytes((frames.SYNTAX,))]


def test_extended_frames_up_to_the_longest_are_found():
    for size in (256, 264, 265):
        data = b"\xd5\x41" + bytes(size - 2)
        for step in (None, 1, 100):
            assert found(packet(data), step) == [data]
    assert found(packet(bytes(266)) + VERSION, 50)[-1] == VERSION[5:-2]


def test_a_wrong_checksum_loses_only_its_own_frame():
    for place in (3, 4, 5, 7, len(VERSION) - 2):
        broken = bytearray(VERSION)
        broken[place] ^= 0x10
        assert found(bytes(broken) + bytes(40) + VERSION)[-1] == VERSION[5:-2], place
        assert len(found(bytes(broken) + bytes(40) + VERSION)) == 1, place


def test_an_empty_frame_is_no_ack():
    assert found(b"\0\0\xff\0\0\0\0\0" + VERSION) == [VERSION[5:-2]]


def test_the_answer_is_found_after_any_noise():
    for seed in range(60):
        rubbish = noise(seed * 11, seed).replace(b"\0\xff", b"\1\xff")
        for step in (None, 1, 13):
            assert found(rubbish + VERSION, step)[-1:] == [VERSION[5:-2]], seed


def test_the_answer_is_found_behind_start_codes_without_a_frame():
    for rubbish in (b"\0" * 4, b"\0\xff" * 40 + b"\1", b"\xff\xff\0", b"\0\xff\xff\xff\1\2", b"\0\xff\5\xfb"):
        whole = rubbish + VERSION + bytes(300)
        assert VERSION[5:-2] in found(whole), rubbish


def test_a_frame_longer_than_any_is_not_waited_for():
    for head in (b"\0\xff\xff\xff\x7f\0\x81", b"\0\xff\xff\xff\1\x0a\xf5"):
        assert found(head + VERSION) == [VERSION[5:-2]]


def test_endless_noise_takes_no_memory():
    finder = Finder()
    rubbish = noise(997) + b"\0\xff\xfa\x06" + b"\0\xff\xff\xff\1\4\xfb" + b"\0\xff" * 100
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(200):
        start = 0
        while start < len(rubbish):
            space = finder.space()
            assert 0 < len(space) <= 288
            count = min(len(space), len(rubbish) - start)
            space[:count] = rubbish[start : start + count]
            finder.added(count)
            start += count
            while finder.next() is not None:
                pass
    space = None
    gc.collect()
    assert gc.mem_alloc() - before < 256
