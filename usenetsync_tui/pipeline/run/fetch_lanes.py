"""fetch_lanes: joins the event loop, which says what is wanted, with the threads that fetch it.

Knows waiting, room and turns. Refuses to know what the bytes are for, and where an article is
(`store`).

A lane's thread takes a wanted segment, fetches it, and hands the bytes to `WantedSegment.keep`
itself (`fetch_source`). The event loop is woken once for many of them (`fetch_outcomes`). Only what
needs thought comes back to it: a first copy that cannot be fetched leads to the other copies, one
by one (`fetch`).

A wanted segment holds room in the run's budget from `want` until its outcome is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from usenetsync_tui.errors import ArticleMissingError, StoreError
from usenetsync_tui.model.ports.stores import OpenRealm, Store
from usenetsync_tui.pipeline.run.fetch import fetch_other_copies, record_failure
from usenetsync_tui.pipeline.run.fetch_outcomes import FetchOutcomes
from usenetsync_tui.pipeline.run.fetch_source import FetchSource
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage, WorkerSlot
from usenetsync_tui.pipeline.run.lane_queue import LaneQueue
from usenetsync_tui.pipeline.run.wanted_segment import WantedSegment
from usenetsync_tui.pipeline.run.worker_counts import most_lanes

_IN_FLIGHT = 32
"""Most lanes; more only if the store posts on more."""
_WAITING_A_LANE = 4
"""Segments that may be wanted for each lane: the one that it fetches, and the next ones, so that it
need not wait until the event loop hears of the last one."""


class FetchLanes:
    """The lanes of one run, for each store that its segments are in."""

    def __init__(self, run: JobRun, group: TaskGroup, is_over: Callable[[], bool]) -> None:
        """The lanes are tasks of `group`, until `close`. `is_over`: nothing new may begin."""
        self._run = run
        self._group = group
        self._is_over = is_over
        self._queues: dict[int, LaneQueue[WantedSegment]] = {}
        self._outcomes = FetchOutcomes(self._settle)
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
        """Have segments fetched as soon as there is room; each one gets its outcome later."""
        batch: list[WantedSegment] = []
        try:
            for each in wanted:
                if self._under_way >= self._most or not self._run.budget.try_take(each.size):
                    await self._begin(batch)
                    await self._take_room(each)
                else:
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

    async def _take_room(self, wanted: WantedSegment) -> None:
        while self._under_way >= self._most:
            if self._has_room.is_set():
                self._has_room = anyio.Event()
            await self._has_room.wait()
        self._under_way += 1  # before the wait for memory, in which others would count too few
        try:
            await self._run.budget.take(wanted.size)
        except BaseException:
            self._leave()
            raise

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
        source = FetchSource(open_realm, queue, self._outcomes, slot, self._may_begin)
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

    def _may_begin(self) -> bool:
        """Whether a lane may take a segment. From any thread."""
        return self._run.gate.is_open and not self._is_over()

    def _settle(self, wanted: WantedSegment, failure: Exception | None, is_kept: bool) -> None:
        self.stage.done += 1
        if failure is not None and not is_kept:
            self._group.start_soon(self._look_elsewhere, wanted, failure)
            return
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
        wanted.finish(failure)

    def _free(self, wanted: WantedSegment) -> None:
        self._run.budget.give(wanted.size)
        self._leave()

    def _leave(self) -> None:
        self._under_way -= 1
        if self._under_way <= self._most // 2:
            self._has_room.set()


def lanes_of(run: JobRun, store: Store) -> int:
    """How many segments to fetch at once: what the store gives, else what suits the database."""
    wanted = store.fetching_lanes
    if wanted is None:
        wanted = min(run.limits.max_workers, run.limits.max_connections // 4)
    most = max(_IN_FLIGHT, store.lanes or 0)
    return max(1, min(wanted, most, most_lanes(run.limits)))
