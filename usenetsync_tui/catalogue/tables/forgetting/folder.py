"""The end of a removed folder: all rows that its versions, objects and articles leave behind."""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.postgres.arrays import int8_array

_SQL = load(__package__, "folder.sql")
_OF_FOLDER = (
    *("forget_index", "forget_roots", "forget_pages", "forget_sweeps", "forget_notices"),
    *("forget_jobs", "forget_vanished", "forget_exclusions", "forget_mounts", "forget_owners"),
    "forget_places",
    *("forget_versions", "forget_candidates", "forget_packs", "leave_headers", "forget_headers"),
    "forget_folder",
)


async def drop(tx: Transaction, folder: int) -> None:
    """Delete a folder whose files, objects and articles are deleted, with its jobs and keys."""
    values = {"folder": folder}
    realms = column(await tx.fetch(_SQL["own_realms"], values))
    for name in _OF_FOLDER:
        await tx.run(_SQL[name], values)
    await tx.run(_SQL["forget_realms"], {"realms": int8_array(realms)})
