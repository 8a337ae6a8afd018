"""A store that the current settings cannot reach: every request fails with the reason."""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.ports.stores import FetchingSource, Opener, PostingSource, Presence
from usenetsync_tui.model.segments import Article, Receipt, SharedMemory
from usenetsync_tui.store.one_by_one import fetch_one_by_one, post_one_by_one


class OutOfReach:
    """Stands in for a realm whose server or key is missing, so that other realms still restore."""

    lanes: int | None = None
    fetching_lanes: int | None = None
    inquiries = 1

    def __init__(self, why: str) -> None:
        self._why = why

    async def expect(self, memory: SharedMemory) -> None:
        """Nothing has to start."""

    async def post(self, article: Article) -> Receipt:
        """`StoreError`."""
        raise StoreError(self._why, whole=True)

    async def post_from(self, source: PostingSource) -> None:
        """Post a source's articles."""
        await post_one_by_one(self.post, source)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Every Message-ID is unknown."""
        return Presence(unknown=dict.fromkeys(message_ids, self._why))

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """`StoreError`."""
        raise StoreError(self._why, whole=True)

    async def fetch_from(self, source: FetchingSource) -> None:
        """Fetch a source's articles."""
        await fetch_one_by_one(self.fetch, source)
