"""The state of all folders, for the screen's first pane: one row per folder, of any size."""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables import folders, jobs, snapshots
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.jobs import Job

_SQL = load(__package__, "overview.sql")

Standing = tuple[Folder, Snapshot | None, Job | None]
"""A folder, its newest finished version, and its open or latest job."""


async def every(tx: Transaction) -> list[Standing]:
    """All folders, by name."""
    rows = await tx.fetch(_SQL["latest_finished"])
    versions = {s.folder_id: s for s in map(snapshots.snapshot_of, rows)}
    latest = {job.folder_id: job for job in await jobs.latest_of_all(tx)}
    kept = await folders.every(tx)
    return [(folder, versions.get(folder.id), latest.get(folder.id)) for folder in kept]
