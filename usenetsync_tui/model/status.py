"""The engine's status: one immutable value, replaced five times a second.

The screen and the progress bar can read it at any time; nothing in it is computed on demand.
Rates are per second, sizes bytes, times seconds.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import StrEnum

from usenetsync_tui.model.dry_runs import Preview
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.findings import Finding
from usenetsync_tui.model.folders import Folder, FolderDefaults, Priority, Snapshot
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.keep_rules import KeepRules
from usenetsync_tui.model.restore_plans import RestorePreview
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers import ServerStatus
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.model.value_object import value_object
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


class Severity(StrEnum):
    """How much attention an event needs."""

    INFO = "info"
    WARN = "warn"
    BAD = "bad"


@value_object
class Event:
    """A line of the log. The text has no markup; names in it are made safe already."""

    at: float
    """Seconds since the epoch."""
    severity: Severity
    text: str


@value_object
class TaskStatus:
    """Work besides the jobs: an action on files, the writing of an NZB."""

    number: int
    words: str
    """What it does: ``retry 37 files of photos``."""
    done: int
    total: int | None
    """None while it is not known."""
    over: bool = False
    problem: str = ""
    """Why it failed; empty: it did not."""


@value_object
class TrialStep:
    """One step of a server's test."""

    name: str
    ok: bool | None
    """None: not possible on this server, and not needed."""
    seconds: float
    detail: str


@value_object
class Trial:
    """A server's test, with the steps done so far."""

    server: str
    steps: tuple[TrialStep, ...] = ()
    over: bool = False

    @property
    def passed(self) -> bool:
        """Whether it is over and no step failed."""
        return self.over and all(step.ok is not False for step in self.steps)


@value_object
class Sharing:
    """The recovery string of a folder, while the screen shows it."""

    folder_id: int
    string: Secret = Secret("")
    """Not grouped; empty while it is being made."""
    has_passphrase: bool = False
    problem: str = ""
    """Why there is no string."""
    waits: str = ""
    """Why new names of articles are not in the index that it leads to; empty: they are."""
    file: bytes = b""
    """Where the user wants it written; empty: nowhere."""
    is_written: bool = False
    file_problem: str = ""
    """Why it could not be written."""
    window: int = 0
    """The window that asked for it, and that alone sees it (`commands.Share`)."""


@value_object
class Adopting:
    """The adoption of a folder by its recovery string, as far as it is."""

    number: int
    """1 for the first of an engine's life."""
    folder: str = ""
    """Its name, once that is known."""
    files: int = 0
    """Files loaded so far."""
    phase: str = "search"
    """``search``, ``load`` or ``finish``."""
    done_bytes: int = 0
    total_bytes: int = 0
    """Bytes of its index, of which `done_bytes` are loaded; 0 until that is known."""
    over: bool = False
    problem: str = ""
    """Why it failed; empty: it did not."""
    outcome: str = ""
    """What was adopted, in words."""


@value_object
class StringVersions:
    """The versions that a recovery string brings back, once they are found."""

    number: int
    """1 for the first search of an engine's life."""
    folder: str = ""
    """Its name."""
    versions: tuple[Snapshot, ...] = ()
    """The newest ones first."""
    doubt: str = ""
    """Why there may be a newer one."""
    over: bool = False
    problem: str = ""
    """Why nothing was found."""
    window: int = 0
    """The window that asked, and that alone sees it (`commands.LookByString`)."""


@value_object
class StringRestoreStatus:
    """A restore with a recovery string, as far as it is."""

    number: int
    """1 for the first of an engine's life."""
    target: bytes
    folder: str = ""
    """Its name, once that is known."""
    version: int | None = None
    """The version, once it is found."""
    phase: str = "search"
    """``search``, ``load`` (of the index) or ``restore``."""
    done_bytes: int = 0
    total_bytes: int = 0
    """Bytes of the index, of which `done_bytes` are loaded; 0 until that is known."""
    job: JobStatus | None = None
    """The figures of the restore itself. It is in no queue, so its id names no job."""
    over: bool = False
    problem: str = ""
    """Why it failed, or was stopped; empty: it did not."""
    outcome: str = ""
    """What was restored, in words."""


@value_object
class Examination:
    """What was found on this machine, as far as it was looked at."""

    number: int
    """1 for the first of an engine's life."""
    findings: tuple[Finding, ...] = ()
    """In the order they were made; nothing of the terminal."""
    over: bool = False
    stopped: bool = False
    """The user ended it."""
    problem: str = ""
    """Why it did not get to its end."""


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
