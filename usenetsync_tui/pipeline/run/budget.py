"""budget: the bytes that a run may hold at once: `memory_limit`, converted to source bytes.

Knows how many bytes are held and which tasks wait for room. Refuses to know what is held. Tasks
wait on the event loop; a thread takes room only if there is some, and gives it back.

The stages count items: workers, lanes, items in streams. That bounds memory only while items are
small compared with the limit and have the size set in the settings. So a task that brings bytes
into memory first takes room for them, and waits while there is none. If nothing is held, a segment
may be larger than the whole budget, or it could never be processed.

Each source byte stands for `BUFFERS_A_SEGMENT` bytes in memory: itself, its payload, and the copy
that a socket or a driver makes. The memory that compressors need is subtracted first.
"""

from __future__ import annotations

import asyncio
import threading
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
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, anyio.Event]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        """Where tasks wait."""

    async def take(self, size: int) -> None:
        """Wait for room for `size` bytes, and hold them from then on."""
        if self.try_take(size):
            return
        turn = size, anyio.Event()
        self._loop = asyncio.get_running_loop()
        self._waiting.append(turn)
        self._wake()  # a thread may have made room meanwhile
        try:
            await turn[1].wait()
        except BaseException:  # cancelled
            if turn[1].is_set():
                self.give(size)
            else:
                self._waiting.remove(turn)
                self._wake()
            raise

    def try_take(self, size: int) -> bool:
        """Hold `size` bytes if there is room and nobody waits for it. From any thread."""
        with self._lock:
            if self._waiting or not self._fits(size):
                return False
            self.held += size
            return True

    def give(self, size: int) -> None:
        """Release `size` bytes, and wake the tasks that now have room. From any thread."""
        with self._lock:
            self.held -= size
        if self._waiting and self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        """On the event loop."""
        while self._waiting:
            more, turn = self._waiting[0]
            with self._lock:
                if not self._fits(more):
                    return
                self.held += more
            self._waiting.popleft()
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
