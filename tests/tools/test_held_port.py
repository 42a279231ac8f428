"""A port that somebody will listen at is nobody else's until then, and in between."""

import contextlib
import socket

from menshen.simulator.held_port import HeldPort


def test_nobody_else_gets_it_and_its_owner_listens_there_again_and_again() -> None:
    with contextlib.closing(HeldPort()) as held:
        for _ in range(3):
            with socket.socket() as stranger, contextlib.suppress(OSError):
                stranger.bind(("127.0.0.1", held.number))
                raise AssertionError("taken by a stranger")
            with socket.socket() as caller:
                assert caller.connect_ex(("127.0.0.1", held.number)), "nobody listens"
            with socket.create_server(("127.0.0.1", held.number)), socket.socket() as caller:
                assert caller.connect_ex(("127.0.0.1", held.number)) == 0
