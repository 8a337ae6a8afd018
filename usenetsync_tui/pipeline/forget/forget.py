"""forget: deletes what only forgotten versions of a folder need, in batches that a kill may end.

The versions are marked before: nobody lists or reads them. The catalogue says what is left, so the
next run of the job continues where this one ended. The order:

1. The index lists the kept versions alone (`tell`).
2. The rows of files that reach no kept version go, with extended attributes that only they had,
   then their objects.
3. The segments of these objects go, each with its article if no other segment has it.
4. Packs much of which no file has any more are written again (`repack`). The index tells their new
   articles; then the old ones go like the others, with the runs and roots of the index that no kept
   version is read through.
5. The versions are erased. What was marked meanwhile is taken up from 1.

Articles that packs had before stay while a restore is under way, which may still fetch them, and as
long as the index cannot tell the new ones. The next job that forgets versions takes them up.

Refuses to know who asked for it, and how the index is posted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables.forgetting import (
    erase,
    folder,
    freed,
    index_pages,
    packs,
    versions,
)
from usenetsync_tui.catalogue.tables.forgetting.erase import Erased
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.pipeline.forget.repack import repack
from usenetsync_tui.pipeline.index.find_root import STRIDE
from usenetsync_tui.pipeline.index.untold import is_all_told
from usenetsync_tui.pipeline.run.job_run import JobRun

_Batch = Callable[[Transaction], Awaitable[int]]
_Tell = Callable[[], Awaitable[str]]


class Undone(NamedTuple):
    """What forgetting versions has left undone."""

    why_told: str = ""
    """Why the index still lists them, or the former articles of packs; empty: it does not."""
    unread_packs: int = 0
    """Packs that stay as they are, as they cannot be read."""
    old_packs: bool = False
    """Articles that packs had before are still there."""


async def forget(run: JobRun, tell: _Tell) -> Undone:
    """Erase the forgotten versions of the run's folder; returns what is left.

    Ends early when the run drains. `tell`: posts what the index does not tell yet, and a root
    without them; returns why it could not.
    """
    await _begin(run)
    left, mine = Undone(), run.folder.id
    while not run.draining:
        async with run.catalogue.transaction() as tx:
            pending = await versions.pending(tx, mine)
        if not pending:
            break
        if await _lists_forgotten(run):
            run.progress.phase = "index"
            left = left._replace(why_told=await tell())
        await _erase(run, pending)
        left = await _packs_written_again(run, tell, left)
        if run.draining:
            break
        async with run.catalogue.transaction(durable=True) as tx:
            await versions.mark_erased(tx, mine, pending)
            await freed.add(tx, run.job_id, versions=len(pending))
    return left


async def remove(run: JobRun) -> None:
    """Delete all that the run's removed folder has. Ends early when the run drains.

    What is left is its own row and a few more: `drop`.
    """
    await _begin(run)
    limit, mine = run.limits.batch_size, run.folder.id
    run.progress.phase = "files"
    await _each(run, lambda tx: erase.delete_all_files(tx, mine, limit), files=True)
    await _each(run, lambda tx: erase.delete_xattrs(tx, limit))
    await _each(run, lambda tx: erase.forget_objects(tx, mine, limit))
    async with run.catalogue.transaction() as tx:
        await erase.release(tx, mine)
    await _delete_articles(run)


async def drop(run: JobRun) -> None:
    """Delete the row of a folder of which `remove` has left nothing else, its jobs and its keys."""
    async with run.catalogue.transaction(durable=True) as tx:
        await folder.drop(tx, run.folder.id)


async def _begin(run: JobRun) -> None:
    async with run.catalogue.transaction() as tx:
        await freed.begin(tx, run.job_id, run.folder.name)


async def _erase(run: JobRun, pending: Sequence[int]) -> None:
    limit, mine = run.limits.batch_size, run.folder.id
    run.progress.phase = "files"
    async with run.catalogue.transaction() as tx:
        gaps = await versions.gaps(tx, mine, pending)
    await _each(run, lambda tx: erase.delete_files(tx, mine, gaps, limit), files=True)
    await _each(run, lambda tx: erase.delete_xattrs(tx, limit))
    if run.draining:
        return
    async with run.catalogue.transaction() as tx:
        await erase.spare(tx, mine)
    await _each(run, lambda tx: erase.make_certain(tx, mine, limit))
    await _delete_articles(run)


async def _lists_forgotten(run: JobRun) -> bool:
    """Whether the posted index lists forgotten versions."""
    mine = run.folder.id
    async with run.catalogue.transaction() as tx:
        realm = await posted.realm_of(tx, mine)
        if realm is None:
            return False
        told = await index_pages.is_told(tx, mine, realm)
        return not told or await posted.has_unposted(tx, mine, realm)


async def _packs_written_again(run: JobRun, tell: _Tell, left: Undone) -> Undone:
    """Free what only forgotten versions had in packs, and in the index; returns what is left.

    The order: no former article goes before the index of every version tells the new one, and not
    while a restore may fetch it. No part of the index goes before that either: what packs got
    earlier may be told in runs of versions that go now, and in no others yet.
    """
    mine = run.folder.id
    if not await _may_go_on(run):
        return left
    left = left._replace(unread_packs=await repack(run))
    if not await _may_go_on(run):
        return left
    async with run.catalogue.transaction() as tx:
        old = await packs.has_replaced(tx, mine)
    if old:
        run.progress.phase = "index"
        left = left._replace(why_told=await tell(), old_packs=True)
    if not await _may_go_on(run):
        return left
    async with run.catalogue.transaction() as tx:
        if await is_all_told(tx, mine):
            await index_pages.forget_needless(tx, mine, STRIDE)
            if old and not left.why_told and not await packs.is_read(tx, mine):
                await packs.release(tx, mine)
                left = left._replace(old_packs=False)
    await _delete_articles(run)
    return left


async def _each(run: JobRun, batch: _Batch, *, files: bool = False) -> None:
    """Run a batch in one transaction after the other, until one finds nothing."""
    count = 1
    while count and await _may_go_on(run):
        async with run.catalogue.transaction() as tx:
            count = await batch(tx)
            if files:
                await freed.add(tx, run.job_id, files=count)
        run.progress.entries += count
        if files:
            run.progress.done_files += count


async def _delete_articles(run: JobRun) -> None:
    progress, mine = run.progress, run.folder.id
    if not await _may_go_on(run):
        return
    progress.phase = "articles"
    async with run.catalogue.transaction() as tx:
        _, left = await erase.total(tx, mine)
    progress.total_bytes = progress.done_bytes + left
    gone = Erased(rows=1)
    while gone.rows and await _may_go_on(run):
        async with run.catalogue.ledger_lock, run.catalogue.transaction() as tx:
            gone = await erase.delete_articles(tx, mine, run.limits.batch_size, STRIDE)
            await freed.add(
                tx,
                run.job_id,
                articles=gone.articles,
                freed_bytes=gone.freed_bytes - gone.new_bytes,
                unread_bytes=gone.unread_bytes,
            )
        progress.segments += gone.rows
        progress.done_bytes += gone.freed_bytes + gone.unread_bytes
    progress.total_bytes = progress.done_bytes


async def _may_go_on(run: JobRun) -> bool:
    """Wait while the job is paused; False when it must stop."""
    await run.gate.passed()
    return not run.draining
