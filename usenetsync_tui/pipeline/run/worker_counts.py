"""worker_counts: how many workers of a run may hold an item; can change while they work.

Knows counts and turns. Refuses to know what the work is. Used on the engine's event loop only.

A stage has as many tasks as its count can ever reach; surplus tasks wait before they take an item
from the stage's stream. A task that took an item needs a permit to work on it, and there are as
many permits as allowed workers: so a lowered count holds at once, except for work already in a
thread. A permit costs one comparison while no task waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import anyio

from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.jobs import MOST_WORKERS
from usenetsync_tui.model.status.engine import Limits

BUFFERS_A_SEGMENT = 3
"""Source bytes, payload, and the copy of it that a driver or a socket makes."""

READ_AT_ONCE = 3 << 20
"""Bytes of a large file in one worker-thread call: one for each segment would cost more Python."""

T = TypeVar("T")


def most_lanes(limits: Limits) -> int:
    """Segments that may be on their way to or from a store: a quarter of the memory limit."""
    return max(1, limits.memory_limit // 4 // (limits.chunk_size * BUFFERS_A_SEGMENT))


class WorkerCounts:
    """How many workers a run has: `max_workers` of the settings, or the count the user set.

    Fewer if the memory limit has no room for what they would hold.
    """

    def __init__(self, limits: Limits, compressor: int = 0) -> None:
        """`compressor`: bytes that compression needs besides the segment."""
        in_hand = BUFFERS_A_SEGMENT * max(limits.chunk_size, READ_AT_ONCE) + compressor
        room = limits.memory_limit // 2 // in_hand  # the other half is for the streams
        self.most = max(1, min(max(limits.max_workers, MOST_WORKERS), room))
        """The upper limit: the memory limit has no room for what more workers would hold."""
        self._allowed = min(limits.max_workers, self.most)
        self._stages: dict[str, StageWorkers] = {}

    @property
    def allowed(self) -> int:
        """Workers now: half of them read, the rest compress, if compression is its own stage."""
        return self._allowed

    @allowed.setter
    def allowed(self, count: int) -> None:
        """Set the count, at most `most`. `UsageError` if it is below 1 or above `MOST_WORKERS`."""
        if not 1 <= count <= max(MOST_WORKERS, self.most):
            raise UsageError(f"There may be 1 to {MOST_WORKERS} workers.")
        self._allowed = min(count, self.most)
        for workers in self._stages.values():
            workers.update()

    def of_stage(self, stage: str, share: Callable[[int], int]) -> StageWorkers:
        """Make the workers of a stage, in place of those it had before.

        `share` returns the stage's part of a count, at least 1.
        """
        workers = self._stages[stage] = StageWorkers(self, share)
        return workers


class StageWorkers:
    """The workers of one stage."""

    def __init__(self, counts: WorkerCounts, share: Callable[[int], int]) -> None:
        self._counts = counts
        self._share = share
        self.allowed = share(counts.allowed)
        """How many may hold an item now; at least 1."""
        self._changed = anyio.Event()
        self._over = False
        self._holding = 0
        self._waiting: deque[anyio.Event] = deque()

    @property
    def most(self) -> int:
        """The largest count that this stage can reach."""
        return self._share(self._counts.most)

    def update(self) -> None:
        """Take over the run's count, and wake workers that may work now."""
        self.allowed = self._share(self._counts.allowed)
        self._changed.set()
        self._changed = anyio.Event()
        self._wake_next()

    async def items(self, number: int, next_item: Callable[[], Awaitable[T]]) -> AsyncIterator[T]:
        """The items that the worker of this number (from 0) takes, until `EndOfStream`.

        The worker holds each item until it asks for the next one.
        """
        while await self.may_work(number):
            try:
                item = await next_item()
            except anyio.EndOfStream:
                self.end()
                return
            await self._acquire()
            yield item
            self._release()

    @property
    def too_many(self) -> bool:
        """Whether more workers hold an item than may now. From any thread."""
        return self._holding > self.allowed

    async def checkpoint(self) -> None:
        """Call between two pieces of an item: waits for a permit if there are fewer now."""
        if self.too_many:
            self._release()
            await self._acquire()

    def end(self) -> None:
        """Nothing more will come: workers that wait until they may work are not needed any more."""
        self._over = True
        self.update()

    async def may_work(self, number: int) -> bool:
        """Wait until this worker may take something; False when nothing is left to take."""
        while number >= self.allowed and not self._over:
            await self._changed.wait()
        return number < self.allowed or not self._over

    async def _acquire(self) -> None:
        if self._holding < self.allowed and not self._waiting:
            self._holding += 1
            return
        turn = anyio.Event()
        self._waiting.append(turn)
        # A task cancelled here never gives up its permit: its whole run is cancelled too.
        await turn.wait()

    def _release(self) -> None:
        self._holding -= 1
        self._wake_next()

    def _wake_next(self) -> None:
        while self._waiting and self._holding < self.allowed:
            self._holding += 1
            self._waiting.popleft().set()
