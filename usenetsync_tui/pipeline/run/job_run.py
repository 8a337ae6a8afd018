"""job_run: one run of a job: the state that all its stages share.

Holds the folder, the store, the counters, pause and drain; decides nothing. Used on the engine's
event loop only.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

import anyio

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import folders, jobs
from usenetsync_tui.codec.compression import compressor_memory
from usenetsync_tui.disk.wall_clock import WallClock
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.folders import Folder, Realm
from usenetsync_tui.model.ports.stores import OpenRealm, OpenRealms
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.model.status.engine import Limits
from usenetsync_tui.model.status.jobs import StageStatus
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.run.action_gate import ActionGate
from usenetsync_tui.pipeline.run.budget import Budget
from usenetsync_tui.pipeline.run.so_far import Amounts, SoFar
from usenetsync_tui.pipeline.run.worker_counts import StageWorkers, WorkerCounts

_SHOWN_NOTICES = 50


@dataclass(slots=True)
class Progress:
    """Counters of a run. Bytes are source bytes unless they say payload."""

    phase: str = "starting"
    scanned: bool = False
    entries: int = 0
    unwalked: int = 0
    """Paths that the last walk could not read and that no row of `files` represents."""
    unchanged: int = 0
    total_files: int = 0
    done_files: int = 0
    total_bytes: int = 0
    done_bytes: int = 0
    verified: int = 0
    """Articles that a check found after they were posted."""
    unverified: int = 0
    """Posted articles without a clear answer at the end of the run."""
    earlier_files: int = 0
    earlier_bytes: int = 0
    """Part of the done files and bytes: done by an earlier run (verify)."""
    posted_bytes: int = 0
    """Payload bytes acknowledged."""
    deduplicated_bytes: int = 0
    segments: int = 0
    deduplicated_segments: int = 0
    from_copies: int = 0
    """Segments fetched from a further copy, as the first could not be fetched."""
    in_flight: int = 0
    errors: int = 0
    notices: int = 0
    missed_files: int = 0
    """Files that this run cannot restore, for any reason (restore)."""
    missed_bytes: int = 0
    kept_bytes: int = 0
    """Part of the done bytes: already right in the target, so not written (restore)."""
    deleted: int = 0
    """Entries of the target that the version does not have, deleted by this run (restore)."""
    current: bytes = b""
    so_far: SoFar = field(default_factory=SoFar)
    """What earlier runs of the job did."""
    latest: deque[Notice] = field(default_factory=lambda: deque(maxlen=_SHOWN_NOTICES))

    @property
    def own_bytes(self) -> int:
        """The bytes that this run has done itself: the rate is theirs."""
        return self.done_bytes - self.earlier_bytes

    @property
    def own_files(self) -> int:
        """The same in files."""
        return self.done_files - self.earlier_files

    def failed(self, size: int) -> None:
        """Count a file that failed as done, so that the totals are still reached."""
        self.done_files += 1
        self.done_bytes += size


class Gate:
    """Pauses a run: stages pass the gate before they begin something new."""

    def __init__(self) -> None:
        self.is_open = True
        """False while paused. Threads read it before each article."""
        self._opened = anyio.Event()
        self._closed_at = 0.0
        self._closed_for = 0.0

    def close(self) -> None:
        """Pause every task that comes to the gate."""
        if self.is_open:
            self.is_open = False
            self._opened, self._closed_at = anyio.Event(), time.monotonic()

    def open(self) -> None:
        """Let all tasks continue."""
        self._closed_for = self.closed_for
        self.is_open = True
        self._opened.set()

    @property
    def closed_for(self) -> float:
        """Seconds that it was closed, all pauses together."""
        now = 0.0 if self.is_open else time.monotonic() - self._closed_at
        return self._closed_for + now

    async def passed(self) -> None:
        """Wait until the gate is open; if it is, return without yielding to other tasks."""
        if not self.is_open:
            await self._opened.wait()


class WorkerSlot:
    """What one worker is working on, for the screen."""

    __slots__ = ("busy", "detail", "item", "stage")

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.busy = False
        self.item = b""
        self.detail = ""

    def begin(self, item: bytes, detail: str = "") -> None:
        """Busy with an item from now on."""
        self.busy, self.item, self.detail = True, item, detail

    def end(self) -> None:
        """Busy no more."""
        self.busy, self.item, self.detail = False, b"", ""

    @contextmanager
    def working(self, item: bytes, detail: str = "") -> Iterator[None]:
        """Busy with an item until the block ends."""
        self.begin(item, detail)
        try:
            yield
        finally:
            self.end()


class QueueStatistics(Protocol):
    """How full a queue is; the names are those of anyio's streams."""

    @property
    def current_buffer_used(self) -> int: ...

    @property
    def max_buffer_size(self) -> float: ...


class Queue(Protocol):
    """What stands in front of a stage."""

    def statistics(self) -> QueueStatistics:
        """How full it is."""


