"""The shards store: articles in 16 partitions of the catalogue's own PostgreSQL.

A row holds a piece of an article, as much as fits a page; an earlier program made one row of it.

The store acknowledges an article before it is on disk, as the ledger does with its own
acknowledgements: both go through one write-ahead log, in order, so a crash never keeps the
"posted" without the article. A job ends with a flush of that log.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from functools import partial

import psycopg

from usenetsync_tui.errors import ArticleMissingError, StoreError
from usenetsync_tui.model.ports.stores import FetchingSource, Opener, PostingSource, Presence
from usenetsync_tui.model.segments import Article, Receipt, SharedMemory
from usenetsync_tui.postgres.copy import copy_packed
from usenetsync_tui.postgres.pool import Pool, mapped_errors
from usenetsync_tui.postgres.queries import load_queries
from usenetsync_tui.postgres.silence import HeardConnection

_SQL = load_queries("usenetsync_tui.store", "shards.sql")

_PIECE = 8_096
"""Bytes of a row. With its Message-ID, and what PostgreSQL adds, it fills a page of 8 KiB."""
_COLUMNS, _SIZE, _NUMBERED = struct.Struct(">h"), struct.Struct(">i"), struct.Struct(">ihi")
"""Of a row in the binary format: how many columns it has; the size of one; the size of a number,
the number, and the size of the column after it."""
_IDLE = 0.2
"""Seconds that a thread keeps its connection while the source has no article."""


class ShardsStore:
    """Articles in the `articles` table of a pool's database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    lanes: int | None = None
    fetching_lanes: int | None = None
    inquiries = 2

    async def exists(self) -> bool:
        """Whether the database has a table of articles at all."""
        with mapped_errors():
            async with self._pool.connection() as connection, connection.cursor() as cursor:
                await cursor.execute(_SQL["exists"])
                row = await cursor.fetchone()
        return row is not None and bool(row[0])

    async def expect(self, memory: SharedMemory) -> None:
        """Nothing has to start."""

    async def post(self, article: Article) -> Receipt:
        """Store the article; one that is already stored counts as posted (a wrong payload is
        replaced)."""
        with mapped_errors():
            async with self._pool.connection() as connection:
                posted = partial(_post, connection, article)
                return await connection.run_in(self._pool.threads, posted)

    async def post_from(self, source: PostingSource) -> None:
        """Post a source's articles in a thread, which keeps its connection meanwhile."""
        with mapped_errors():
            async with self._pool.connection() as connection:
                burst = partial(_post_from, connection, source)
                await connection.run_in(self._pool.threads, burst)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Which of the Message-IDs have a row."""
        with mapped_errors():
            async with self._pool.connection() as connection, connection.cursor(binary=True) as c:
                await c.execute(_SQL["present"], {"message_ids": list(message_ids)})
                return Presence({row[0] for row in await c.fetchall()})

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """The payload of a row, opened; `ArticleMissingError` without one."""
        with mapped_errors():
            async with self._pool.connection() as connection:
                fetched = partial(_fetch, connection, message_id, opened)
                return await connection.run_in(self._pool.threads, fetched)

    async def fetch_from(self, source: FetchingSource) -> None:
        """Fetch a source's articles in a thread, which keeps its connection meanwhile."""
        with mapped_errors():
            async with self._pool.connection() as connection:
                burst = partial(_fetch_from, connection, source)
                await connection.run_in(self._pool.threads, burst)


async def _post(connection: HeardConnection, article: Article) -> Receipt:
    """In a thread."""
    name, payload = article.message_id, article.leaving()
    try:
        await _insert(connection, name, payload)
    except psycopg.DataError as error:
        raise StoreError(str(error)) from error
    return Receipt()


async def _insert(connection: HeardConnection, name: bytes, payload: bytes) -> None:
    rows = _rows(name, payload)
    try:
        await copy_packed(connection, _SQL["post"], rows)
    except psycopg.errors.UniqueViolation:
        if await _stored(connection, name) != payload:
            async with connection.transaction():
                await connection.execute(_SQL["remove"], {"message_id": name})
                await copy_packed(connection, _SQL["post"], rows)


def _rows(name: bytes, payload: bytes) -> list[bytes | memoryview]:
    """The rows of an article, in the binary format."""
    named = _COLUMNS.pack(3) + _SIZE.pack(len(name)) + name
    view, rows = memoryview(payload), list[bytes | memoryview]()
    for number, start in enumerate(range(0, len(payload) or 1, _PIECE)):
        piece = view[start : start + _PIECE]
        rows += (named, _NUMBERED.pack(2, number, len(piece)), piece)
    return rows


async def _post_from(connection: HeardConnection, source: PostingSource) -> None:
    """In a thread: post until the source has nothing for it."""
    while not connection.is_stopped and (article := source.next(None, _IDLE)) is not None:
        answer: Receipt | StoreError
        try:
            answer = await _post(connection, article)
        except StoreError as error:
            answer = error
        del article  # a megabyte
        source.done(answer)


async def _fetch_from(connection: HeardConnection, source: FetchingSource) -> None:
    """In a thread: fetch until the source has nothing for it."""
    while not connection.is_stopped and (wanted := source.next(_IDLE)) is not None:
        try:
            source.done(await _fetch(connection, wanted.message_id, wanted.opened))
        except StoreError as error:
            source.done(error)


async def _fetch(connection: HeardConnection, message_id: bytes, opened: Opener) -> bytes:
    """In a thread."""
    payload = await _stored(connection, message_id)
    if payload is None:
        raise ArticleMissingError(message_id.hex())
    return opened(payload)


async def _stored(connection: HeardConnection, message_id: bytes) -> bytes | None:
    """The payload of a Message-ID; None: there is none."""
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(_SQL["fetch"], {"message_id": message_id})
        row = await cursor.fetchone()
    return row[0] if row else None
