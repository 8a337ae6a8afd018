"""The shards store: articles in 16 partitions of the catalogue's own PostgreSQL.

The store acknowledges an article before it is on disk, as the ledger does with its own
acknowledgements: both go through one write-ahead log, in order, so a crash never keeps the
"posted" without the article. A job ends with a flush of that log.
"""

from __future__ import annotations

from collections.abc import Collection

import psycopg
from anyio import to_thread

from usenetsync_tui.errors import ArticleMissingError, StoreError
from usenetsync_tui.model.ports import FetchingSource, Opener, PostingSource, Presence
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.postgres.pool import Pool, mapped_errors
from usenetsync_tui.postgres.queries import load_queries
from usenetsync_tui.store.one_by_one import fetch_one_by_one, post_one_by_one

_SQL = load_queries("usenetsync_tui.store", "shards.sql")


class ShardsStore:
    """Articles in the `articles` table of a pool's database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    lanes: int | None = None
    inquiries = 2

    async def post(self, article: Article) -> Receipt:
        """Insert the article; one that is already stored counts as posted (a wrong payload is
        replaced)."""
        if article.seal is not None:
            article = await to_thread.run_sync(article.leaving)
        try:
            with mapped_errors():
                async with self._pool.connection() as connection:
                    await connection.execute(
                        _SQL["post"],
                        {"message_id": article.message_id, "payload": article.payload},
                    )
        except psycopg.DataError as error:
            raise StoreError(str(error)) from error
        return Receipt()

    async def post_from(self, source: PostingSource) -> None:
        """Post a source's articles."""
        await post_one_by_one(self.post, source)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Which of the Message-IDs have a row."""
        with mapped_errors():
            async with self._pool.connection() as connection, connection.cursor(binary=True) as c:
                await c.execute(_SQL["present"], {"message_ids": list(message_ids)})
                return Presence({row[0] for row in await c.fetchall()})

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """The payload of a row, opened; `ArticleMissingError` without one."""
        with mapped_errors():
            async with self._pool.connection() as connection, connection.cursor(binary=True) as c:
                await c.execute(_SQL["fetch"], {"message_id": message_id})
                row = await c.fetchone()
        if row is None:
            raise ArticleMissingError(message_id.hex())
        return await to_thread.run_sync(opened, row[0])

    async def fetch_from(self, source: FetchingSource) -> None:
        """Fetch a source's articles."""
        await fetch_one_by_one(self.fetch, source)
