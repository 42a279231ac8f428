"""Signed messages: one right form is accepted, and everything else is refused with its reason."""

import json

from link.envelope import decode, encode, verify
from link.errors import Refused
from storage.hmac import hmac_sha256

KEY = bytes(range(32))
PURPOSE = b"menshen list v1"
HEADER = '{"alg":"HS256","kid":"demo"}'
PAYLOAD = {"lock": "demo", "version": 3, "records": ""}

# Made by CPython's hmac and base64 modules.
KNOWN = (
    b"eyJhbGciOiJIUzI1NiIsImtpZCI6ImRlbW8ifQ.eyJsb2NrIjoiZGVtbyIsInZlcnNpb24iOjMsInJlY29yZHMiOiIifQ."
    b"oeh6f9Oe-MYjS4b8q8kVQ1m1zMiZiNbuNIzX9t_z7LY"
)


def sign(header, payload, key=KEY, purpose=PURPOSE):
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = encode(header.encode()) + b"." + encode(text)
    return signed + b"." + encode(hmac_sha256(hmac_sha256(key, purpose), signed))


def refusal(message, kid="demo", key=KEY, purpose=PURPOSE):
    try:
        verify(message, kid, key, purpose)
    except Refused as error:
        return error.reason
    return None


def test_a_message_made_elsewhere_is_accepted():
    assert verify(KNOWN, "demo", KEY, PURPOSE) == PAYLOAD


def test_any_buffer_will_do():
    assert verify(bytearray(KNOWN), "demo", KEY, PURPOSE) == PAYLOAD


def test_every_single_changed_character_is_refused():
    for place in range(len(KNOWN)):
        wrong = bytearray(KNOWN)
        wrong[place] = ord("A") if wrong[place] != ord("A") else ord("B")
        assert refusal(wrong) in ("bad signature", "malformed", "wrong lock"), place


def test_a_message_cut_or_lengthened_anywhere_is_refused():
    for size in range(len(KNOWN)):
        assert refusal(KNOWN[:size]), size
        assert refusal(KNOWN[size + 1 :]), size
    for more in (b"A", b"=", b"\n", b".", b" ", b".AAAA"):
        assert refusal(KNOWN + more), more
        assert refusal(more + KNOWN), more


def test_another_key_or_purpose_is_a_bad_signature():
    assert refusal(KNOWN, key=bytes(32)) == "bad signature"
    assert refusal(KNOWN, purpose=b"menshen command v1") == "bad signature"
    assert refusal(sign(HEADER, PAYLOAD, purpose=b"")) == "bad signature"


def test_the_key_itself_does_not_sign():
    signed = encode(HEADER.encode()) + b"." + encode(json.dumps(PAYLOAD).encode())
    assert refusal(signed + b"." + encode(hmac_sha256(KEY, signed))) == "bad signature"


def test_another_lock_is_named_as_such():
    assert refusal(sign('{"alg":"HS256","kid":"other"}', PAYLOAD)) == "wrong lock"
    assert refusal(KNOWN, kid="other") == "wrong lock"


def test_the_algorithm_is_never_taken_from_the_message():
    for header in (
        '{"alg":"none","kid":"demo"}',
        '{"alg":"HS512","kid":"demo"}',
        '{"alg":"RS256","kid":"demo"}',
        '{"alg":"HS256"}',
        '{"kid":"demo","alg":"HS256"}',
        '{"alg":"HS256","kid":"demo","crit":["exp"]}',
        '{"alg":"HS256","kid":"demo","jwk":{}}',
        '{"alg": "HS256", "kid": "demo"}',
        HEADER + " ",
        "{}",
        "",
    ):
        assert refusal(sign(header, PAYLOAD)) in ("malformed", "wrong lock"), header
    unsigned = sign('{"alg":"none","kid":"demo"}', PAYLOAD)
    assert refusal(unsigned[: unsigned.rfind(b".") + 1]) == "malformed"


def test_the_payload_is_not_looked_at_before_the_signature():
    assert refusal(sign(HEADER, b"\xff not json", key=bytes(32))) == "bad signature"
    assert refusal(sign(HEADER, b"[" * 4000, key=bytes(32))) == "bad signature"


def test_a_signed_payload_that_is_no_object_is_malformed():
    for payload in (b"", b"[]", b"3", b"null", b'"x"', b"{} {}", b"\xff\xfe"):
        assert refusal(sign(HEADER, payload)) == "malformed", payload


def test_empty_and_strange_messages_are_malformed():
    for message in (b"", b".", b"..", b"." * 200, b"\0" * 200, b"A" * 200, b"{}" * 100):
        assert refusal(message) == "malformed", message


def test_a_message_beyond_the_bound_is_malformed():
    assert refusal(sign(HEADER, b"{" + b" " * 5800 + b"}")) is None
    assert refusal(sign(HEADER, b"{" + b" " * 6200 + b"}")) == "malformed"


def test_base64url_of_the_rfc():
    assert bytes(decode(b"AxY8DCtDaGlsbGljb3RoZQ")) == b"\x03\x16<\x0c+Chillicothe"
    assert bytes(decode(b"A-z_4ME")) == bytes((3, 236, 255, 224, 193))  # RFC 7515, appendix C
    assert encode(bytes((3, 236, 255, 224, 193))) == b"A-z_4ME"
    assert decode("") == b""


def test_base64url_both_ways_for_every_length():
    data = bytes(i * 7 & 0xFF for i in range(800))
    for size in list(range(12)) + [190, 191, 192, 193, 383, 384, 385, 800]:
        text = encode(data[:size])
        assert decode(text) == data[:size], size
        assert decode(text.decode()) == data[:size], size
        assert decode(memoryview(text)) == data[:size], size


def test_base64url_has_one_right_form():
    for text in (
        b"A",
        b"AAAAA",
        b"AA==",
        b"AAA=",
        b"AB",
        b"AAB",
        b"AA\n",
        b"A A",
        b"AA+A",
        b"AA/A",
        b"AAA.",
        b"=AAA",
        b"AAA\0",
        b"\xff\xff",
        b"AAAA====",
        b"A" * 257,
        b"A" * 256 + b"AA==",
        b"A" * 255 + b"=",
        "\u00e9A",
        "A\u00e9",
    ):
        try:
            decode(text)
            reason = None
        except Refused as error:
            reason = error.reason
        assert reason == "malformed", text
