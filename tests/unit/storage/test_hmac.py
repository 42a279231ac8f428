"""HMAC-SHA256 gives what RFC 4231 says, and compares without telling where two MACs differ."""

import gc
from binascii import unhexlify

from storage.hmac import Mac, equal, hmac_sha256

# RFC 4231, section 4: key, data, MAC (test case 5 has only the first 16 bytes)
VECTORS = (
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)


def test_the_rfc_4231_vectors():
    for key, data, mac in VECTORS:
        expected = unhexlify(mac)
        assert hmac_sha256(key, data)[: len(expected)] == expected


def test_parts_are_joined_wherever_they_are_cut():
    key, data, mac = VECTORS[6]
    for cut in (0, 1, 63, 64, 65, len(data)):
        assert hmac_sha256(key, data[:cut], memoryview(data)[cut:]) == unhexlify(mac)


def test_one_key_serves_many_messages():
    mac = Mac(b"Jefe")
    first = mac.digest(b"what do ya want ", b"for nothing?")
    mac.digest(b"something else")
    assert mac.digest(b"what do ya want for nothing?") == first == unhexlify(VECTORS[1][2])


def test_a_key_of_exactly_one_block_is_not_hashed():
    assert hmac_sha256(b"k" * 64, b"") != hmac_sha256(b"k" * 65, b"")
    assert hmac_sha256(b"k" * 63 + b"\0", b"") == hmac_sha256(b"k" * 63, b"")  # RFC 2104: padded with zeros


def test_equal_sees_every_differing_bit():
    mac = hmac_sha256(b"key", b"data")
    assert equal(mac, bytes(mac))
    assert equal(mac, bytearray(mac))
    for bit in range(256):
        wrong = bytearray(mac)
        wrong[bit >> 3] ^= 1 << (bit & 7)
        assert not equal(mac, wrong)


def test_equal_refuses_other_lengths():
    assert not equal(b"abc", b"abcd")
    assert not equal(b"abc", b"")
    assert equal(b"", b"")


class Watched:
    """Bytes that count how often they are looked at."""

    def __init__(self, data):
        self.data = data
        self.looks = 0

    def __len__(self):
        return len(self.data)

    def __getitem__(self, place):
        self.looks += 1
        return self.data[place]


def test_equal_looks_at_all_bytes_wherever_they_differ():
    for wrong in (b"X" + b"a" * 31, b"a" * 31 + b"X", b"X" * 32, b"a" * 32):
        watched = Watched(wrong)
        equal(watched, b"a" * 32)
        assert watched.looks == 32


def test_a_key_costs_no_more_memory_than_its_two_pads():
    """A collection that garbage brings about holds up the door."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    Mac(bytes(32))
    after = gc.mem_alloc()
    gc.enable()
    assert after - before < 1024, after - before
