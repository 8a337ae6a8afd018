"""The life of a job: it begins, works, ends, and its end is recorded.

Knows the one order of these steps, for a job of the queue and for one that a command runs itself.
Refuses to know the queue, and what the verbs do.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace

import anyio

from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.engine.jobs.stopping import stoppable
from usenetsync_tui.engine.progress.figures import running_figures
from usenetsync_tui.engine.progress.rates import RateMeter
from usenetsync_tui.engine.progress.summary import summarise
from usenetsync_tui.errors import StoreError, UsenetSyncError, leading_error
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.outcomes import Outcome, Summary
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.so_far import Amounts, SoFar

_SAVE_EVERY = 0.5
"""Seconds between two updates of the job's row while it makes progress."""


class JobLife:
    """A running job, and the state it gets if it is stopped."""

    def __init__(self, run: JobRun, job: Job, *, stop_as: JobState) -> None:
        self.run = run
        self.job = job
        self.stop_as = stop_as
        """Its state if it is stopped before it is done."""
        self.started = time.monotonic()
        self._rates = RateMeter()

    @classmethod
    async def begun(cls, run: JobRun, *, stop_as: JobState = JobState.QUEUED) -> JobLife | None:
        """Begin the run's job, which is RUNNING from now on; None if it was paused or cancelled."""
        async with run.catalogue.transaction() as tx:
            if not await jobs.begin(tx, run.job_id):
                return None
            job = await jobs.by_id(tx, run.job_id)
        assert job is not None
        amounts = Amounts(*(getattr(job, each.name) for each in fields(Amounts)))
        run.progress.so_far = SoFar(amounts, counts_rest=job.verb is Verb.UPLOAD)
        return cls(run, job, stop_as=stop_as)

    async def live(self, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Do the work, and record the outcome.

        A failure of the job is its outcome. Raises what stops every job: a database that is gone,
        and errors that are not UsenetSync's own.
        """
        outcome = await _concluded(self.run, work)
        if outcome.state is JobState.QUEUED:
            outcome = replace(outcome, state=self.stop_as)
        async with self.run.catalogue.transaction(durable=True) as tx:
            await self.run.record_progress(tx)
            await jobs.set_state(tx, self.job.id, outcome.state, outcome.recorded, outcome.refusal)
        return outcome

    def figures(self, job: Job | None = None) -> JobStatus:
        """The figures now. `job`: its current row in the catalogue, if the caller has it."""
        state = JobState.PAUSED if self.is_paused else JobState.RUNNING
        now, progress = time.monotonic(), self.run.progress
        self._rates.add(now, progress.own_bytes, progress.own_files)
        return running_figures(self.run, job or self.job, state, self._rates, now, self.started)

    async def summary(self, outcome: Outcome, figures: JobStatus) -> Summary:
        """How the job ended, for the program that waits for it."""
        return await summarise(self.run, outcome, figures)

    # What a user does to it

    @property
    def is_paused(self) -> bool:
        """Whether the job is paused."""
        return not self.run.gate.is_open

    def pause(self) -> None:
        """Pause the job where it is."""
        if self.stop_as is JobState.QUEUED:
            self.stop_as = JobState.PAUSED
        if not self.run.draining:
            self.run.gate.close()

    def resume(self) -> None:
        """Resume the job, if it is paused."""
        if self.stop_as is JobState.PAUSED:
            self.stop_as = JobState.QUEUED
        self.run.gate.open()

    def cancel(self) -> None:
        """End it; what it has done is kept."""
        self.stop_as = JobState.CANCELLED
        self.run.drain()


async def _concluded(run: JobRun, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Do a job's work; turn its failures into an outcome.

    A run that must stop and makes no progress ends like one that drained. Raises what stops every
    job: a database that is gone, and errors that are not UsenetSync's own.
    """
    try:
        return await stoppable(run, lambda: _saved_meanwhile(run, work))
    except Exception as error:  # noqa: BLE001 - other errors are raised again
        failure = leading_error(error)
        if not isinstance(failure, UsenetSyncError) or (
            failure.retryable and not isinstance(failure, StoreError)
        ):
            raise failure from None
        return Outcome(JobState.FAILED, run.version, str(failure))


async def _saved_meanwhile(run: JobRun, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Do a job's work, and save its progress all the while: after a kill it goes on from there."""
    async with anyio.create_task_group() as group:
        group.start_soon(_save, run)
        outcome = await work()
        group.cancel_scope.cancel()
    return outcome


async def _save(run: JobRun) -> None:
    saved = run.amounts
    while True:
        await anyio.sleep(_SAVE_EVERY)
        now = run.amounts
        if (now.done_bytes, now.done_files, now.total_files) != (
            saved.done_bytes,
            saved.done_files,
            saved.total_files,
        ):
            await run.save_progress()
            saved = now
