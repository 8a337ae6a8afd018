"""The engine's status: one immutable value, replaced five times a second."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from usenetsync_tui.model.dry_runs import Preview
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.folders import FolderDefaults
from usenetsync_tui.model.restores.plans import RestorePreview
from usenetsync_tui.model.servers.servers import ServerStatus
from usenetsync_tui.model.status.folders import FolderStatus
from usenetsync_tui.model.status.jobs import JobStatus, StageStatus, WorkerStatus
from usenetsync_tui.model.status.recovery import (
    Adopting,
    Sharing,
    StringRestoreStatus,
    StringVersions,
)
from usenetsync_tui.model.status.tasks import Event, Examination, TaskStatus, Trial
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.keep_rules import KeepRules
from usenetsync_tui.model.waiting import Waiting
from usenetsync_tui.model.windows import Window


class EngineState(StrEnum):
    """What the engine as a whole is doing."""

    STARTING = "starting"
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"
    REFUSED = "refused"
    """It could not be made: the settings are wrong, for example. The screen closes at once."""


@value_object
class PoolStatus:
    """The connections to PostgreSQL."""

    size: int
    in_use: int
    waiting: int
    limit: int
    query_ms: float
    """Mean time of the last status round trip."""


@value_object
class Limits:
    """The system limits in force (settings)."""

    max_workers: int
    max_connections: int
    batch_size: int
    chunk_size: int
    memory_limit: int


@value_object
class EngineStatus:
    """The whole engine at one moment."""

    state: EngineState
    message: str = ""
    waiting: Waiting | None = None
    """What the engine waits for now, whether a job runs or not."""
    jobs: tuple[JobStatus, ...] = ()
    """The latest jobs that are over, oldest first, then the open ones; those that run, several
    perhaps, have their figures of this moment."""
    held: tuple[int, ...] = ()
    """Jobs that an engine of a screen found waiting, and that do much work: they wait until the
    user resumes, pauses or cancels each (`Resume`, `Pause`, `Cancel`, `ResumeAll`, `PauseAll`)."""
    stages: tuple[StageStatus, ...] = ()
    workers: tuple[WorkerStatus, ...] = ()
    bytes_per_second: float = 0.0
    files_per_second: float = 0.0
    throughput: tuple[float, ...] = ()
    """Bytes per second, one sample a second, oldest first, ten minutes at most."""
    pool: PoolStatus | None = None
    database: str = ""
    """``embedded`` or ``external``."""
    memory: int = 0
    """Resident bytes of the process."""
    in_flight: int = 0
    """Source bytes between read and confirm."""
    dedupe_rate: float = 0.0
    """Segments found in the catalogue per segment planned, 0…1 (the cache hit rate)."""
    servers: tuple[ServerStatus, ...] = ()
    bandwidth_limit: int = 0
    """Bytes a second posted to all servers together; 0: no limit."""
    fetch_limit: int = 0
    """Bytes a second fetched from all servers together; 0: no limit."""
    notices: tuple[Notice, ...] = ()
    """The latest ones, newest last; all of them are in the catalogue."""
    notice_count: int = 0
    read_only: bool = False
    folders: tuple[FolderStatus, ...] = ()
    """By name."""
    workers_allowed: int = 0
    """Threads that may read and compress now."""
    events: tuple[Event, ...] = ()
    """The latest ones since the engine started, oldest first."""
    tasks: tuple[TaskStatus, ...] = ()
    """Those under way and the last ones that ended."""
    trial: Trial | None = None
    """The latest test of a server."""
    sharing: Sharing | None = None
    """The recovery string that the user asked for; None once the dialog is closed."""
    adopting: Adopting | None = None
    """The latest adoption of a folder."""
    string_versions: StringVersions | None = None
    """What the recovery string brings back that a user last asked about."""
    string_restore: StringRestoreStatus | None = None
    """The latest restore with a recovery string."""
    examination: Examination | None = None
    """The latest examination of this machine."""
    preview: Preview | None = None
    """What a folder's filters would leave out, as far as it was looked at."""
    restore_preview: RestorePreview | None = None
    """What a restore would do, as far as it was looked at."""
    folder_defaults: FolderDefaults = field(default_factory=FolderDefaults)
    """What a new folder begins with."""
    keep_rules: KeepRules = field(default_factory=KeepRules)
    """The keep rules of folders without their own."""
    windows: tuple[Window, ...] = ()
    """The other programs that are attached to the engine."""
    holder: Window | None = None
    """The other program that runs the engine; None: this one does."""
    limits: Limits | None = field(default_factory=lambda: Limits(8, 40, 1000, 768_000, 4 << 30))
    """None until the settings are read."""
