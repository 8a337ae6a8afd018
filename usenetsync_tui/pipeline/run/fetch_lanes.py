"""fetch_lanes: joins the event loop, which says what is wanted, with the threads that fetch it.

Knows waiting, room and turns. Refuses to know what the bytes are for, and where an article is
(`store`).

A lane's thread takes a wanted segment, fetches it, and hands the bytes to `WantedSegment.keep`
itself. The event loop is woken once for many of them. Only what needs thought comes back to it: a
first copy that cannot be fetched leads to the other copies, one by one (`fetch`).

A wanted segment holds room in the run's budget from `want` until its outcome is known.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.errors import ArticleMissingError, StoreError
from usenetsync_tui.model.ports.stores import OpenRealm, Store, WantedArticle
from usenetsync_tui.model.segments import Segment
from usenetsync_tui.pipeline.run.fetch import as_wanted, fetch_other_copies, record_failure
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage, WorkerSlot
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue
from usenetsync_tui.pipeline.run.worker_counts import most_lanes

_IN_FLIGHT = 32
"""Most lanes; more only if the store posts on more."""
_WAITING_A_LANE = 4
"""Segments that may be wanted for each lane: the one that it fetches, and the next ones, so that it
need not wait until the event loop hears of the last one."""
_TELL_EVERY = 0.03
"""Seconds after which the event loop hears of outcomes while every lane has work."""


class WantedSegment:
    """A segment to fetch from the first of its copies that has it."""

    def __init__(
        self,
        path: bytes,
        copies: Sequence[Segment],
        keep: Callable[[bytes], None],
        outcome: Callable[[Exception | None], None],
    ) -> None:
        """`keep` gets the bytes, in a thread; `outcome` its error or that of the fetch, on the
        event loop."""
        self.path = path
        self.copies = copies
        self.outcome = outcome
        self._keep = keep
        self._lock = threading.Lock()
        self._is_abandoned = False

    @property
    def size(self) -> int:
        """Bytes of the segment."""
        return self.copies[0].size if self.copies else 0

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody needs it any more."""
        return self._is_abandoned

    def keep(self, data: bytes) -> Exception | None:
        """Hand the bytes over, unless it is abandoned; returns the error. Blocking."""
        with self._lock:
            if self._is_abandoned:
                return None
            try:
                self._keep(data)
            except Exception as failure:  # noqa: BLE001 - raised where the outcome is awaited
                return failure
        return None

    def abandon(self) -> None:
        """From now on nothing is kept; waits while a thread is about it. Blocking, but short."""
        with self._lock:
            self._is_abandoned = True


class Wants:
    """Segments that one task waits for; leaving the block abandons those without an outcome."""

    def __init__(self, lanes: FetchLanes) -> None:
        self._lanes = lanes
        self._open: set[WantedSegment] = set()
        self._changed = anyio.Event()
        self._is_left = False
        """Whether the block has ended: what comes later concerns nobody."""
        self.failure: Exception | None = None
        """The first error."""

    async def add(
        self,
        path: bytes,
        copies: Sequence[Segment],
        keep: Callable[[bytes], None],
        done: Callable[[], None] = lambda: None,
    ) -> None:
        """Have a segment fetched; waits for room. `done` is called when its bytes are kept."""
        await self.add_all([self.new(path, copies, keep, done)])

    def new(
        self,
        path: bytes,
        copies: Sequence[Segment],
        keep: Callable[[bytes], None],
        done: Callable[[], None],
    ) -> WantedSegment:
        """A segment for `add_all`, as in `add`."""

        def outcome(failure: Exception | None) -> None:
            self._open.discard(wanted)
            self.failure = self.failure or failure
            if failure is None and not self._is_left:
                done()
            if failure is not None or not self._open:
                self._changed.set()

        wanted = WantedSegment(path, copies, keep, outcome)
        return wanted

    async def add_all(self, wanted: Sequence[WantedSegment]) -> None:
        """Have some segments fetched; waits for room."""
        self._open.update(wanted)
        await self._lanes.want(wanted)

    async def all_kept(self) -> None:
        """Wait for all of them; raises the first error."""
        while self._open and self.failure is None:
            self._changed = anyio.Event()
            await self._changed.wait()
        if self.failure is not None:
            raise self.failure

    async def __aenter__(self) -> Wants:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_left = True
        if self._open:
            # What the bytes go to is closed next, so no thread may still be about it.
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._abandon, tuple(self._open))

    def _abandon(self, wanted: Sequence[WantedSegment]) -> None:
        for each in wanted:
            each.abandon()


