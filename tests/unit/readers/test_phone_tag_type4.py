"""The tag that the phone finds: what it says to every command, and the message that it holds."""

import random

from scripted_phone import APPLICATION, CAPABILITIES, NDEF, read

from access.phone_note import note
from people.entry import GUEST_KEY, HOME_KEY, LOG
from readers.phone_tag import Type4

MESSAGE = bytes(range(100))
OK = b"\x90\x00"


def test_what_the_tag_refuses():
    tag = Type4(MESSAGE)
    for apdu, status in (
        (b"", b"\x67\x00"),
        (NDEF, b"\x6a\x82"),  # the application first
        (read(0, 2), b"\x69\x86"),
        (APPLICATION[:-2] + b"\x02\x00", b"\x6a\x82"),
        (APPLICATION, OK),
        (read(0, 2), b"\x69\x86"),
        (bytes.fromhex("00a4000c02e105"), b"\x6a\x82"),
        (NDEF, OK),
        (read(102, 1), b"\x6b\x00"),
        (read(0x7FFF, 255), b"\x6b\x00"),
        (read(0, 2) + b"\0", b"\x67\x00"),
        (b"\x00\xd6\x00\x00\x02\x00\x00", b"\x69\x82"),
        (b"\x00\xd0\x00\x00\x02\x00\x00", b"\x6d\x00"),
        (b"\x90" + read(0, 2)[1:], b"\x6e\x00"),
        (read(101, 0), MESSAGE[-1:] + OK),
    ):
        assert tag.answer(apdu) == status, apdu
    assert not tag.is_read


def test_a_message_with_a_gap_has_not_been_read():
    tag = Type4(MESSAGE)
    for apdu in (APPLICATION, NDEF, read(0, 50), read(51, 59), read(50, 2)):
        assert tag.answer(apdu)[-2:] == OK
        assert not tag.is_read
    tag.answer(read(52, 0))
    assert tag.is_read


def test_no_bytes_from_a_phone_are_too_much():
    random.seed(20_261_124)
    commands = [APPLICATION, CAPABILITIES, NDEF, read(0, 2), read(2, 59), b"\x00\xd6\x00\x00\x04abcd"]
    good = 0
    for _ in range(200):
        tag = Type4(MESSAGE)
        for _ in range(100):
            apdu = bytearray(commands[random.randrange(len(commands))])
            for _ in range(random.randrange(3)):
                if apdu:
                    apdu[random.randrange(len(apdu))] = random.randrange(256)
            if not random.randrange(4):
                apdu = apdu[: random.randrange(len(apdu) + 1)] + bytes(
                    random.randrange(256) for _ in range(3)
                )
            answer = tag.answer(bytes(apdu))
            assert 2 <= len(answer) <= 0x3D
            good += answer[-2:] == OK
            if len(answer) > 2:
                assert answer[-2:] == OK
                assert answer[:-2] in tag.ndef or answer[:-2] in tag.container
        assert tag.ndef == b"\x00\x64" + MESSAGE
    assert good > 2000


def records(text):
    mail = b"?body=" + text.replace(b" ", b"%20")
    return (
        b"\x91\x01"
        + bytes((len(text) + 3,))
        + b"T\x02en"
        + text
        + b"\x51\x01"
        + bytes((len(mail) + 1,))
        + b"U\x06"
        + mail
    )


def test_the_notes_of_a_guest_key_and_of_a_home_code():
    guest = b"Menshen guest key of demo: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f"
    assert note("demo", GUEST_KEY, bytes(range(16))) == records(guest)
    # the bits of 000102030405060708090a0b0, five a letter
    home = b"Menshen home code of demo: aaas ea2e awda qcaj bifs"
    assert note("demo", HOME_KEY, bytes(range(16))) == records(home)
    for role in (GUEST_KEY, HOME_KEY):
        assert note("demo", role, bytes(16), "") == note("demo", role, bytes(16))
        assert len(note("x" * 32, role, bytes(16))) < 256  # and each record's length in one byte


def test_where_there_is_a_page_a_guest_key_is_its_address_and_nothing_else():
    address = b"codes.example/door/#lock=demo&key=000102030405060708090a0b0c0d0e0f"
    told = b"\xd1\x01" + bytes((len(address) + 1,)) + b"U\x04" + address
    assert note("demo", GUEST_KEY, bytes(range(16)), "codes.example/door/") == told
    assert note("demo", HOME_KEY, bytes(16), "codes.example/door/") == note("demo", HOME_KEY, bytes(16))
    assert len(note("x" * 32, GUEST_KEY, bytes(16), "x" * 112)) < 256


def test_a_log_is_one_address_whose_record_may_be_long():
    told = bytes(range(251, 256)) * 200
    text = b"-_z9_v8" * 200  # base64 of RFC 4648, section 5, without "="
    for page, begin in (
        ("codes.example/door/", b"\x04codes.example/door/#lock=demo&log="),
        ("", b"\x06?body=Menshen%20log%20of%20demo:%20"),
    ):
        made = note("demo", LOG, told, page)
        head = b"\xc1\x01" + (len(made) - 7).to_bytes(4, "big") + b"U"
        assert made[:7] == head
        assert made[7 : 7 + len(begin)] == begin
        sealed = made[7 + len(begin) :]
        assert len(sealed) == (len(told) * 8 + 5) // 6
        assert sealed[:6] == text[:6]
        assert not [letter for letter in b"+/=\n" if letter in sealed]
    assert len(note("x" * 32, LOG, bytes(40 + 32 * 8 + 960 + 4), "x" * 112)) < 2048


def test_a_phone_reads_a_long_message_whole():
    message = note("demo", LOG, bytes(1300), "codes.example/")
    tag, got = Type4(message), b""
    for apdu in (APPLICATION, NDEF):
        assert tag.answer(apdu) == OK
    while not tag.is_read:
        at = len(got)
        got += tag.answer(read(at, 0))[:-2]
    assert got == len(message).to_bytes(2, "big") + message
