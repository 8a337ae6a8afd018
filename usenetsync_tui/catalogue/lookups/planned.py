"""The rows that the next upload of a folder compares with the disk; changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from usenetsync_tui.catalogue.session import Transaction, load

_SQL = load(__package__, "planned.sql")


async def page(
    tx: Transaction, folder: int, finished: int, after: bytes | None, limit: int
) -> Sequence[Sequence[Any]]:
    """Rows of `catalogue.columns.CURRENT`, each with two more columns, after a key.

    These are whether the row is in the version `finished`, and else whether its path is.
    """
    values = {"folder": folder, "finished": finished, "after": after, "limit": limit}
    return await tx.fetch(_SQL["page"], values)
