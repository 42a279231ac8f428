"""A port of the loopback that is ours, also while nobody listens there."""

import socket


class HeldPort:
    """Bound to what does not listen: the system gives its number to nobody else.

    Whoever names it may listen there by SO_REUSEADDR (Mosquitto and asyncio set it), and again after an end;
    until then connections are refused.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Let it go; whoever listens there keeps it."""
        self._socket.close()
