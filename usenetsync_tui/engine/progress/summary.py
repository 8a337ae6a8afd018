"""How a job ended, with everything that the report needs after the catalogue is closed."""

from __future__ import annotations

from usenetsync_tui.catalogue.tables import jobs, snapshots
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.servers import ServerStatus
from usenetsync_tui.model.status import JobStatus
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.outcome import Outcome

NOTICES_TOLD = 100


@value_object
class Summary:
    """A job's end. `notices` are the first ones; `notice_count` is how many there are."""

    folder: Folder
    outcome: Outcome
    figures: JobStatus
    snapshot: Snapshot | None
    notices: tuple[Notice, ...]
    notice_count: int
    servers: tuple[ServerStatus, ...] = ()
    """The work of the Usenet servers since the engine started."""


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
