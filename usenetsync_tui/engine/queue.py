"""The queue as the engine sees it: the next job, and the state of all folders.

The queue is short and lives in the catalogue: the engine reads it again, and never updates a copy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from usenetsync_tui.catalogue.lookups import overview
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.engine.progress.figures import queued_figures, reusing_equal
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.jobs import Job, JobState
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.status.jobs import JobStatus

_RECENT = 20


@dataclass(slots=True)
class JobQueue:
    """The queue as of the last `refresh`."""

    catalogue: Catalogue
    open: tuple[Job, ...] = ()
    """Jobs that are not over, in the order of the queue."""
    folders: tuple[FolderStatus, ...] = ()
    """By name."""
    only: Collection[int] | None = None
    """The jobs that this engine takes; None: all."""
    shown: tuple[JobStatus, ...] = ()
    """The latest jobs that are over, oldest first, then the open ones."""

    async def requeue_interrupted(self) -> None:
        """Put the jobs that an engine was running when it died back into the queue."""
        async with self.catalogue.transaction() as tx:
            await jobs.requeue_interrupted(tx)

    async def refresh(self) -> None:
        """Read the queue and the folders from the catalogue again."""
        async with self.catalogue.transaction() as tx:
            standings = await overview.every(tx)
            queue = await jobs.open_jobs(tx)
            recent = [j for j in await jobs.recent(tx, _RECENT) if j.state.is_over]
        folders = {standing.folder.id: standing.folder for standing in standings}
        self.open = tuple(queue)
        self.shown = reusing_equal(
            self.shown,
            (queued_figures(j, folders.get(j.folder_id)) for j in (*reversed(recent), *queue)),
        )
        self.folders = reusing_equal(
            self.folders,
            map(_folder_status, standings),
        )

    def folder(self, folder_id: int) -> Folder | None:
        """A folder by its id."""
        return next((f.folder for f in self.folders if f.folder.id == folder_id), None)

    @property
    def waiting(self) -> Iterator[Job]:
        """The jobs that wait to run, in the order of the queue; with `only`, those of them."""
        waiting = (job for job in self.open if job.state is JobState.QUEUED)
        return (job for job in waiting if self.only is None or job.id in self.only)

    def job(self, job_id: int) -> Job | None:
        """An open job by its id."""
        return next((j for j in self.open if j.id == job_id), None)


def _folder_status(standing: overview.Standing) -> FolderStatus:
    def figures(job: Job | None) -> JobStatus | None:
        return queued_figures(job, standing.folder) if job is not None else None

    return FolderStatus(
        standing.folder,
        standing.latest,
        figures(standing.job),
        figures(standing.backup),
        figures(standing.errand),
        standing.check,
    )
