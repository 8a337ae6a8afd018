"""batches: what comes through a stream, many at a time.

A transaction costs nearly the same for one article as for thirty: whoever writes to the
catalogue waits a moment for company. That delays an article by less than the wire does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

T = TypeVar("T")


async def batches(
    items: MemoryObjectReceiveStream[T], *, most: int, enough: int, patience: float
) -> AsyncIterator[list[T]]:
    """Batches of up to `most` items, until the stream ends.

    A batch is what is there; if that is not `enough`, what comes within `patience` seconds too.
    """
    async for first in items:
        batch = [first]
        deadline = anyio.current_time() + patience
        try:
            while len(batch) < most:
                try:
                    batch.append(items.receive_nowait())
                except anyio.WouldBlock:
                    left = deadline - anyio.current_time()
                    if left <= 0 or len(batch) >= enough:
                        break
                    with anyio.move_on_after(left):
                        batch.append(await items.receive())
        except anyio.EndOfStream:
            yield batch
            return
        yield batch