class Stage:
    """A stage as the queue monitor sees it: its workers and the stream in front of it."""

    def __init__(
        self,
        name: str,
        workers: int | StageWorkers,
        queue: Queue | None = None,
    ) -> None:
        """`workers`: how many, or those of `WorkerCounts`."""
        self.name = name
        self.done = 0
        self._queue = queue
        self._stage_workers = None if isinstance(workers, int) else workers
        count = workers if isinstance(workers, int) else workers.most
        self._slots = [WorkerSlot(name) for _ in range(count)]

    @property
    def stage_workers(self) -> StageWorkers:
        """The workers of a stage whose count can change."""
        assert self._stage_workers is not None
        return self._stage_workers

    @property
    def workers(self) -> int:
        """How many workers may hold an item now."""
        return len(self._slots) if self._stage_workers is None else self._stage_workers.allowed

    @property
    def slots(self) -> list[WorkerSlot]:
        """The slots of the workers that may hold an item now, or still do."""
        allowed = self.workers
        return [s for number, s in enumerate(self._slots) if number < allowed or s.busy]

    def slot(self, number: int) -> WorkerSlot:
        """A worker's slot, whether it may work now or not."""
        return self._slots[number]

    def status(self) -> StageStatus:
        """Queue depth and busy workers now."""
        depth = capacity = 0
        if self._queue is not None:
            statistics = self._queue.statistics()
            depth = statistics.current_buffer_used
            capacity = int(statistics.max_buffer_size)
        return StageStatus(
            name=self.name,
            depth=depth,
            capacity=capacity,
            active=sum(s.busy for s in self._slots),
            workers=self.workers,
            done=self.done,
        )


@dataclass(slots=True)
class JobRun:
    """A running job and its folder."""

    catalogue: Catalogue
    realms: OpenRealms
    open_realm: OpenRealm
    """The folder's realm, opened."""
    folder: Folder
    job_id: int
    limits: Limits
    version: int = 0
    progress: Progress = field(default_factory=Progress)
    gate: Gate = field(default_factory=Gate)
    action_gate: ActionGate = field(default_factory=ActionGate)
    clock: WallClock = field(default_factory=WallClock)
    stages: list[Stage] = field(default_factory=list)
    waits: Waits = field(default_factory=Waits)
    """What the run waits for now."""
    given_up: bool = False
    """Whether it made no progress while draining, and was cancelled."""
    stopping: anyio.Event = field(default_factory=anyio.Event)
    """Set when the run must drain."""
    began: float = field(default_factory=time.monotonic)
    """When it began, by the monotonic clock."""
    trusted_before: int | None = None
    """Nanoseconds of the wall clock: what earlier runs read of a file, they read after that, so a
    file that was last changed before is what they read. None: nothing is known of them."""
    global_patterns: tuple[bytes, ...] = ()
    """Patterns of the settings: no upload takes in what they exclude."""
    allow_shrink: bool = False
    """Whether the user accepts the folder as it is, however little is left of it."""
    refusal: Refusal | None = None
    """Why the judge refused the folder."""
    away: Collection[bytes] = ()
    """Missing mount points: articles of files below them cannot be made again."""
    new_pages: set[int] = field(default_factory=set)
    """Pages of the index that this run planned, under names that no article has."""
    other_realms: dict[int, OpenRealm] = field(default_factory=dict)
    """Other realms that were needed so far, opened."""
    worker_counts: WorkerCounts = field(init=False)
    budget: Budget = field(init=False)
    """Bounds the bytes in memory: `progress.in_flight`, and what is being read or fetched."""

    def __post_init__(self) -> None:
        size = self.limits.chunk_size
        compressor = compressor_memory(size, self.folder.compression)
        self.worker_counts = WorkerCounts(self.limits, compressor)
        compressors = compressor * max(1, self.worker_counts.most // 2)  # the others read
        self.budget = Budget(self.limits.memory_limit, compressors)

    def use_headers(self, realm: Realm, open_realm: OpenRealm) -> None:
        """Post everything from now on with the realm's new headers."""
        self.folder = replace(self.folder, realm=realm)
        self.open_realm = open_realm

    async def realm_of(self, realm_id: int) -> OpenRealm:
        """Open a segment's realm: the folder may have been in another realm before."""
        if realm_id == self.open_realm.realm.id:
            return self.open_realm
        if realm_id not in self.other_realms:
            async with self.catalogue.transaction() as tx:
                realm = await folders.realm_by_id(tx, realm_id)
            self.other_realms[realm_id] = await self.realms.of(realm)
        return self.other_realms[realm_id]

    def released(self, size: int) -> None:
        """Release `size` source bytes that articles held."""
        self.progress.in_flight -= size
        self.budget.give(size)

    @property
    def draining(self) -> bool:
        """Whether the run takes nothing new and only finishes what is in flight."""
        return self.stopping.is_set()

    def drain(self) -> None:
        """Stop soon, losing nothing."""
        self.stopping.set()
        self.gate.open()

    async def notice(self, *notices: Notice) -> None:
        """Record reasons in the catalogue and show the latest."""
        if not notices:
            return
        self.noticed(notices)
        async with self.catalogue.transaction() as tx:
            await jobs.add_notices(tx, self.job_id, notices)

    def noticed(self, notices: Collection[Notice]) -> None:
        """Count and show notices that the caller records, or that are recorded already."""
        self.progress.notices += len(notices)
        self.progress.errors += sum(n.is_error for n in notices)
        self.progress.latest.extend(notices)

    @property
    def amounts(self) -> Amounts:
        """The amounts of the job now, those of its earlier runs included."""
        p = self.progress
        run = Amounts(
            done_files=p.done_files,
            done_bytes=p.done_bytes,
            total_files=p.total_files,
            total_bytes=p.total_bytes,
            posted_bytes=p.posted_bytes,
            deduplicated_bytes=p.deduplicated_bytes,
            worked=time.monotonic() - self.began - self.gate.closed_for,
        )
        return p.so_far.with_run(run, is_total=p.scanned)

    async def save_progress(self) -> None:
        """Write the counters into the job's row."""
        async with self.catalogue.transaction() as tx:
            await self.record_progress(tx)

    async def record_progress(self, tx: Transaction) -> None:
        """The same in a transaction of the caller."""
        await jobs.set_progress(tx, self.job_id, self.progress.errors, **asdict(self.amounts))
