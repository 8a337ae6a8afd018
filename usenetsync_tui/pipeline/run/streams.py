"""streams: pass items from stage to stage, singly or in batches.

anyio's `send` and `receive` yield to all other tasks each time, a whole round of the event loop: at
a thousand articles a second these rounds cost more than the articles. Here a task yields only when
it must wait; the streams are short, so every task soon must.

A transaction costs nearly the same for one article as for thirty, so a task that writes to the
catalogue waits a moment for more articles. That delays an article by less than the network does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")

_NOT_AT_ONCE = (
    anyio.WouldBlock,
    # The other end is gone: the awaiting call raises the cancellation first, if there is one.
    anyio.EndOfStream,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
)


async def put(stream: MemoryObjectSendStream[T], item: T) -> None:
    """Send an item; waits while the stream is full."""
    try:
        stream.send_nowait(item)
    except _NOT_AT_ONCE:
        await stream.send(item)


async def take(stream: MemoryObjectReceiveStream[T]) -> T:
    """The next item; waits while there is none. `EndOfStream` after the last."""
    try:
        return stream.receive_nowait()
    except _NOT_AT_ONCE:
        return await stream.receive()


async def batches(
    items: MemoryObjectReceiveStream[T], *, most: int, enough: int, patience: float
) -> AsyncIterator[list[T]]:
    """Batches of up to `most` items, until the stream ends.

    A batch is what the stream holds; if that is fewer than `enough`, also what comes within
    `patience` seconds.
    """
    while True:
        try:
            batch = [await take(items)]
        except anyio.EndOfStream:
            return
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
