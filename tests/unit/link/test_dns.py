"""The resolver: right answers taken, wrong ones waited out, and the loop never stopped."""

import asyncio
import os
from struct import pack

from scripted_resolver import (
    ANSWER,
    ASKED,
    HOST,
    HURRY,
    PATIENT,
    Server,
    drive,
    fails,
    lookup,
    record,
    reply,
    right,
    silent,
)

from link.dns import _received, question, read_reply
from link.lookup import _all_servers, is_numeric


def test_it_finds_the_address():
    server = Server(right)

    async def story():
        assert await lookup([server.address]).resolve(HOST, PATIENT) == "10.1.2.3"

    drive([server], story)
    query = server.queries[0]
    assert query[2:12] == b"\x01\0\0\x01\0\0\0\0\0\0", "one question, recursion desired"
    assert query[12:] == b"\x06broker\x07menshen\x04test\0\0\x01\0\x01"


def test_a_numeric_host_asks_nobody():
    async def story():
        resolver = lookup([])
        assert await resolver.resolve("192.168.1.7", HURRY) == "192.168.1.7"
        assert await fails(resolver, "192.168.1.777")

    drive([], story)
    assert not any(is_numeric(host) for host in ("", "1.2.3", "1.2.3.4.5", "a.b.c.d", "1.2.3.256", "1.2..3"))
    assert not any(is_numeric(host) for host in ("1.2.3.-4", "1.2.3.0004", " 1.2.3.4", "::1"))


def test_every_query_has_its_own_id():
    server = Server(right)

    async def story():
        for _ in range(16):
            await lookup([server.address]).resolve(HOST, PATIENT)

    drive([server], story)
    assert len({query[:2] for query in server.queries}) > 12


def test_answers_to_other_questions_are_waited_out():
    other = question("evil.menshen.test")

    def forging(query):
        wrong_id = bytes((query[0] ^ 1, query[1]))
        evil = (record(1, b"\x06\x06\x06\x06"),)
        return [
            reply(wrong_id + query[2:], evil),
            reply(query, evil, asked=other),
            reply(query, evil, flags=0x0100),  # a query, not a reply
            reply(query, evil, asked=ASKED[:-4] + b"\0\x1c\0\x01"),  # AAAA
            b"",
            query[:2],
            os.urandom(100),
            reply(query),
        ]

    server = Server(forging)

    async def story():
        assert await lookup([server.address]).resolve(HOST, PATIENT) == "10.1.2.3"

    drive([server], story)
    assert len(server.queries) == 1


def test_an_answer_cut_anywhere_is_no_answer():
    whole = reply(b"id" + bytes(10) + ASKED)
    assert read_reply(whole, b"id", ASKED) == ("10.1.2.3", 60)
    for size in range(len(whole)):
        try:
            found = read_reply(whole[:size], b"id", ASKED)
        except (ValueError, IndexError):
            found = None
        assert found is None, size


def test_where_memory_is_short_the_beginning_of_an_answer_is_enough():
    class Socket:
        """There is a piece of memory for this many bytes, and for no more."""

        @staticmethod
        def recv(size):
            if size > 128:
                raise MemoryError
            return answer[:size]

    ident, asked = b"ab", question(HOST)
    head = ident + b"\x81\x80\0\x01\0\x01\0\0\0\0" + asked
    answer = head + b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x01\x02\x03"
    assert read_reply(_received(Socket), ident, asked)[0] == "10.1.2.3"


def test_compression_pointers_in_a_circle_do_no_harm():
    query = b"id" + bytes(10) + ASKED
    place = len(query)
    circle = pack(">H", 0xC000 | place)
    assert read_reply(reply(query, (record(1, b"\x01\x02\x03\x04", name=circle),)), b"id", ASKED)
    for name in (b"\x40", b"\x80a", b"\x3f" * 70, b"\x01a" * 400, b"\xc0"):
        try:
            assert read_reply(reply(query, (name,)), b"id", ASKED) is None
        except (ValueError, IndexError):
            pass


def test_garbage_never_raises_anything_else():
    query = b"id" + bytes(10) + ASKED
    for _ in range(500):
        garbage = bytearray(reply(query, (ANSWER, os.urandom(40))))
        for _ in range(4):
            garbage[int.from_bytes(os.urandom(2), "big") % len(garbage)] = os.urandom(1)[0]
        try:
            read_reply(bytes(garbage), b"id", ASKED)
        except (ValueError, IndexError):
            pass


def test_an_alias_is_passed_over():
    alias = record(5, b"\x03www\xc0\x0c")
    long_name = record(1, b"\x0a\x01\x02\x03", name=b"\x03www\x04test\0")
    answers = (alias, record(28, bytes(16)), record(1, b"\x01\x02\x03"), long_name)
    assert read_reply(reply(b"id" + bytes(10) + ASKED, answers), b"id", ASKED) == ("10.1.2.3", 60)


def test_capitals_in_the_answer_are_the_same_name():
    upper = ASKED[:19].upper() + ASKED[19:]
    assert read_reply(reply(b"id" + bytes(10), asked=upper), b"id", ASKED)


