"""Decides when to read a list of files again while a job changes its version.

Knows the engine's status and the listed query. Refuses to know pages and widgets.
"""

from __future__ import annotations

from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.lists.files import FileQuery
from usenetsync_tui.model.status.engine import EngineState, EngineStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.tui.kit.version_words import is_being_built


class LiveFiles:
    """The job that changes the listed files, from the latest status."""

    def __init__(self) -> None:
        self.job: JobStatus | None = None
        """The running job of the listed version."""
        self.is_starting = True
        """Whether the engine is still opening the catalogue."""
        self.is_read_only = False
        self._folders: tuple[FolderStatus, ...] | None = None
        """None before the first status."""
        self._stage: tuple[str, bool] | None = None

    def update(self, status: EngineStatus, query: FileQuery | None) -> bool:
        """Take the latest status. Returns whether to read all rows again at once."""
        self.is_starting = status.state is EngineState.STARTING
        self.is_read_only = status.read_only
        self._folders = status.folders
        self.job, before = None, self._stage
        if query is not None:
            at = (query.folder_id, query.version)
            jobs = (job for job in status.jobs if (job.folder_id, job.version) == at)
            self.job = next((job for job in jobs if job.state is JobState.RUNNING), None)
        self._stage = (self.job.phase, self.job.scanned) if self.job is not None else None
        # A job may add or remove any row between two phases, so read all of them again then.
        return self._stage != before and query is not None

    def changes_rows(self, query: FileQuery | None) -> bool:
        """Whether the job adds rows to the list or removes them: during the walk, or by state."""
        filtered = query is not None and query.filter.view is not None
        return self.job is not None and (not self.job.scanned or filtered)

    def is_finished(self, query: FileQuery) -> bool:
        """Whether no job builds the listed version; False before the first status."""
        if self._folders is None:
            return False
        folder = next((f for f in self._folders if f.folder.id == query.folder_id), None)
        return not is_being_built(query.version, folder)
