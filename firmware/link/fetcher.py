"""Fetches blobs; the code for that is loaded only meanwhile."""

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from link.subscriptions import Subscriptions


class Fetcher:
    """`pace` is awaited between two steps; `patience_ms` bounds the wait for a chunk or a connection."""

    def __init__(
        self, subscriptions: "Subscriptions", pace: "Callable[[], Awaitable[None]]", patience_ms: int = 30_000
    ) -> None:
        self._subscriptions, self._pace, self._patience = subscriptions, pace, patience_ms

    async def fetch(self, sha256: str, size: int, path: str) -> None:
        """Fetch the blob of a hash (64 hexadecimal digits) and size (bytes) to `path`. Raises BlobError."""
        async with Loan():
            from link.blobs import fetch

            await fetch(self._subscriptions, sha256, size, path, self._pace, self._patience)
