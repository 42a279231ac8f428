"""What is remembered of addresses, for how long, and over what."""

from ram_numbers import RamNvs
from scripted_resolver import HOST, HURRY, PATIENT, Server, drive, fails, lookup, record, reply, right, silent

import link.resolver


def test_an_answer_is_kept_for_its_time_and_outlives_an_outage():
    server = Server(right)

    async def story():
        resolver = lookup([server.address])
        await resolver.resolve(HOST, PATIENT)
        assert await resolver.resolve(HOST, PATIENT) == "10.1.2.3"
        assert len(server.queries) == 1, "it was still good"
        server.script = silent
        resolver.doubt(HOST)
        assert await resolver.resolve(HOST, HURRY) == "10.1.2.3"
        assert len(server.queries) > 1, "it was asked for, and nobody answered"
        server.script = lambda query: [reply(query, (record(1, b"\x0a\x09\x09\x09"),))]
        assert await resolver.resolve(HOST, PATIENT) == "10.9.9.9", "a doubtful one is replaced"

    drive([server], story)


def test_an_answer_without_a_time_to_live_is_asked_for_again():
    server = Server(lambda query: [reply(query, (record(1, b"\x0a\x01\x02\x03", ttl=0),))])

    async def story():
        resolver = lookup([server.address])
        await resolver.resolve(HOST, PATIENT)
        await resolver.resolve(HOST, PATIENT)

    drive([server], story)
    assert len(server.queries) == 2


def test_the_memory_does_not_fill_with_hosts():
    server = Server(right)

    async def story():
        resolver = lookup([server.address])
        for number in range(20):
            await resolver.resolve("host{}.test".format(number), PATIENT)
        assert len(resolver._cache) <= 4

    drive([server], story)


def test_the_address_of_a_broker_that_was_found_outlives_the_power():
    server, nvs = Server(right), RamNvs()

    async def story():
        resolver = lookup([server.address], nvs=nvs)
        assert await resolver.resolve(HOST, PATIENT) == "10.1.2.3"
        assert nvs.commits == 0, "nobody knows yet whether the broker is there"
        for _ in range(5):
            await resolver.proved(HOST)
        assert nvs.commits == 1
        server.script = silent
        nvs.restart()
        again = lookup([server.address], nvs=nvs)
        assert await again.resolve(HOST, HURRY) == "10.1.2.3"
        assert await fails(again, "other.menshen.test")
        server.script = right
        asked = len(server.queries)
        await again.resolve(HOST, PATIENT)
        assert len(server.queries) > asked, "as soon as somebody answers it is asked for"

    drive([server], story)


def test_a_host_that_is_gone_is_still_tried_where_it_was():
    """A resolver that lies, or a domain that ran out, does not cut the lock off."""
    server, nvs = Server(right), RamNvs()

    async def story():
        resolver = lookup([server.address], nvs=nvs)
        await resolver.resolve(HOST, PATIENT)
        server.script = lambda query: [reply(query, (), flags=0x8183)]
        resolver.doubt(HOST)
        assert await resolver.resolve(HOST, PATIENT) == "10.1.2.3"

    drive([server], story)


def test_a_broken_nvs_is_no_hindrance():
    server, nvs = Server(right), RamNvs()
    nvs.full = True

    async def story():
        resolver = lookup([server.address], nvs=nvs)
        await resolver.resolve(HOST, PATIENT)
        resolver.proved(HOST)
        resolver.proved("unknown.test")

    drive([server], story)


def test_without_memory_to_store_an_address_a_session_goes_on():
    class Short:
        async def __aenter__(self):
            raise MemoryError

        async def __aexit__(self, *error):
            pass

    async def story():
        resolver = lookup([])
        resolver._cache[HOST] = "10.1.2.3", None
        loan, link.resolver.Loan = link.resolver.Loan, Short
        try:
            await resolver.proved(HOST)
        finally:
            link.resolver.Loan = loan

    drive([], story)


def finds_the_right_one_beside(lies):
    """One server tells these, one after the other; the lock has never seen its broker."""
    told = []

    def lie(query):
        told.append(lies[len(told) % len(lies)])
        return [reply(query, (record(1, told[-1]),))]

    liar, server = Server(lie), Server(right)

    async def story():
        resolver, found = lookup([liar.address, server.address]), set()
        while "10.1.2.3" not in found:
            assert len(told) < 60, found
            found.add(await resolver.resolve(HOST, PATIENT))
            resolver.doubt(HOST)

    drive([liar, server], story)


def test_a_server_that_lies_from_the_first_day_on_does_not_keep_the_lock_from_one_that_is_right():
    finds_the_right_one_beside((b"\x0a\x09\x09\x09",))
    finds_the_right_one_beside([bytes((10, 9, 9, n)) for n in range(200)])


def test_where_the_servers_insist_on_an_address_with_nobody_there_the_last_good_one_is_tried_too():
    server, nvs = Server(right), RamNvs()

    async def story():
        resolver = lookup([server.address], nvs=nvs)
        await resolver.resolve(HOST, PATIENT)
        await resolver.proved(HOST)
        server.script = lambda query: [reply(query, (record(1, b"\x0a\x09\x09\x09"),))]
        tried = []
        for _ in range(6):
            resolver.doubt(HOST)
            tried.append(await resolver.resolve(HOST, PATIENT))
        assert tried == ["10.9.9.9", "10.1.2.3"] * 3, tried

    drive([server], story)
