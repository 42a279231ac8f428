"""Time from the network: only an answer to what was asked, from a server that knows the time."""

import asyncio
import os
import struct

from scripted_resolver import Server, drive

from link.sntp import ask, read_reply

AT = 1_790_000_000
COOKIE = bytes(range(8))


def reply(cookie=COOKIE, at=AT + 2208988800, first=0x24, stratum=2, fraction=0):
    head = bytes((first, stratum)) + bytes(22)
    return head + cookie + bytes(8) + struct.pack(">II", at & 0xFFFFFFFF, fraction)


def is_refused(data, cookie=COOKIE):
    try:
        read_reply(data, cookie)
    except ValueError:
        return True
    return False


def test_a_right_answer_gives_the_time():
    assert read_reply(reply(), COOKIE) == AT
    assert read_reply(reply(first=0x1C), COOKIE) == AT, "version 3"
    assert read_reply(reply(first=0x64), COOKIE) == AT, "a leap second is coming"
    assert read_reply(reply(fraction=0x80000000), COOKIE) == AT + 1, "the nearest second"
    assert read_reply(reply() + bytes(20), COOKIE) == AT, "with an authenticator"


def test_era_1_begins_in_2036():
    last = 0xFFFFFFFF - 2208988800
    assert read_reply(reply(at=0xFFFFFFFF), COOKIE) == last
    assert read_reply(reply(at=1), COOKIE) == last + 2
    assert read_reply(reply(at=100_000_000), COOKIE) == last + 100_000_001


def test_wrong_answers_are_refused():
    assert is_refused(reply(cookie=bytes(8))), "an answer to somebody else"
    assert is_refused(reply(first=0x23)), "a client's packet sent back"
    assert is_refused(reply(first=0x25)), "a broadcast"
    assert is_refused(reply(first=0xE4)), "not synchronised"
    assert is_refused(reply(first=0x14)), "version 2"
    assert is_refused(reply(stratum=0)), "a kiss of death"
    assert is_refused(reply(stratum=16)), "not synchronised"
    assert is_refused(reply(at=0)), "no time"
    for size in range(48):
        assert is_refused(reply()[:size]), size
    for _ in range(500):
        assert is_refused(os.urandom(48))


def test_it_waits_out_forged_answers_and_asks_again_where_one_is_lost():
    def script(query):
        assert len(query) == 48
        assert query[0] == 0x23
        assert query[1:40] == bytes(39), "nothing of the lock's own clock"
        if len(server.queries) == 1:
            return []
        cookie = query[40:]
        return [reply(bytes(8), AT + 1), b"", os.urandom(48), reply(cookie, stratum=0), reply(cookie)]

    server = Server(script)

    async def story():
        assert await ask(*server.address, 700) == AT

    drive([server], story)
    assert len(server.queries) == 2
    assert server.queries[0][40:] != server.queries[1][40:]


def test_a_silent_server_holds_up_nobody():
    server = Server(lambda query: [])
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep_ms(5)

    async def story():
        ticker = asyncio.create_task(tick())
        assert await ask(*server.address, 150) is None
        ticker.cancel()

    drive([server], story)
    assert len(ticks) > 30
    assert len(server.queries) == 3
