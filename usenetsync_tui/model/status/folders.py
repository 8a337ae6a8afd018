"""The status of a folder, and its last check."""

from __future__ import annotations

from datetime import datetime

from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.value_object import value_object


@value_object
class LastCheck:
    """The last check of all articles of a folder that came to its end, of any kind."""

    finished_at: datetime
    bodies: bool
    """Whether it fetched articles, instead of asking whether the store has them."""
    sample: int
    """It checked one of so many parts of the articles; 1: all of them."""
    checked: int
    """Articles; those that were known to be lost are among these and the next ones."""
    missing: int
    damaged: int
    unknown: int


@value_object
class FolderStatus:
    """A folder: its backup, and its errands, which are all other jobs of it."""

    folder: Folder
    latest: Snapshot | None = None
    """The newest finished version: what the folder's backup is."""
    job: JobStatus | None = None
    """The open job, or else the latest one, of any verb; a running one before those that wait."""
    backup: JobStatus | None = None
    """The open upload, or else the latest one."""
    errand: JobStatus | None = None
    """The open job of another verb, or else the latest one; a running one first."""
    check: LastCheck | None = None
    """How healthy the last check found the articles."""
