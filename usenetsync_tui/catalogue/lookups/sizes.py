"""The size of the catalogue: the database, its tables and their shards, in bytes."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.ports.browser import DatabaseFigures, TableSize

_SQL = load(__package__, "sizes.sql")
_TABLES = ("files", "objects", "segments", "articles", "notices")


async def figures(tx: Transaction) -> DatabaseFigures:
    """The current sizes."""
    version, size, sessions = await tx.one(_SQL["database"])
    rows = await tx.fetch(_SQL["tables"], {"names": list(_TABLES)})
    tables = []
    for name, group in groupby(rows, itemgetter(0)):
        parts = list(group)
        shards = tuple(size for _, is_shard, size, _ in parts if is_shard)
        whole = sum(part[2] for part in parts), sum(part[3] for part in parts)
        tables.append(TableSize(name, *whole, shards))
    return DatabaseFigures(version, size, sessions, tuple(tables))
