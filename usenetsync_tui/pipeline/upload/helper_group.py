"""The task group in which helper processes of an upload are started, and how they are ended.

Knows the order: no process may still be about to start when they are ended, or nobody would wait
for it. Refuses to know what they do (`pack_readers`, `slice_readers`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup


@asynccontextmanager
async def ended_after(group: TaskGroup, close: Callable[[], None]) -> AsyncIterator[None]:
    """Run a group during the block, then cancel it, then call `close`, which may block."""
    try:
        async with group:
            try:
                yield
            finally:
                group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(close)
