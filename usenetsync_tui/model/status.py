"""What the engine says about itself: one immutable value, swapped five times a second.

The screen and the progress bar read it whenever they like; nothing in it is computed on
demand. Rates are per second, sizes bytes, times seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.servers import ServerStatus


class EngineState(StrEnum):
    """What the engine as a whole is doing."""

    STARTING = "starting"
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
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
    """Items it has handed on."""


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """What one worker has in its hands."""

    number: int
    stage: str
    item: bytes
    """A path, to be shown through `safe_name`; empty when idle."""
    detail: str


@dataclass(frozen=True, slots=True)
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
    """The path touched last."""
    bytes_per_second: float
    files_per_second: float
    eta: float | None
    """Seconds left; None until ten seconds of data are there."""
    elapsed: float
    message: str = ""
    verified: int = 0
    """Articles that were looked for after they were posted, and found."""
    from_copies: int = 0
    """Segments fetched from a further copy."""


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """The connections to PostgreSQL."""

    size: int
    in_use: int
    waiting: int
    limit: int
    query_ms: float
    """Mean time of the last status round trip."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The system limits in force (settings)."""

    max_workers: int
    max_connections: int
    batch_size: int
    chunk_size: int
    memory_limit: int


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The whole engine at one moment."""

    state: EngineState
    message: str = ""
    jobs: tuple[JobStatus, ...] = ()
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
    notices: tuple[Notice, ...] = ()
    """The latest ones, newest last; all of them are in the catalogue."""
    notice_count: int = 0
    read_only: bool = False
    limits: Limits = field(default_factory=lambda: Limits(8, 40, 1000, 768_000, 4 << 30))
