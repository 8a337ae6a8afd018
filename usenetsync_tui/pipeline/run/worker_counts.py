"""The workers of a run: how many may have something in hand, changeable while they work.

Knows counts and turns. Refuses to know what the work is. Touched by the engine's event loop
only.

A stage has as many tasks as may ever be asked for; those that are not called wait before they
take something from the stage's stream. One that took something needs a seat to work on it, and
there are as many seats as workers allowed: so a count that is lowered holds at once, but for what
is in a thread. Where nobody waits a seat costs a comparison.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands import MOST_WORKERS
from usenetsync_tui.model.status import Limits
from usenetsync_tui.pipeline.run.streams import take

BUFFERS_A_SEGMENT = 3
"""Source bytes, payload, and the copy a driver or a wire makes of it."""

READ_AT_ONCE = 3 << 20
"""Bytes of a large file in one worker-thread call: a call a segment would cost more Python."""

T = TypeVar("T")


class WorkerCounts:
    """How many workers a run has: `max_workers` of the settings, or as many as were asked for.

    Fewer where the memory limit has no room for what they would hold.
    """

    def __init__(self, limits: Limits, compressor: int = 0) -> None:
        """`compressor`: bytes that compressing takes beside the segment."""
        in_hand = BUFFERS_A_SEGMENT * max(limits.chunk_size, READ_AT_ONCE) + compressor
        room = limits.memory_limit // 2 // in_hand  # the other half is for the streams
        self.most = max(1, min(max(limits.max_workers, MOST_WORKERS), room))
        """No more than this: memory has no room for what they would hold."""
        self._allowed = min(limits.max_workers, self.most)
        self._teams: dict[str, StageWorkers] = {}

    @property
    def allowed(self) -> int:
        """Workers now: half of them read, the rest compress, where that is a stage of its own."""
        return self._allowed

    @allowed.setter
    def allowed(self, count: int) -> None:
        """From now on, `most` where it is more than that.

        `UsageError` when it is none or more than `MOST_WORKERS`.
        """
        if not 1 <= count <= max(MOST_WORKERS, self.most):
            raise UsageError(f"There may be 1 to {MOST_WORKERS} workers.")
        self._allowed = min(count, self.most)
        for team in self._teams.values():
            team.call()

    def team(self, stage: str, share: Callable[[int], int]) -> StageWorkers:
        """The workers of a stage, in place of those it had before.

        `share` says how many of a count, at least one.
        """
        team = self._teams[stage] = StageWorkers(self, share)
        return team


class StageWorkers:
    """The workers of one stage."""

    def __init__(self, crew: WorkerCounts, share: Callable[[int], int]) -> None:
        self._crew = crew
        self._share = share
        self.allowed = share(crew.allowed)
        """How many may have something in hand now; at least one."""
        self._called = anyio.Event()
        self._over = False
        self._seated = 0
        self._standing: deque[anyio.Event] = deque()

    @property
    def most(self) -> int:
        """How many there may ever be."""
        return self._share(self._crew.most)

    def call(self) -> None:
        """There may be more seats than there were."""
        self.allowed = self._share(self._crew.allowed)
        self._called.set()
        self._called = anyio.Event()
        self._seat_next()

    async def items(self, number: int, stream: MemoryObjectReceiveStream[T]) -> AsyncIterator[T]:
        """What the worker of this number (from 0) takes from the stage's stream, to its end.

        Each item is in hand until the next one is asked for.
        """
        while await self._is_called(number):
            try:
                item = await take(stream)
            except anyio.EndOfStream:
                self._over = True  # nobody who waits to be called is needed any more
                self.call()
                return
            await self._sit()
            yield item
            self._rise()

    async def breathe(self) -> None:
        """Between two pieces of an item: wait for a seat if there are fewer by now."""
        if self._seated > self.allowed:
            self._rise()
            await self._sit()

    async def _is_called(self, number: int) -> bool:
        """Wait until this worker may take something; False when nothing is left to take."""
        while number >= self.allowed and not self._over:
            await self._called.wait()
        return number < self.allowed or not self._over

    async def _sit(self) -> None:
        if self._seated < self.allowed and not self._standing:
            self._seated += 1
            return
        turn = anyio.Event()
        self._standing.append(turn)
        # One that is cancelled here never rises: all the others of its run are cancelled too.
        await turn.wait()

    def _rise(self) -> None:
        self._seated -= 1
        self._seat_next()

    def _seat_next(self) -> None:
        while self._standing and self._seated < self.allowed:
            self._seated += 1
            self._standing.popleft().set()
