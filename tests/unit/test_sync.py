"""Credential lists from the network: taken when signed, newer and whole; else refused with the reason."""

import asyncio
import json

from link.envelope import encode
from link.sync import Sync
from storage.hmac import hmac_sha256

KEY = bytes(range(32))
TOPIC = b"menshen/v1/demo/list"


def records(*digests):
    return b"".join(bytes((digest,)) * 16 + b"\x01\x02" + bytes(14) for digest in digests)


def sign(payload, lock="demo", key=KEY, purpose=b"menshen list v1"):
    header = encode('{"alg":"HS256","kid":"KID"}'.replace("KID", lock).encode())
    signed = header + b"." + encode(json.dumps(payload).encode())
    return signed + b"." + encode(hmac_sha256(hmac_sha256(key, purpose), signed))


def offer(version, data=None, lock="demo"):
    data = records(1, 2, 3) if data is None else data
    return {"lock": lock, "version": version, "records": encode(data).decode()}


def changed(name, value):
    payload = offer(9)
    payload[name] = value
    return payload


class Lock:
    """Keeps what is installed and said; `fault` is raised by install."""

    def __init__(self, held=3, fault=None):
        self.held = held
        self.fault = fault
        self.records = b"old"
        self.said = []
        self.sync = Sync("demo", KEY, lambda: self.held, self.install, self)

    def install(self, version, data):
        if self.fault is not None:
            raise self.fault
        self.held, self.records = version, bytes(data)

    def accepted(self, version, base, digest):
        self.said.append((version, "accepted"))

    def refused(self, version, reason):
        self.said.append((version, reason))

    def get(self, message, topic=TOPIC):
        asyncio.run(self.sync.on_message(topic, message))
        return self


def test_it_listens_to_the_list_of_its_own_lock():
    assert Lock().sync.topic == "menshen/v1/demo/list"


def test_a_newer_list_is_installed_and_acknowledged():
    lock = Lock(held=3).get(sign(offer(4)))
    assert (lock.held, lock.records, lock.said) == (4, records(1, 2, 3), [(4, "accepted")])


def test_versions_may_be_skipped_and_messages_be_any_buffer():
    lock = Lock(held=3).get(bytearray(sign(offer(400))))
    assert lock.said == [(400, "accepted")]


def test_the_list_held_already_is_passed_over_in_silence():
    lock = Lock(held=3).get(sign(offer(3))).get(sign(offer(3, records(9))))
    assert (lock.records, lock.said) == (b"old", [])


def test_a_retained_list_repeated_at_each_connection_is_acknowledged_once():
    lock = Lock(held=3)
    for _ in range(5):
        lock.get(sign(offer(4)))
    assert lock.said == [(4, "accepted")]


def test_an_older_list_never_comes_back():
    lock = Lock(held=3)
    for version in (1, 2):
        lock.get(sign(offer(version)))
    assert (lock.held, lock.records) == (3, b"old")
    assert lock.said == [(1, "old version"), (2, "old version")]


def test_forgeries_are_refused():
    for message, reason in (
        (sign(offer(9), key=bytes(32)), "bad signature"),
        (sign(offer(9), purpose=b"menshen command v1"), "bad signature"),
        (sign(offer(9))[:-43] + sign(offer(8))[-43:], "bad signature"),
        (sign(offer(9), lock="other"), "wrong lock"),
        (b"", "malformed"),
        (b"{}", "malformed"),
        (json.dumps(offer(9)).encode(), "malformed"),
    ):
        lock = Lock().get(message)
        assert (lock.records, lock.said) == (b"old", [(None, reason)])


def test_a_list_for_another_lock_is_refused_though_signed_with_this_key():
    lock = Lock().get(sign(offer(9, lock="other")))
    assert (lock.records, lock.said) == (b"old", [(None, "wrong lock")])


def test_a_message_too_long_is_refused():
    lock = Lock().get(None)
    assert lock.said == [(None, "too large")]


def test_what_is_signed_and_makes_no_sense_is_malformed():
    for version in (0, -1, "9", 9.5, True, None, 1 << 30, [9]):
        lock = Lock().get(sign(changed("version", version)))
        assert (lock.records, lock.said) == (b"old", [(None, "malformed")]), version
    lock = Lock().get(sign(changed("more", 1)))
    assert (lock.records, lock.said) == (b"old", [(None, "malformed")])
    for missing in ("version", "records"):
        payload = offer(9)
        del payload[missing]
        lock = Lock().get(sign(payload))
        assert (lock.records, lock.said) == (b"old", [(None, "malformed")]), missing
    for wrong in (None, 7, [], {}, "A", "AA==", "a b", "\u00e9\u00e9"):
        lock = Lock().get(sign(changed("records", wrong)))
        assert (lock.records, lock.said) == (b"old", [(9, "malformed")]), wrong


def test_records_must_be_whole_and_rise():
    for wrong in (records(1)[:-1], records(1) + b"x", records(2, 1), records(1, 1), records(1, 3, 2)):
        lock = Lock().get(sign(offer(9, wrong)))
        assert (lock.records, lock.said) == (b"old", [(9, "bad records")])


def test_a_hundred_records_fit():
    many = records(*range(1, 101))
    lock = Lock().get(sign(offer(9, many)))
    assert (lock.records, lock.said) == (many, [(9, "accepted")])


class Named(Exception):
    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def test_a_list_that_cannot_be_kept_is_refused_with_the_reason():
    for fault, reason in (
        (OSError(28), "flash full"),
        (OSError(5), "flash error"),
        (MemoryError(), "no memory"),
        (Named("flash full"), "flash full"),
        (Named("bad records"), "bad records"),
        (Named("free text about a tenant"), "bad records"),
        (ValueError("anything"), "bad records"),
    ):
        lock = Lock(fault=fault).get(sign(offer(9)))
        assert (lock.held, lock.records, lock.said) == (3, b"old", [(9, reason)])


def test_after_a_refusal_the_next_good_list_is_taken():
    lock = Lock(fault=OSError(28)).get(sign(offer(9)))
    lock.fault = None
    lock.get(sign(offer(9)))
    assert lock.said == [(9, "flash full"), (9, "accepted")]


def test_an_install_that_takes_its_time_is_waited_for():
    lock = Lock()

    async def slowly(version, data):
        await asyncio.sleep_ms(20)
        if lock.fault:
            raise lock.fault
        lock.held = version

    lock.sync = Sync("demo", KEY, lambda: lock.held, slowly, lock)
    lock.get(sign(offer(9)))
    assert (lock.held, lock.said) == (9, [(9, "accepted")])
    lock.fault = OSError(28)
    lock.get(sign(offer(10)))
    assert (lock.held, lock.said[1:]) == (9, [(10, "flash full")])


def test_other_topics_are_nobodys_business():
    lock = Lock()
    for topic in (b"menshen/v1/other/list", b"menshen/v1/demo/command", b"menshen/v1/demo/list/x", b""):
        lock.get(sign(offer(9)), topic)
    assert (lock.records, lock.said) == (b"old", [])
