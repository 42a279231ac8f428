"""Signatures of releases: those of the library `cryptography` are good, and nothing that is near them."""

import asyncio

import pss_vectors as vectors
from release_signer import MODULUS, N, sign

from update.pss import verify

MESSAGE = b"a release"


def pieces(data):
    return [data[at : at + 48] for at in range(0, len(data), 48)]


def good(message, signature, modulus=MODULUS):
    return asyncio.run(verify(message, [pieces(signature), pieces(modulus)]))


def test_a_signature_made_elsewhere_is_good():
    assert good(vectors.MESSAGE, vectors.GOOD, vectors.MODULUS)
    assert good(memoryview(vectors.MESSAGE), bytearray(vectors.GOOD), vectors.MODULUS)


def test_other_kinds_of_signature_are_none():
    for signature in (vectors.SHORT_SALT, vectors.SHA1_MASK, vectors.SHA512, vectors.PKCS1):
        assert not good(vectors.MESSAGE, signature, vectors.MODULUS)


def test_every_bit_counts():
    for at in range(0, 384, 13):
        changed = bytearray(vectors.GOOD)
        changed[at] ^= 1 << at % 8
        assert not good(vectors.MESSAGE, changed, vectors.MODULUS), at
    assert not good(vectors.MESSAGE + b" ", vectors.GOOD, vectors.MODULUS)
    assert not good(vectors.MESSAGE, vectors.GOOD, MODULUS)


def test_a_wrong_encoding_is_seen():
    assert good(MESSAGE, sign(MESSAGE))
    assert good(MESSAGE, sign(MESSAGE, bytes(range(32))))
    for mistake in ({"trailer": 0xBB}, {"separator": 2}, {"zeros": 5}, {"zeros": 300}, {"salt": bytes(31)}):
        assert not good(MESSAGE, sign(MESSAGE, **mistake)), mistake


def test_numbers_out_of_range_are_none():
    number = int.from_bytes(sign(MESSAGE), "big")
    for signature in (
        b"",
        bytes(383),
        bytes(385),
        bytes(384),
        N.to_bytes(384, "big"),
        (N - number).to_bytes(384, "big"),
        b"\xff" * 384,
    ):
        assert not good(MESSAGE, signature)
    assert not good(MESSAGE, sign(MESSAGE), b"\x7f" + MODULUS[1:])
    assert not good(MESSAGE, sign(MESSAGE), MODULUS[1:])
