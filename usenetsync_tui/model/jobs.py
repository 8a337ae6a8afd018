"""Jobs: one folder, one verb, a priority and a state."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.restores.choices import Overwrite, RestoreChoices
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.model.value_object import value_object


class Verb(StrEnum):
    """What a job does to its folder."""

    UPLOAD = "upload"
    RESTORE = "restore"
    VERIFY = "verify"
    INDEX = "index"
    """Post what is missing of the folder's index."""
    FORGET = "forget"
    """Delete what only forgotten versions need."""
    REMOVE = "remove"
    """Delete all that the folder has, and then the folder."""
    ADOPT = "adopt"
    """Never in the queue: the folder is not in the catalogue until it is done."""

    @property
    def posts(self) -> bool:
        """Whether its jobs post articles: a verify posts missing ones again."""
        return self in (Verb.UPLOAD, Verb.VERIFY, Verb.INDEX)

    @property
    def erases(self) -> bool:
        """Whether its jobs delete what nothing needs any more."""
        return self in (Verb.FORGET, Verb.REMOVE)


class JobState(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self not in (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)


@value_object
class Job:
    """A row of the job queue."""

    id: int
    folder_id: int
    verb: Verb
    priority: Priority
    state: JobState
    version: int | None
    target: bytes | None
    paths: tuple[bytes, ...]
    """What a restore brings back, relative to the folder; none: everything."""
    owns_target: bool
    """The restore made its target folder, so it also sets the folder's mode and mtime."""
    created_at: datetime
    finished_at: datetime | None
    done_files: int
    done_bytes: int
    total_files: int
    total_bytes: int
    errors: int
    message: str | None
    allow_shrink: bool = False
    """The user accepts the folder as it is now, even if most files are gone."""
    refusal: Refusal | None = None
    """Why an upload refused the folder as it is now."""
    started_at: datetime | None = None
    """When it first ran; None: it never did, or an older program ran it."""
    worked: float = 0.0
    """Seconds that it ran, of all its runs together; pauses while it waits do not count."""
    posted_bytes: int = 0
    """Payload bytes that the store acknowledged, in all its runs."""
    deduplicated_bytes: int = 0
    """Source bytes that the store had already, in all its runs."""
    exclude: tuple[bytes, ...] = ()
    overwrite: Overwrite = Overwrite.ALWAYS
    deletes: bool = False
    numeric_ids: bool = False
    """The choices of a restore: see `choices`."""

    @property
    def choices(self) -> RestoreChoices:
        """What a restore does with what its target has."""
        return RestoreChoices(self.exclude, self.overwrite, self.deletes, self.numeric_ids)


@value_object
class PastJob:
    """A job as the history lists it, with the name of its folder."""

    job: Job
    folder: str
