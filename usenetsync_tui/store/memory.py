"""The memory store: articles in this process. For trials and tests; lost when the process ends."""

from __future__ import annotations

from collections.abc import Collection

from anyio import to_thread

from usenetsync_tui.errors import ArticleMissingError
from usenetsync_tui.model.ports.stores import FetchingSource, Opener, PostingSource, Presence
from usenetsync_tui.model.segments import Article, Receipt, SharedMemory
from usenetsync_tui.store.one_by_one import fetch_one_by_one, post_one_by_one


class MemoryStore:
    """Articles in a dictionary."""

    def __init__(self) -> None:
        self.articles: dict[bytes, bytes] = {}

    lanes: int | None = None
    fetching_lanes: int | None = None
    inquiries = 1

    async def expect(self, memory: SharedMemory) -> None:
        """Nothing has to start."""

    async def post(self, article: Article) -> Receipt:
        """Store the payload; it replaces the one stored under the same Message-ID."""
        self.articles[article.message_id] = article.leaving()
        return Receipt()

    async def post_from(self, source: PostingSource) -> None:
        """Post a source's articles."""
        await post_one_by_one(self.post, source)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Which of the Message-IDs are stored."""
        return Presence({m for m in message_ids if m in self.articles})

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """The payload of a Message-ID, opened."""
        payload = self.articles.get(message_id)
        if payload is None:
            raise ArticleMissingError(message_id.hex())
        return await to_thread.run_sync(opened, payload)

    async def fetch_from(self, source: FetchingSource) -> None:
        """Fetch a source's articles."""
        await fetch_one_by_one(self.fetch, source)
