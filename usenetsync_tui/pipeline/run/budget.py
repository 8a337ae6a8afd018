"""The bytes that a run may hold at once: what `memory_limit` comes to, counted in source bytes.

Knows how many are held and who waits for room. Refuses to know what is held. Touched by the
engine's event loop only.

The stages count items: workers, lanes, places in streams. That bounds memory only as long as
items are small beside the limit, and of the size that the settings say. So whoever brings bytes
into memory takes room for them first, and waits while there is none; where nothing is held, one
segment may be larger than all there is, or nothing would ever be done.

Each source byte stands for `BUFFERS_A_SEGMENT` in memory: itself, its payload, and the copy that
a wire or a driver makes. What compressors take beside that is not given out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from usenetsync_tui.pipeline.run.worker_counts import BUFFERS_A_SEGMENT


class Budget:
    """Room for source bytes, given out in the order in which it was asked for."""

    def __init__(self, memory_limit: int, compressors: int = 0) -> None:
        """`compressors`: bytes that all of them together take."""
        self.most = max(0, memory_limit - compressors) // BUFFERS_A_SEGMENT
        self.held = 0
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    async def take(self, size: int) -> None:
        """Return when there is room for so many bytes; they are held from then on."""
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
        """So many bytes are not held any more; whoever there is room for now goes on."""
        self.held -= size
        while self._waiting and self._fits(self._waiting[0][0]):
            more, turn = self._waiting.popleft()
            self.held += more
            turn.set()

    @asynccontextmanager
    async def holding(self, size: int) -> AsyncIterator[None]:
        """So many bytes are held inside the block."""
        await self.take(size)
        try:
            yield
        finally:
            self.give(size)

    def _fits(self, size: int) -> bool:
        return self.held <= 0 or self.held + size <= self.most