class FetchLanes:
    """The lanes of one run, for each store that its segments are in."""

    def __init__(self, run: JobRun, group: TaskGroup, is_over: Callable[[], bool]) -> None:
        """The lanes are tasks of `group`, until `close`. `is_over`: nothing new may begin."""
        self._run = run
        self._group = group
        self._is_over = is_over
        self._queues: dict[int, LaneQueue[WantedSegment]] = {}
        self._loop = asyncio.get_running_loop()
        self._results: deque[tuple[WantedSegment, Exception | None, bool]] = deque()
        self._is_told = False
        self._told_at = 0.0
        self._scopes: list[anyio.CancelScope] = []
        self._is_closed = False
        self._lanes = lanes_of(run, run.open_realm.store)
        self._most = _WAITING_A_LANE * self._lanes
        self._under_way = 0
        """Segments that are wanted and have no outcome yet; at most `_most`."""
        self._has_room = anyio.Event()
        """Set when half of them have got theirs, so that many more are wanted at once."""
        self.stage = Stage("fetch", self._lanes, self._queue(run.open_realm))

    async def want(self, wanted: Sequence[WantedSegment]) -> None:
        """Have segments fetched as soon as there is room; each one's `outcome` is called later."""
        batch: list[WantedSegment] = []
        try:
            for each in wanted:
                if self._under_way >= self._most or not self._run.budget.try_take(each.size):
                    await self._begin(batch)
                    await self._wait_for_room()
                    await self._run.budget.take(each.size)
                self._under_way += 1
                batch.append(each)
            await self._begin(batch)
        except BaseException:
            for each in batch:
                self._free(each)
            raise

    async def _begin(self, batch: list[WantedSegment]) -> None:
        """Hand segments that have room to the lanes, and empty the batch."""
        by_realm: dict[int | None, list[WantedSegment]] = {}
        for wanted in batch:
            realm = wanted.copies[0].realm_id if wanted.copies else None
            by_realm.setdefault(realm, []).append(wanted)
        missing = by_realm.pop(None, [])
        queues = {realm: await self._queue_of(realm) for realm in by_realm if realm is not None}
        batch.clear()  # nothing below waits: a queue holds as many as there is room for
        for realm, queue in queues.items():
            await queue.put(by_realm[realm])
        for wanted in missing:
            self._finish(wanted, ArticleMissingError("It was never posted."))

    async def _wait_for_room(self) -> None:
        while self._under_way >= self._most:
            if self._has_room.is_set():
                self._has_room = anyio.Event()
            await self._has_room.wait()

    def close(self) -> None:
        """Nothing more will be wanted: the lanes end; what they still fetch is abandoned."""
        self._is_closed = True
        for scope in self._scopes:
            scope.cancel()
        for queue in self._queues.values():
            self._drop(queue)

    async def _queue_of(self, realm_id: int) -> LaneQueue[WantedSegment]:
        return self._queues.get(realm_id) or self._queue(await self._run.realm_of(realm_id))

    def _queue(self, open_realm: OpenRealm) -> LaneQueue[WantedSegment]:
        """The queue of a realm, with its lanes."""
        found = self._queues.get(open_realm.realm.id)
        if found is not None:
            return found
        queue = LaneQueue[WantedSegment](self._most)
        self._queues[open_realm.realm.id] = queue
        for number in range(lanes_of(self._run, open_realm.store)):
            self._group.start_soon(self._lane, open_realm, queue, number)
        return queue

    async def _lane(
        self, open_realm: OpenRealm, queue: LaneQueue[WantedSegment], number: int
    ) -> None:
        """Fetch what is wanted from one store, until `close`."""
        slot = WorkerSlot("fetch")
        if open_realm is self._run.open_realm:
            slot = self.stage.slot(number)
        source = _LaneSource(self, open_realm, queue, slot)
        with anyio.CancelScope() as scope:
            self._scopes.append(scope)
            try:
                while not self._is_closed:
                    await queue.filled()
                    await self._run.gate.passed()
                    if self._is_over():
                        self._drop(queue)
                    else:
                        await open_realm.store.fetch_from(source)
            finally:
                for held in source.stop():
                    self._finish(held, None)

    def may_begin(self) -> bool:
        """Whether a lane may take a segment. From any thread."""
        return self._run.gate.is_open and not self._is_over()

    def settle(self, wanted: WantedSegment, failure: Exception | None, *, is_kept: bool) -> None:
        """A lane is done with a segment; `is_kept`: it had the bytes. From any thread.

        The event loop hears of many at once: each time it takes the GIL from the lanes.
        """
        self._results.append((wanted, failure, is_kept))
        if time.monotonic() - self._told_at > _TELL_EVERY:
            self.tell()

    def tell(self) -> None:
        """Let the event loop hear of the outcomes so far: a lane has nothing to do."""
        if self._results and not self._is_told:
            self._is_told = True
            self._loop.call_soon_threadsafe(self._settle_all)

    def _settle_all(self) -> None:
        self._is_told = False
        self._told_at = time.monotonic()
        while self._results:
            wanted, failure, is_kept = self._results.popleft()
            self.stage.done += 1
            if failure is not None and not is_kept:
                self._group.start_soon(self._look_elsewhere, wanted, failure)
                continue
            if failure is None and not wanted.is_abandoned:
                self._run.progress.from_copies += wanted.copies[0].redundancy > 0
            self._finish(wanted, failure)

    def _drop(self, queue: LaneQueue[WantedSegment]) -> None:
        for wanted in queue.empty():
            self._finish(wanted, None)

    async def _look_elsewhere(self, wanted: WantedSegment, failure: Exception) -> None:
        """Record why the first copy could not be fetched, and try the others."""
        assert isinstance(failure, StoreError)
        error: Exception | None = None
        try:
            await record_failure(self._run, wanted.copies[0], failure)
            if not wanted.is_abandoned:
                data = await fetch_other_copies(self._run, wanted.copies, failure)
                error = await to_thread.run_sync(wanted.keep, data)
        except StoreError as every:
            error = every
        except BaseException:
            self._free(wanted)
            raise
        self._finish(wanted, error)

    def _finish(self, wanted: WantedSegment, failure: Exception | None) -> None:
        self._free(wanted)
        wanted.outcome(failure)

    def _free(self, wanted: WantedSegment) -> None:
        self._run.budget.give(wanted.size)
        self._under_way -= 1
        if self._under_way <= self._most // 2:
            self._has_room.set()


