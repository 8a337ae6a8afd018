"""Gives the room of deleted rows back to the disk, one shard at a time.

Plain VACUUM makes the room free for new rows, and gives back only what is free at the end of a
table. VACUUM FULL writes the table again: it needs room for what is left of it meanwhile, so it is
used where it pays and where there is that room. Whatever is killed leaves the table as it was.
"""

from __future__ import annotations

from typing import LiteralString, NamedTuple

import psycopg

from usenetsync_tui.catalogue.session import Transaction, column, load

_SQL = load(__package__, "space.sql")

_TABLES = ("articles", "files", "objects", "segments", "index_pages", "forgotten_objects")
_WORTH_SHARE = 4
"""A table is written again when more than this part of it is free."""
_WORTH_BYTES = 32 * 1024
"""And more than these bytes."""
_ROW_BYTES = 40
"""Bytes of a row besides its values: head, pointer, and what aligns them."""
_TOAST_BYTES = 2048
"""Bytes of a row of TOAST, as four fill a page."""


class Room(NamedTuple):
    """The room of a table with its TOAST, without indexes; field order is that of the query."""

    bytes: int
    rows: int
    width: int
    """Bytes of the values of an average row, without those in TOAST."""
    toast_rows: int

    @property
    def needed(self) -> int:
        """Bytes that its rows need."""
        return self.rows * (self.width + _ROW_BYTES) + self.toast_rows * _TOAST_BYTES

    @property
    def pays(self) -> bool:
        """Whether it is worth being written again."""
        free = self.bytes - self.needed
        return free > _WORTH_BYTES and free * _WORTH_SHARE > self.bytes


async def tables(tx: Transaction) -> list[str]:
    """The tables that forgetting makes room in, each shard on its own."""
    return column(await tx.fetch(_SQL["tables"], {"names": [*_TABLES]}))


async def room(tx: Transaction, table: str) -> Room:
    """The room of a table, as the last VACUUM saw it."""
    return Room._make(await tx.one(_SQL["room"], {"table": table}))


async def vacuum(tx: Transaction, table: str, *, full: bool) -> bool:
    """VACUUM a table, outside of a transaction; False if others use it for too long."""
    await tx.run(_SQL["patience"])
    try:
        await tx.run(_for_table("vacuum_full" if full else "vacuum", table))
    except psycopg.errors.LockNotAvailable:
        return False
    finally:
        await tx.run(_SQL["no_patience"])
    return True


def _for_table(name: str, table: str) -> LiteralString:
    """The statement for a table, whose name comes from the database's own list of our tables."""
    return _SQL[name].replace("{table}", table)
