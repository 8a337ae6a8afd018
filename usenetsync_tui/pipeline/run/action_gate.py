"""The turnstile: files can be acted on while an upload reads them, and nobody meets halfway.

It knows how far the reading of an upload is. Whoever acts on files stops it for a batch, sees
where it stands, and says whether there is something to read behind it. Everything here is
touched by the engine's event loop only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

import anyio


class Walked(Protocol):
    """How far the index is."""

    finished: bool
    reached: bytes


class ActionGate:
    """The place where what is to be read is handed out."""

    def __init__(self) -> None:
        self.at = b""
        """The key of the last file of this pass that was handed out; it will be read."""
        self.turns = 0
        """How often files were acted on: what was looked up before is to be looked up anew."""
        self.retries = 0
        """How often files became pending again that may lie behind `at`."""
        self.leaves_out = False
        """Some files of this version are held or left out."""
        self.goes_on = False
        """What is retried comes too late, or is no file: another run is wanted after this one."""
        self.is_over = False
        """Files that become pending now are not read in this run any more."""
        self._indexed: Walked | None = None
        self.lock = anyio.Lock()
        """Held while files to read are looked up, and while files are acted on."""

    def is_counted(self, key: bytes) -> bool:
        """Whether the index has been there: then a file to read is among the totals."""
        indexed = self._indexed
        return indexed is not None and (indexed.finished or key < indexed.reached)

    @contextmanager
    def reading(self, indexed: Walked) -> Iterator[None]:
        """Files are handed out inside the block."""
        self._indexed, self.is_over = indexed, False
        try:
            yield
        finally:
            self.is_over = True

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """Nothing is handed out inside the block; what was looked up before it is stale."""
        async with self.lock:
            try:
                yield
            finally:
                self.turns += 1
