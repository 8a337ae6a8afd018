"""budget: the bytes that a run may hold at once: `memory_limit`, converted to source bytes.

Knows how many bytes are held and which tasks wait for room. Refuses to know what is held. Used on
the engine's event loop only.

The stages count items: workers, lanes, items in streams. That bounds memory only while items are
small compared with the limit and have the size set in the settings. So a task that brings bytes
into memory first takes room for them, and waits while there is none. If nothing is held, a segment
may be larger than the whole budget, or it could never be processed.

Each source byte stands for `BUFFERS_A_SEGMENT` bytes in memory: itself, its payload, and the copy
that a socket or a driver makes. The memory that compressors need is subtracted first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from usenetsync_tui.pipeline.run.worker_counts import BUFFERS_A_SEGMENT


class Budget:
    """Room for source bytes, granted in the order of the requests."""

    def __init__(self, memory_limit: int, compressors: int = 0) -> None:
        """`compressors`: bytes that all compressors together need."""
        self.most = max(0, memory_limit - compressors) // BUFFERS_A_SEGMENT
        self.held = 0
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    async def take(self, size: int) -> None:
        """Wait for room for `size` bytes, and hold them from then on."""
        if not self._waiting and self._fits(size):
            self.held += size
            return
        turn = size, anyio.Event()
        self._waiting.append(turn)
        try:
            await turn[1].wait()
        except BaseException:  # cancelled
            if turn[1].is_set():
                self.give(size)
            else:
                self._waiting.remove(turn)
                self.give(0)
            raise

    def give(self, size: int) -> None:
        """Release `size` bytes, and wake the tasks that now have room."""
        self.held -= size
        while self._waiting and self._fits(self._waiting[0][0]):
            more, turn = self._waiting.popleft()
            self.held += more
            turn.set()

    @asynccontextmanager
    async def holding(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes inside the block."""
        await self.take(size)
        try:
            yield
        finally:
            self.give(size)

    def _fits(self, size: int) -> bool:
        return self.held <= 0 or self.held + size <= self.most
