"""upload: one run of an upload job, from settling the ledger to a visible version.

Tells the order of the steps: examine the source, move, run the stages in passes, finish. Refuses to
know how a step is done.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace

import anyio
from anyio import to_thread

from usenetsync_tui.catalogue.tables import files, folders, jobs, objects, snapshots
from usenetsync_tui.disk.source.own_files import OwnPath
from usenetsync_tui.disk.source.source_tree import SourceTree
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.pipeline.posting.ledger import Ledger
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.judge import Judge, examine_source, known
from usenetsync_tui.pipeline.upload.finish import fail_leftovers, finish, report_unverified
from usenetsync_tui.pipeline.upload.move import move
from usenetsync_tui.pipeline.upload.pending import PASSES
from usenetsync_tui.pipeline.upload.stages import run_stages
from usenetsync_tui.pipeline.verify.check import finish_checks, open_source, watch


async def upload(run: JobRun, own: Collection[OwnPath] = ()) -> Outcome:
    """Run the job until it is done, drained or failed. The files of `own` places are left out.

    Refuses a folder that is not the one of the last version (see `disk.source.guard`). Raises
    SourceError when the folder cannot be read, DatabaseUnavailableError when the catalogue is gone;
    each of these leaves a job that can be resumed.
    """
    run.progress.phase = "settle"
    async with run.catalogue.transaction() as tx:
        await jobs.clear_notices(tx, run.job_id)
        before = await snapshots.latest_finished(tx, run.folder.id)
        building = await snapshots.under_construction(tx, run.folder.id)
    what = await known(run, before, building)
    found = await examine_source(run, what)
    if isinstance(found, Refusal):
        return _refused(found, before)
    async with run.catalogue.transaction() as tx:
        run.version, run.trusted_before = await snapshots.begin_at(
            tx, run.folder.id, time.time_ns()
        )
        await jobs.set_version(tx, run.job_id, run.version)
        known_bytes = await objects.planned_bytes(tx, run.folder.id)
    run.progress.so_far = replace(run.progress.so_far, known_bytes=known_bytes)
    judge = Judge(run, what, found, resumed=building is not None)
    run.away = await to_thread.run_sync(judge.watch.away)
    with await open_source(run) as source:
        return await _take_in(run, source, judge, own, before)


async def _take_in(
    run: JobRun,
    source: SourceTree,
    judge: Judge,
    own: Collection[OwnPath],
    before: Snapshot | None,
) -> Outcome:
    """Read the changes of a folder that passed the first check, and make its version."""
    await move(run)
    unanswered = ""
    for _ in range(PASSES):
        ledger = Ledger(lock=run.catalogue.ledger_lock)
        async with anyio.create_task_group() as beside:
            beside.start_soon(watch, run, ledger)
            await run_stages(run, ledger, source, judge, own)
            beside.cancel_scope.cancel()
        await _remember_inodes(run, source)
        unanswered = await finish_checks(run, source)
        # A file whose articles had to be posted again may have changed: then it is read again.
        if run.draining or not (run.open_realm.checks and await _is_pending(run)):
            break
    refusal = run.refusal
    if refusal is None and not run.draining:
        run.progress.phase = "finish"
        await fail_leftovers(run)
        refusal = await judge.at_the_end()
    if refusal is not None:
        await judge.withdraw()
        await run.save_progress()
        return _refused(refusal, before)
    if run.draining:
        await run.save_progress()
        return Outcome(JobState.QUEUED, before.version if before else 0, "interrupted")
    await report_unverified(run, unanswered)
    return await finish(run, judge, before.version if before else 0)


def _refused(refusal: Refusal, before: Snapshot | None) -> Outcome:
    version = before.version if before else 0
    return Outcome(JobState.FAILED, version, str(refusal), refusal)


async def _remember_inodes(run: JobRun, source: SourceTree) -> None:
    """Note unstable inode numbers, so that the next walk does not reopen files for them alone."""
    if source.inodes.unstable and not run.folder.unstable_inodes:
        async with run.catalogue.transaction() as tx:
            await folders.found_unstable_inodes(tx, run.folder.id)


async def _is_pending(run: JobRun) -> bool:
    async with run.catalogue.transaction() as tx:
        return await files.any_pending(tx, run.folder)
