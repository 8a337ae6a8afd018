"""compact: gives the room of deleted rows back to the disk, table by table.

A table is written again (VACUUM FULL) where much of it is free and the disk has room for what is
left of it meanwhile; else its room is kept for what is posted next. Refuses to know what was
deleted.
"""

from __future__ import annotations

from collections.abc import Callable

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.forgetting import space
from usenetsync_tui.catalogue.tables.forgetting.space import Shard
from usenetsync_tui.pipeline.run.job_run import JobRun

_SPARE = 256 * 1024 * 1024
"""Bytes of the disk that must stay free meanwhile, for everything else."""


async def compact(run: JobRun, free: Callable[[], int | None]) -> int:
    """Give back what is worth it; returns the bytes that the disk lacked for it, or 0.

    `free`: bytes that are free where the database is; None: not known, so no table is written
    again. Ends early when the run drains.
    """
    run.progress.phase = "disk"
    async with run.catalogue.statements() as tx:
        articles = await space.shards_of_articles(tx)
        worth, lacked = True, 0
        for at, shard in enumerate(articles):
            if await _must_stop(run):
                return lacked
            needed = await space.bytes_needed(tx, shard) if worth else shard.bytes
            if at == 0:  # the shards are alike: where the first one is not worth it, none is
                worth = space.pays(shard.bytes, needed)
            lacked = max(lacked, await _one(tx, shard, shard.bytes, needed, free))
            run.progress.entries += 1
        for table in await space.other_tables(tx):
            if await _must_stop(run):
                return lacked
            lacked = max(lacked, await _one(tx, table, table.row_bytes, table.needed, free))
            run.progress.entries += 1
    return lacked


async def _one(
    tx: Transaction, shard: Shard, size: int, needed: int, free: Callable[[], int | None]
) -> int:
    """Write a table again if it pays, else make its room usable; the bytes that the disk lacked."""
    full, lacked = space.pays(size, needed), 0
    if full:
        room, wanted = free(), 2 * needed + _SPARE  # the table, and what the log has of it
        full = room is not None and room >= wanted
        lacked = wanted - room if room is not None and not full else 0
    if not (full and await space.vacuum(tx, shard, full=True)):
        await space.vacuum(tx, shard, full=False)
    return lacked


async def _must_stop(run: JobRun) -> bool:
    await run.gate.passed()
    return run.draining
