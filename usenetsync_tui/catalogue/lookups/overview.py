"""The state of all folders, for the screen's first pane: one row per folder, of any size."""

from __future__ import annotations

from collections.abc import Iterable

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables import folders, jobs, snapshots
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.jobs import Job, JobState, Verb
from usenetsync_tui.model.status.folders import LastCheck
from usenetsync_tui.model.value_object import value_object

_SQL = load(__package__, "overview.sql")


@value_object
class Standing:
    """A folder with its newest finished version, its jobs and its last check."""

    folder: Folder
    latest: Snapshot | None
    backup: Job | None
    """The open upload, or else the latest one."""
    errand: Job | None
    """The open job of another verb, or else the latest one; a running one first."""
    check: LastCheck | None

    @property
    def job(self) -> Job | None:
        """The job of the two that the other gives way to in a list."""
        return foremost(j for j in (self.backup, self.errand) if j is not None)


async def every(tx: Transaction) -> list[Standing]:
    """All folders, by name."""
    rows = await tx.fetch(_SQL["latest_finished"])
    versions = {s.folder_id: s for s in map(snapshots.snapshot_of, rows)}
    checks = {row[0]: LastCheck(*row[1:]) for row in await tx.fetch(_SQL["last_checks"])}
    found: dict[tuple[int, bool], list[Job]] = {}
    for job in (*await jobs.latest_over(tx), *await jobs.open_jobs(tx)):
        found.setdefault((job.folder_id, job.verb is Verb.UPLOAD), []).append(job)
    return [
        Standing(
            folder,
            versions.get(folder.id),
            foremost(found.get((folder.id, True), ())),
            foremost(found.get((folder.id, False), ())),
            checks.get(folder.id),
        )
        for folder in await folders.every(tx)
    ]


def foremost(found: Iterable[Job]) -> Job | None:
    """The job to show of several: one that runs, else one that waits, else the latest."""
    return max(found, key=_urgency, default=None)


def _urgency(job: Job) -> tuple[bool, bool, int]:
    return job.state is JobState.RUNNING, not job.state.is_over, job.id
