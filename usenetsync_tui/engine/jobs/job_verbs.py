"""The work of all jobs but uploads, for those of the queue and of a command."""

from __future__ import annotations

import os
from dataclasses import replace

from anyio import to_thread

from usenetsync_tui.catalogue.tables import checks, jobs
from usenetsync_tui.disk.restored.target_tree import TargetTree
from usenetsync_tui.engine.index_realm import index_only, posted_or_why_not
from usenetsync_tui.engine.jobs.guarded import Guarded, parts_of
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import SourceError, TargetError
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.jobs import Job, JobState
from usenetsync_tui.model.outcomes import Outcome, Verified
from usenetsync_tui.model.text.figures import number, plural, when
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.index.post_index import index_run, opened_index
from usenetsync_tui.pipeline.restore.restore import restore
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.verify.check import Repaired, lacking, repair
from usenetsync_tui.pipeline.verify.verify import finished, verify


async def restored(run: JobRun, job: Job, guarded: Guarded) -> Outcome:
    """Restore the version of a job, or what is at and below its paths, into its target."""
    assert job.target is not None and job.version is not None
    run.version = job.version
    parts = parts_of(run.folder, job.target, job.paths, job.choices, guarded)
    with TargetTree(job.target, parts.overwriting) as tree:
        # Noted before it is made: killed in between, the job still knows that it made it.
        is_new = not await to_thread.run_sync(os.path.lexists, job.target)
        async with run.catalogue.transaction(durable=True) as tx:
            await jobs.clear_notices(tx, job.id)
            if is_new:
                await jobs.own_target(tx, job.id, owns=True)
        made = False
        try:
            made = await to_thread.run_sync(tree.prepare)
        finally:
            async with run.catalogue.transaction(durable=True) as tx:
                if is_new and not made:  # what is there later, somebody else has made
                    await jobs.own_target(tx, job.id, owns=False)
                owns = made or await jobs.owned_target(tx, run.folder.id, job.target)
        try:
            await restore(run, tree, job.paths, parts, owns_target=owns)
        except TargetError:
            await run.save_progress()  # the counts of a failed job must be right, too
            raise
    return await _ended(run, f"restored to {safe_name(job.target)}")


async def verified(run: JobRun, job: Job) -> Outcome:
    """Check every article of a folder, and post missing ones again.

    An interrupted check continues where it was.
    """
    run.version = job.version or 0
    async with run.catalogue.transaction() as tx:
        bodies, sample = await jobs.verify_options(tx, job.id)
    found = await verify(run, bodies=bodies, sample=sample)
    if not run.draining:
        errors = run.progress.errors
        repaired = await _repaired(run)
        of_index, left = await _index_repaired(run)
        if left and not run.draining:
            await run.notice(Notice(NoticeKind.UNPOSTED, b"", f"its index: {left}"))
        async with run.catalogue.transaction() as tx:
            lost = await checks.lost_by_version(tx, run.folder.id)
        found = replace(
            found,
            reposted=repaired.seen + of_index,
            unknown=found.unknown + repaired.unverified,
            why_unknown=found.why_unknown or repaired.words,
            lost=tuple(lost),
        )
        if found.unknown:
            words = (
                f"{plural(found.unknown, 'article')} without a clear answer: {found.why_unknown}"
            )
            await run.notice(Notice(NoticeKind.UNKNOWN, b"", words))
        if not found.lost and run.progress.errors == errors:
            run.progress.errors = 0  # all the problems found are repaired
        elif found.lost:
            run.progress.errors = max(1, run.progress.errors)
        await finished(run, bodies=bodies, sample=sample)
    return replace(await _ended(run, _words(found)), verified=found)


async def indexed(stores: Stores, run: JobRun, job: Job) -> Outcome:
    """Post what is missing of the index of the folder's versions."""
    assert job.version is not None
    return await index_only(stores, run, job.version)


def _words(found: Verified) -> str:
    words = f"{plural(found.checked, 'article')} checked"
    if found.continued_from is not None:
        words += f" since {when(found.continued_from)}"
    if found.missing or found.damaged:
        words += f", {number(found.missing)} missing, {number(found.damaged)} damaged"
        words += f", {number(found.reposted)} posted again"
    if found.unknown:
        words += f", {number(found.unknown)} unknown"
    return words


async def _repaired(run: JobRun) -> Repaired:
    """Post missing articles again; only report it if the folder itself is missing."""
    try:
        return await repair(run)
    except SourceError as error:
        await run.notice(Notice(NoticeKind.UNREADABLE, run.folder.path, str(error)))
        return Repaired()


async def _index_repaired(run: JobRun) -> tuple[int, str]:
    """Post missing articles of the index again, and what it does not tell yet.

    Returns how many articles were posted again, and why something is left.
    """
    open_realm = await opened_index(run)
    if open_realm is None or run.draining:
        return 0, ""
    mine = index_run(run, open_realm)
    before = await lacking(mine)
    left = await posted_or_why_not(run, open_realm)
    after = await lacking(mine)
    return max(0, before.articles - after.articles), left


async def _ended(run: JobRun, detail: str) -> Outcome:
    await run.save_progress()
    if run.draining:
        return Outcome(JobState.QUEUED, run.version, "interrupted; the same command continues")
    if run.progress.errors:
        problems = plural(run.progress.errors, "problem")
        words = f"version {run.version}, incomplete: {problems}"
        return Outcome(JobState.INCOMPLETE, run.version, words, detail=detail)
    words = f"version {run.version}"
    return Outcome(JobState.COMPLETED, run.version, words, detail=detail)
