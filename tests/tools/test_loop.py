"""The simulator's event loop outlives a socket that somebody else has closed."""

import asyncio
import socket

from menshen.simulator.loop import new_loop


def test_a_socket_that_was_closed_stops_nobody_else() -> None:
    ours, theirs = socket.socketpair()
    heard = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        closed, other = socket.socketpair()
        other.close()
        loop.add_reader(closed.fileno(), heard.append, "closed")
        closed.close()
        loop.add_reader(ours, lambda: heard.append(ours.recv(10)))
        theirs.send(b"alive")
        async with asyncio.timeout(60):
            while not heard:  # noqa: ASYNC110 (the reader is a bare callback)
                await asyncio.sleep(0.001)
        loop.remove_reader(ours)

    with ours, theirs, asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(story())
    assert heard == [b"alive"]
