"""A TLS handshake that fails for want of memory is told as that, and no other failure is."""

import io

from scripted_broker import HURRY, client_for, drive, error_of, say, silent


class NoTls:
    """Makes sessions that fail as those that have no memory do: badly signed, ENOMEM, or silent."""

    def __init__(self, error):
        self.error = error

    def wrap_socket(self, sock, **options):
        if self.error:
            raise self.error
        return sock


class NeverReady(io.IOBase):
    """A session whose handshake never gets on."""

    def wrap_socket(self, sock, **options):
        return self

    def write(self, data):
        return None

    def ioctl(self, request, argument):
        return 0

    def close(self):
        pass


def _handshake(error, free):
    """What connect() says where ESP-IDF has so much."""
    said = []

    async def story(broker):
        client = client_for(broker, HURRY, tls=NoTls(error))
        client.idf_free = free
        said.append(await error_of(client.connect("127.0.0.1")))

    drive(silent, story)
    return said[0]


BAD = ValueError("\nThe certificate is not correctly signed by the trusted CA\n")


def test_a_handshake_without_memory_is_told_as_that():
    for error in (BAD, OSError(12)):
        assert _handshake(error, lambda: 33_000) == "no memory for TLS: 33000 bytes free, 38000 needed"


def test_a_bad_certificate_is_told_as_that_where_there_is_memory():
    for free in (lambda: 40_000, lambda: None, None):
        assert "not correctly signed" in _handshake(BAD, free)


def test_a_silence_in_the_handshake_is_told_by_the_memory_there_was():
    async def story(broker):
        for free, word in ((33_000, "no memory for TLS"), (40_000, "no answer in time")):
            client = client_for(broker, HURRY, tls=NeverReady())
            client.idf_free = lambda free=free: free
            assert word in await error_of(client.connect("127.0.0.1"))

    drive(silent, story)


def test_a_broker_that_refuses_after_the_handshake_is_not_taken_for_a_lack_of_memory():
    async def story(broker):
        client = client_for(broker, tls=NoTls(None))
        client.idf_free = lambda: 33_000
        assert await error_of(client.connect("127.0.0.1")) == "refused by the broker"

    async def script(broker, reader, writer):
        await broker.packet(reader)
        await say(writer, b"\x20\x02\0\x05")
        await silent(broker, reader, writer)

    drive(script, story)
