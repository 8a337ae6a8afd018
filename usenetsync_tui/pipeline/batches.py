"""batches: what comes through a stream, many at a time.

A transaction costs the same for one article as for thirty, so whoever writes to the catalogue
waits a moment for company, but never while somebody downstream has nothing to do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

T = TypeVar("T")


async def batches(
    items: MemoryObjectReceiveStream[T],
    *,
    most: int,
    patience: float,
    hungry: Callable[[], bool] = lambda: False,
) -> AsyncIterator[list[T]]:
    """Batches of up to `most` items, until the stream ends.

    A batch is what is there, and what comes within `patience` seconds unless somebody is
    `hungry` (asked before each wait).
    """
    async for first in items:
        batch = [first]
        deadline = anyio.current_time() + patience
        try:
            while len(batch) < most:
                try:
                    batch.append(items.receive_nowait())
                except anyio.WouldBlock:
                    if hungry() or anyio.current_time() >= deadline:
                        break
                    with anyio.move_on_after(deadline - anyio.current_time()):
                        batch.append(await items.receive())
        except anyio.EndOfStream:
            yield batch
            return
        yield batch
