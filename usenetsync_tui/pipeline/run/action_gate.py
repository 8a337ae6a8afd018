"""action_gate: lets a user act on files while an upload reads them, without a race.

Knows how far the upload has read. A task that acts on files stops the handing out for one batch,
sees how far it is, and notes whether there is something to read behind it. Refuses to know what
the actions do. Used on the engine's event loop only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

import anyio


class Walked(Protocol):
    """How far the index has come."""

    finished: bool
    reached: bytes


class ActionGate:
    """Handing out files to read and acting on files, one at a time."""

    def __init__(self) -> None:
        self.at = b""
        """The key of the last file of this pass that was handed out; it will be read."""
        self.generation = 0
        """How often files were acted on: a page queried before the last time is stale."""
        self.retries = 0
        """How often files became pending again that may lie behind `at`."""
        self.leaves_out = False
        """Whether some files of this version are held or left out."""
        self.needs_another_run = False
        """Whether another run must follow: a retry came too late, or only reposts articles."""
        self.is_over = False
        """Whether this run reads no more of the files that become pending."""
        self._indexed: Walked | None = None
        self._write_rows: Callable[[], Awaitable[None]] | None = None
        self.lock = anyio.Lock()
        """Held while files to read are queried, and while files are acted on."""

    def is_counted(self, key: bytes) -> bool:
        """Whether the index has passed the key, so that the totals include its file."""
        indexed = self._indexed
        return indexed is not None and (indexed.finished or key < indexed.reached)

    @contextmanager
    def reading(self, indexed: Walked, write_rows: Callable[[], Awaitable[None]]) -> Iterator[None]:
        """Files are handed out inside the block; `write_rows` gives those that wait their rows."""
        self._indexed, self.is_over, self._write_rows = indexed, False, write_rows
        try:
            yield
        finally:
            self.is_over, self._write_rows = True, None

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """Nothing is handed out inside the block; pages queried before it are stale.

        All files that the walk has found have rows there.
        """
        async with self.lock:
            if self._write_rows is not None:
                await self._write_rows()
            try:
                yield
            finally:
                self.generation += 1
