"""What the versions of a folder cost, and what its store has of it, in bytes."""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.model.versions.history import StoredBytes, VersionCost

_SQL = load(__package__, "costs.sql")


async def of_versions(tx: Transaction, folder: int) -> list[VersionCost]:
    """What each finished version cost, newest first: one pass over the folder's rows."""
    rows = await tx.fetch(_SQL["of_versions"], {"folder": folder})
    return [VersionCost(*row) for row in rows]


async def stored_bytes(tx: Transaction, folder: int | None) -> StoredBytes:
    """What a folder has in its store; None: all folders. Reads the whole ledger."""
    return StoredBytes(*await tx.one(_SQL["stored_bytes"], {"folder": folder}))
