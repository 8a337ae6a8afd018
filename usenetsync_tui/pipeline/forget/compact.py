"""compact: gives the room of deleted rows back to the disk, table by table.

Each is vacuumed. It is then written again (VACUUM FULL) where much of it is free and the disk has
room for what is left of it meanwhile; else its room is kept for what is posted next. Refuses to
know what was deleted.
"""

from __future__ import annotations

from collections.abc import Callable

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.forgetting import space
from usenetsync_tui.pipeline.run.job_run import JobRun

_SPARE = 256 * 1024 * 1024
"""Bytes of the disk that must stay free meanwhile, for everything else."""


async def compact(run: JobRun, free: Callable[[], int | None]) -> int:
    """Give back what is worth it; returns the bytes that the disk lacked for it, or 0.

    `free`: bytes that are free where the database is; None: not known, so no table is written
    again. Ends early when the run drains.
    """
    run.progress.phase = "disk"
    lacked = 0
    async with run.catalogue.statements() as tx:
        for table in await space.tables(tx):
            if await _must_stop(run):
                return lacked
            lacked = max(lacked, await _one(tx, table, free))
            run.progress.entries += 1
    return lacked


async def _one(tx: Transaction, table: str, free: Callable[[], int | None]) -> int:
    """Make the room of a table usable, or give it back; returns the bytes that the disk lacked."""
    if not await space.vacuum(tx, table, full=False):
        return 0
    its, left = await space.room(tx, table), free()
    if not its.pays or left is None:
        return 0
    wanted = 2 * its.needed + _SPARE  # the table, and what the log has of it
    if left < wanted:
        return wanted - left
    await space.vacuum(tx, table, full=True)
    return 0


async def _must_stop(run: JobRun) -> bool:
    await run.gate.passed()
    return run.draining
