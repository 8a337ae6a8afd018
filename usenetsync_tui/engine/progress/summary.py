"""Collects how a job ended: all that a report needs after the catalogue is closed."""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import folders, jobs, snapshots
from usenetsync_tui.engine.progress.figures import queued_figures
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.outcomes import Outcome, Summary
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.pipeline.run.job_run import JobRun

NOTICES_TOLD = 100


async def recorded(catalogue: Catalogue, job_id: int) -> Summary | None:
    """The report of a job that is over, as the catalogue has it; None if it is not over.

    `UsageError` when there is no such job.
    """
    async with catalogue.transaction() as tx:
        job = await jobs.by_id(tx, job_id)
        if job is None:
            raise UsageError(f"There is no job {job_id}.")
        if not job.state.is_over:
            return None
        folder = await folders.by_id(tx, job.folder_id)
        assert folder is not None  # it has a job
        versions = await snapshots.of_folder(tx, folder.id)
        first = await jobs.notices(tx, job_id, 0, NOTICES_TOLD)
        count = await jobs.notice_count(tx, job_id)
    version = job.version or 0
    outcome = Outcome(job.state, version, job.message or "", job.refusal)
    return Summary(
        folder=folder,
        outcome=outcome,
        figures=queued_figures(job, folder),
        snapshot=next((s for s in versions if s.version == version), None),
        notices=tuple(notice for _, notice in first),
        notice_count=count,
    )


async def summarise(run: JobRun, outcome: Outcome, figures: JobStatus) -> Summary:
    """Collect the report of a job that ran."""
    folder = run.folder
    async with run.catalogue.transaction() as tx:
        versions = await snapshots.of_folder(tx, folder.id)
        first = await jobs.notices(tx, figures.id, 0, NOTICES_TOLD)
    return Summary(
        folder=folder,
        outcome=outcome,
        figures=figures,
        snapshot=next((s for s in versions if s.version == outcome.version), None),
        notices=tuple(notice for _, notice in first),
        notice_count=run.progress.notices,
        servers=run.realms.statuses,
    )