def test_an_answer_that_was_cut_off_is_none():
    server = Server(lambda query: [reply(query, flags=0x8380)])

    async def story():
        assert await fails(lookup([server.address]))

    drive([server], story)


def test_no_such_host_and_no_address():
    """Who says that there is none is not asked again."""
    server = Server(lambda query: [reply(query, (), flags=0x8183)])
    empty = Server(lambda query: [reply(query, ())])

    async def story():
        assert await fails(lookup([server.address]))
        assert await fails(lookup([empty.address]))

    drive([server, empty], story)
    assert len(server.queries) == len(empty.queries) == 1


def test_the_next_server_helps_where_the_first_is_silent_or_refuses():
    good = Server(right)

    async def story(bad):
        resolver = lookup([bad.address, good.address])
        assert await resolver.resolve(HOST, 6000) == "10.1.2.3"

    async def stories():
        for script in (silent, lambda query: [reply(query, (), flags=0x8182)], lambda query: [b"\xff" * 60]):
            bad = Server(script)
            running = asyncio.create_task(bad.run())
            await story(bad)
            running.cancel()
            bad.sock.close()
            await story(bad)  # now its port is closed

    drive([good], stories)


def test_a_lost_datagram_is_asked_for_again():
    lost = []

    def losing(query):
        lost.append(query)
        return [] if len(lost) < 2 else [reply(query)]

    server = Server(losing)

    async def story():
        assert await lookup([server.address]).resolve(HOST, PATIENT // 5) == "10.1.2.3"

    drive([server], story)


def test_the_loop_goes_on_while_every_server_is_silent():
    servers = [Server(silent), Server(silent)]
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep_ms(5)

    async def story():
        ticker = asyncio.create_task(tick())
        assert await fails(lookup([server.address for server in servers]), timeout_ms=600)
        ticker.cancel()

    drive(servers, story)
    assert len(ticks) > 30


def test_with_no_server_at_all_it_fails_at_once():
    async def story():
        assert await fails(lookup([]), timeout_ms=60_000)
        assert await fails(lookup([], lambda: "0.0.0.0"), timeout_ms=60_000)
        assert await fails(lookup([("resolver.example", 53)]), timeout_ms=60_000), "a name would block"

    drive([], story)


def test_the_access_points_server_comes_after_those_of_the_settings():
    assert _all_servers([("10.0.0.1", 5353)], lambda: "10.0.0.53") == [("10.0.0.1", 5353), ("10.0.0.53", 53)]


def test_the_longest_time_to_live_is_an_hour():
    answer = (record(1, b"\x0a\x01\x02\x03", ttl=0xFFFFFFFF),)
    assert read_reply(reply(b"id" + bytes(10) + ASKED, answer), b"id", ASKED) == ("10.1.2.3", 3600)


def test_impossible_names_are_refused():
    async def story():
        for host in ("", ".", "a..b", "x" * 64 + ".test", "ab." * 100 + "test", ".test"):
            assert await fails(lookup([]), host), host

    drive([], story)


NEVER = (
    b"\0\0\0\0", b"\0\1\2\3", b"\x7f\0\0\1", b"\x7f\x35\0\x35", b"\xe0\0\0\xfb", b"\xef\xff\xff\xfa",
    b"\xf0\0\0\1", b"\xff\xff\xff\xff",
)  # fmt: skip


def test_an_address_where_no_broker_can_be_is_no_answer():
    for address in NEVER:
        lie = record(1, address)
        assert read_reply(reply(b"idxxxxxxxxxx" + ASKED, (lie,)), b"id", ASKED) is None, address
        for answers in ((lie, ANSWER), (ANSWER, lie), (lie, lie, ANSWER)):
            found = read_reply(reply(b"idxxxxxxxxxx" + ASKED, answers), b"id", ASKED)
            assert found == ("10.1.2.3", 60), address
    for address in (b"\1\1\1\1", b"\x7e\0\0\1", b"\x80\0\0\1", b"\xdf\xff\xff\xfe", b"\xa9\xfe\1\1"):
        assert read_reply(reply(b"idxxxxxxxxxx" + ASKED, (record(1, address),)), b"id", ASKED)


def test_the_second_server_is_asked_where_the_first_one_lies():
    for address in NEVER:
        liar = Server(lambda query, address=address: [reply(query, (record(1, address),))])
        server = Server(right)

        async def story(servers=(liar.address, server.address)):
            assert await lookup(list(servers)).resolve(HOST, PATIENT) == "10.1.2.3"

        drive([liar, server], story)


def test_a_lie_does_not_take_the_place_of_a_good_address():
    server = Server(right)

    async def story():
        resolver = lookup([server.address])
        await resolver.resolve(HOST, PATIENT)
        for address in NEVER:
            server.script = lambda query, address=address: [reply(query, (record(1, address),))]
            resolver.doubt(HOST)
            assert await resolver.resolve(HOST, PATIENT) == "10.1.2.3"

    drive([server], story)
