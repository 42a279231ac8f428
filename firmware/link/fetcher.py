"""Brings blobs, with code that is there only meanwhile."""

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from link.subscriptions import Subscriptions


class Fetcher:
    """`pace` is awaited between two steps; patience_ms is for one chunk, or for a connection to come back."""

    def __init__(
        self, topics: "Subscriptions", pace: "Callable[[], Awaitable[None]]", patience_ms: int = 30_000
    ) -> None:
        self._topics, self._pace, self._patience = topics, pace, patience_ms

    async def fetch(self, sha256: str, size: int, path: str) -> None:
        """Have the blob of this hash (64 hexadecimal digits) and size (bytes) whole at path. BlobError."""
        async with Loan():
            from link.blobs import fetch

            await fetch(self._topics, sha256, size, path, self._pace, self._patience)
