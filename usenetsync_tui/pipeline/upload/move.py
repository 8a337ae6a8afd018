"""move: has files read again whose articles cannot serve the version under construction.

Knows which rows the catalogue finds (`catalogue.tables.moves`). Refuses to know how files are read.
"""

from __future__ import annotations

from usenetsync_tui.catalogue.tables import moves
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.pipeline.run.job_run import JobRun


async def move(run: JobRun) -> None:
    """Have files read again whose articles are in another realm, too few, or too large."""
    folder, after, limit = run.folder, b"", run.limits.batch_size
    async with run.catalogue.transaction() as tx:
        placed = await moves.is_placed(tx, folder, run.version)
    while not placed:
        async with run.catalogue.transaction() as tx:
            page = await moves.misplaced(tx, folder, after, limit)
            await moves.read_again(tx, folder, run.version, page)
        if not page:
            break
        after = page[-1]
    on_usenet = folder.realm.store is StoreKind.USENET
    while True:
        async with run.catalogue.transaction() as tx:
            page = await moves.under_old_key(tx, folder, limit)
            if on_usenet:
                page += await moves.oversized(tx, folder, limit)
            await moves.read_again(tx, folder, run.version, page)
        if not page:
            break
    if run.away:
        return  # files below missing mount points stay in their place until these are back
    async with run.catalogue.transaction() as tx:
        await moves.place(tx, folder, run.version)
