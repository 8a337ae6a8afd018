"""Restore and verify: what such a job does, whoever runs it, and one that a command runs itself."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from anyio import to_thread

from usenetsync_tui.catalogue.tables import checks, jobs
from usenetsync_tui.disk.target.target_tree import TargetTree
from usenetsync_tui.engine.progress.figures import running_figures
from usenetsync_tui.engine.progress.rates import RateMeter
from usenetsync_tui.engine.progress.summary import Summary, summarise
from usenetsync_tui.engine.stopping import stoppable
from usenetsync_tui.errors import (
    SourceError,
    StoreError,
    TargetError,
    UsenetSyncError,
    leading_error,
)
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.figures import plural
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.status import JobStatus
from usenetsync_tui.pipeline.restore.restore import restore
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.upload.upload import Outcome
from usenetsync_tui.pipeline.verify.check import Mended, mend
from usenetsync_tui.pipeline.verify.verify import Verified, verify


async def concluded(run: JobRun, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """How a job's work ends: what went wrong with it is its outcome, and no more than that.

    A run that is to stop and gets no further ends as one that drained.

    Raises what no job can go on with: a database that is gone, and what is not ours.
    """
    try:
        return await stoppable(run, work)
    except Exception as error:  # noqa: BLE001 - what is not ours is raised again
        failure = leading_error(error)
        if not isinstance(failure, UsenetSyncError) or (
            failure.retryable and not isinstance(failure, StoreError)
        ):
            raise failure from None
        return Outcome(JobState.FAILED, run.version, str(failure))


async def restored(run: JobRun, job: Job) -> Outcome:
    """Restore the version of a job, or the part of it below its prefix, into its target."""
    assert job.target is not None and job.version is not None
    run.version = job.version
    with TargetTree(job.target) as tree:
        made = await to_thread.run_sync(tree.prepare)
        async with run.catalogue.transaction(durable=True) as tx:
            await jobs.clear_notices(tx, job.id)
            if made:
                await jobs.own_target(tx, job.id)
            owns = made or await jobs.owned_target(tx, run.folder.id, job.target)
        try:
            await restore(run, tree, job.prefix or b"", owns_target=owns)
        except TargetError:
            await run.save_progress()  # of a job that fails the count is true, too
            raise
    return await _ended(run)


async def verified(run: JobRun, job: Job) -> tuple[Outcome, Verified]:
    """Look for every article of a folder, and post again what is missing."""
    run.version = job.version or 0
    async with run.catalogue.transaction() as tx:
        await jobs.clear_notices(tx, job.id)
        bodies = await jobs.with_bodies(tx, job.id)
    found = await verify(run, bodies=bodies)
    if not run.draining:
        errors = run.progress.errors
        mended = await _mended(run)
        found.reposted = mended.seen
        found.unknown += mended.unverified
        found.why_unknown = found.why_unknown or mended.words
        async with run.catalogue.transaction() as tx:
            found.lost = await checks.lost_by_version(tx, run.folder.id)
        if found.unknown:
            words = (
                f"{plural(found.unknown, 'article')} without a clear answer: {found.why_unknown}"
            )
            await run.notice(Notice(NoticeKind.UNKNOWN, b"", words))
        if not found.lost and run.progress.errors == errors:
            run.progress.errors = 0  # what was found wrong is right again
        elif found.lost:
            run.progress.errors = max(1, run.progress.errors)
    return await _ended(run), found


async def _mended(run: JobRun) -> Mended:
    """Post again what is missing; nothing when the folder itself is not there."""
    try:
        return await mend(run)
    except SourceError as error:
        await run.notice(Notice(NoticeKind.UNREADABLE, run.folder.path, str(error)))
        return Mended()


async def _ended(run: JobRun) -> Outcome:
    await run.save_progress()
    if run.draining:
        return Outcome(JobState.QUEUED, run.version, "interrupted; the same command goes on")
    if run.progress.errors:
        problems = plural(run.progress.errors, "problem")
        words = f"version {run.version}, incomplete: {problems}"
        return Outcome(JobState.INCOMPLETE, run.version, words)
    return Outcome(JobState.COMPLETED, run.version, f"version {run.version}")


class SingleJob:
    """A restore or verify that a command runs itself, beside or instead of the engine."""

    def __init__(self, run: JobRun) -> None:
        """`run` is of a job in the catalogue that the queue does not run."""
        self._catalogue = run.catalogue
        self._run = run
        self._job: Job | None = None
        self._rates = RateMeter()
        self._started = time.monotonic()
        self.verified: Verified | None = None

    def stop(self) -> None:
        """Finish what is in hand; the same call goes on later."""
        self._run.drain()

    @property
    def figures(self) -> JobStatus | None:
        """How it goes now; None before it begins."""
        if self._job is None:
            return None
        now, progress = time.monotonic(), self._run.progress
        self._rates.add(now, progress.done_bytes, progress.done_files)
        return running_figures(
            self._run, self._job, JobState.RUNNING, self._rates, now, self._started
        )

    async def work(self) -> Summary:
        """Run it to its end, and record how it ended."""
        run = self._run
        async with self._catalogue.transaction() as tx:
            await jobs.set_state(tx, run.job_id, JobState.RUNNING)
            self._job = job = await jobs.by_id(tx, run.job_id)
        assert job is not None
        outcome = await concluded(run, lambda: self._perform(job))
        if outcome.state is JobState.QUEUED:  # nobody but the user takes it up again
            outcome = Outcome(JobState.CANCELLED, outcome.version, outcome.message)
        async with self._catalogue.transaction(durable=True) as tx:
            await jobs.set_state(tx, run.job_id, outcome.state, outcome.message)
        figures = self.figures
        assert figures is not None
        return await summarise(run, outcome, figures)

    async def _perform(self, job: Job) -> Outcome:
        if job.verb is Verb.RESTORE:
            return await restored(self._run, job)
        outcome, self.verified = await verified(self._run, job)
        return outcome
