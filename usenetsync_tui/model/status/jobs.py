"""The status of a job: its stages, its workers, its figures."""

from __future__ import annotations

from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.waiting import Waiting


@value_object
class StageStatus:
    """One stage of the pipeline and the bounded queue in front of it."""

    name: str
    depth: int
    """Items waiting in front of the stage."""
    capacity: int
    active: int
    """Workers busy in it."""
    workers: int
    done: int
    """Items it has finished."""
    job_id: int = 0
    """The job that runs it."""


@value_object
class WorkerStatus:
    """What one worker is doing."""

    number: int
    stage: str
    item: bytes
    """A path, to be shown through `safe_name`; empty when idle."""
    detail: str
    job_id: int = 0
    """The job that it works for."""


@value_object
class JobStatus:
    """One job as it stands now. Totals grow until `scanned` is true."""

    id: int
    folder_id: int
    folder: str
    verb: Verb
    priority: Priority
    state: JobState
    version: int | None
    phase: str
    """What it is doing in a word: settle, scan, upload, finish, restore, verify…"""
    scanned: bool
    entries: int
    """Paths walked so far."""
    unchanged: int
    total_files: int
    done_files: int
    total_bytes: int
    done_bytes: int
    posted_bytes: int
    """Payload bytes the store has acknowledged."""
    deduplicated_bytes: int
    errors: int
    current: bytes
    """The path that the job handled last."""
    bytes_per_second: float
    files_per_second: float
    eta: float | None
    """Seconds left; None until there are ten seconds of data."""
    elapsed: float
    """Seconds that it ran, all its runs together, without pauses."""
    message: str = ""
    verified: int = 0
    """Articles that a check found after they were posted."""
    unverified: int = 0
    """Posted articles about which no server gave a clear answer."""
    from_copies: int = 0
    """Segments fetched from a copy other than the first."""
    target: bytes = b""
    """The folder that a restore writes to."""
    refusal: Refusal | None = None
    """Why an upload refused the folder as it is now."""
    missed_files: int = 0
    """Files of the total that a restore has given up; `done_files` does not count them."""
    kept_bytes: int = 0
    """The part of `done_bytes` that a restore found identical in its target and left alone."""
    deleted: int = 0
    """Paths that the version does not have, deleted by a restore."""
    waiting: Waiting | None = None
    """What it waits for now."""
    at_work: bool = False
    """Whether it runs now, or is paused where it is; else it waits in the queue, or is over."""