class _LaneSource:
    """What one lane fetches: `model.ports.stores.FetchingSource`."""

    def __init__(
        self,
        lanes: FetchLanes,
        open_realm: OpenRealm,
        queue: LaneQueue[WantedSegment],
        slot: WorkerSlot,
    ) -> None:
        self._lanes = lanes
        self._open_realm = open_realm
        self._queue = queue
        self._slot = slot
        self._wanted: WantedSegment | None = None
        self._lock = threading.Lock()
        self._stopped = False
        """Whether the lane's task has ended: its thread takes and brings nothing more."""

    def next(self, patience: float = 0.0) -> WantedArticle | None:
        """The first copy of the next segment; None if the run is paused or ends."""
        if self._queue.is_empty or not self._lanes.may_begin():
            self._lanes.tell()
        while self._lanes.may_begin():
            wanted = self._queue.take(None, patience)
            if wanted is None:
                return None
            if not self._hold(wanted):
                return None
            if not wanted.is_abandoned:
                self._slot.begin(wanted.path, wanted.copies[0].message_id.hex()[:8])
                return as_wanted(wanted.copies, self._open_realm)
            self._settle(None, is_kept=True)
        return None

    def done(self, result: bytes | Exception) -> None:
        """Keep the bytes, or pass the error on."""
        if isinstance(result, Exception):
            self._settle(result, is_kept=False)
            return
        wanted = self._wanted
        if wanted is not None:
            self._settle(wanted.keep(result), is_kept=True)

    def stop(self) -> list[WantedSegment]:
        """The lane's task ends; returns the segment that its thread still fetches, if any."""
        with self._lock:
            self._stopped = True
            held, self._wanted = self._wanted, None
        self._slot.end()
        return [held] if held is not None else []

    def _hold(self, wanted: WantedSegment) -> bool:
        with self._lock:
            if not self._stopped:
                self._wanted = wanted
                return True
        self._lanes.settle(wanted, None, is_kept=True)
        return False

    def _settle(self, failure: Exception | None, *, is_kept: bool) -> None:
        with self._lock:
            wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._slot.end()
            self._lanes.settle(wanted, failure, is_kept=is_kept)


def lanes_of(run: JobRun, store: Store) -> int:
    """How many segments to fetch at once: what the store gives, else what suits the database."""
    wanted = store.fetching_lanes
    if wanted is None:
        wanted = min(run.limits.max_workers, run.limits.max_connections // 4)
    most = max(_IN_FLIGHT, store.lanes or 0)
    return max(1, min(wanted, most, most_lanes(run.limits)))
