"""A job that a command runs itself, beside or instead of the engine: any but an upload."""

from __future__ import annotations

from usenetsync_tui.engine.jobs.guarded import Guarded
from usenetsync_tui.engine.jobs.job_life import JobLife
from usenetsync_tui.engine.jobs.new_jobs import NewJob, add
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.outcomes import Outcome, Summary
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.pipeline.run.job_run import JobRun


class CommandJob:
    """One job, from its start to its summary."""

    def __init__(self, guarded: Guarded | None = None) -> None:
        """`guarded`: what a restore must never delete; only a restore needs it."""
        self._guarded = guarded or Guarded()
        self._run: JobRun | None = None
        self._stores: Stores | None = None
        self._life: JobLife | None = None

    def stop(self) -> None:
        """Finish what is in flight; the same command continues later."""
        if self._run is not None:
            self._run.drain()

    @property
    def figures(self) -> JobStatus | None:
        """The job's figures now; None before it begins."""
        if self._life is None:
            return None
        return self._life.figures()

    async def prepare(self, stores: Stores, new: NewJob) -> None:
        """Add the job to the catalogue. `UsageError`, `KeyUnavailableError`."""
        run = await stores.run(new.folder, 0, to_post=new.verb.posts)
        async with run.catalogue.transaction(durable=True) as tx:
            run.job_id = await add(tx, new)
        self._run, self._stores = run, stores

    async def work(self) -> Summary:
        """Run the prepared job to its end; record how it ended."""
        run = self._run
        assert run is not None
        # No queue resumes it: once stopped, it is over.
        self._life = life = await JobLife.begun(run, stop_as=JobState.CANCELLED)
        assert life is not None  # no other process can pause or cancel it
        outcome = await life.live(lambda: self._perform(run, life.job))
        figures = self.figures
        assert figures is not None
        return await life.summary(outcome, figures)

    async def _perform(self, run: JobRun, job: Job) -> Outcome:
        from usenetsync_tui.engine.jobs.job_verbs import indexed, restored, verified

        if job.verb is Verb.RESTORE:
            return await restored(run, job, self._guarded)
        if job.verb is Verb.INDEX:
            assert self._stores is not None
            return await indexed(self._stores, run, job)
        return await verified(run, job)
