"""Gives the room of deleted rows back to the disk, one shard at a time.

Plain VACUUM makes the room free for new rows, and gives back only what is free at the end of a
table. VACUUM FULL writes the table again: it needs room for what is left of it meanwhile, so it is
used where it pays and where there is that room. Whatever is killed leaves the table as it was.
"""

from __future__ import annotations

from typing import LiteralString, NamedTuple

import psycopg

from usenetsync_tui.catalogue.session import Transaction, load

_SQL = load(__package__, "space.sql")

_PLAIN = ("files", "objects", "segments", "index_pages", "forgotten_objects")
_WORTH_SHARE = 4
"""A table is written again when more than this part of it is free."""
_WORTH_BYTES = 32 * 1024
"""And more than these bytes."""
_ROW_BYTES = 40
"""Bytes of a row besides its values: head, pointer, and what aligns them."""
_ARTICLE_BYTES = 160
"""The same of an article, with its place in the index and in TOAST."""


class Shard(NamedTuple):
    """A table or one of its shards; field order is that of the query."""

    name: str
    bytes: int
    """With indexes and TOAST."""
    row_bytes: int
    """Of its rows alone."""
    rows: int
    width: int
    """Bytes of the values of an average row."""

    @property
    def needed(self) -> int:
        """Bytes that its rows need, without indexes."""
        return self.rows * (self.width + _ROW_BYTES)


async def shards_of_articles(tx: Transaction) -> list[Shard]:
    """The shards of the articles, by name."""
    return await _tables(tx, ["articles"])


async def other_tables(tx: Transaction) -> list[Shard]:
    """The other tables that forgetting makes room in, each shard on its own."""
    return await _tables(tx, _PLAIN)


async def _tables(tx: Transaction, names: list[str] | tuple[str, ...]) -> list[Shard]:
    rows = await tx.fetch(_SQL["tables"], {"names": list(names)})
    return [Shard._make(row) for row in rows]


async def bytes_needed(tx: Transaction, shard: Shard) -> int:
    """Bytes that the articles of a shard need on disk: it reads the rows, and no payload."""
    articles, size = await tx.one(_for_shard("payloads", shard))
    return int(size + size // 16 + articles * _ARTICLE_BYTES)


def pays(size: int, needed: int) -> bool:
    """Whether a table of a size is worth being written again."""
    free = size - needed
    return free > _WORTH_BYTES and free * _WORTH_SHARE > size


async def vacuum(tx: Transaction, shard: Shard, *, full: bool) -> bool:
    """VACUUM a table, outside of a transaction; False if others use it for too long."""
    await tx.run(_SQL["patience"])
    try:
        await tx.run(_for_shard("vacuum_full" if full else "vacuum", shard))
    except psycopg.errors.LockNotAvailable:
        return False
    finally:
        await tx.run(_SQL["no_patience"])
    return True


def _for_shard(name: str, shard: Shard) -> LiteralString:
    """The statement for a table, whose name comes from the database's own list of our tables."""
    return _SQL[name].replace("{shard}", shard.name)
