"""A guest key tells whether it came over whole."""

from os import urandom

from access.guest_key import complete, is_complete

KEY = complete(bytes(range(16)))


def test_a_key_has_fourteen_random_bytes_and_two_that_follow_from_them():
    assert len(KEY) == 16
    assert KEY[:14] == bytes(range(14))
    assert bytes(range(14)) + b"\x8c\x70" == KEY
    assert is_complete(KEY)


def test_a_slip_in_any_byte_is_seen():
    for place in range(16):
        for change in (1, 0x10, 0x80, 0xFF):
            slip = bytearray(KEY)
            slip[place] ^= change
            assert not is_complete(bytes(slip))
    assert not is_complete(KEY[1:] + KEY[:1])


def test_old_keys_look_like_new_ones_once_in_65536():
    assert sum(is_complete(urandom(16)) for _ in range(2000)) <= 2
