"""Collects how a job ended: all that a report needs after the catalogue is closed."""

from __future__ import annotations

from usenetsync_tui.catalogue.tables import jobs, snapshots
from usenetsync_tui.model.outcomes import Outcome, Summary
from usenetsync_tui.model.status import JobStatus
from usenetsync_tui.pipeline.run.job_run import JobRun

NOTICES_TOLD = 100


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
