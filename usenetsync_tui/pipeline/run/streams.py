"""streams: pass items from stage to stage.

anyio's `send` and `receive` yield to all other tasks each time, a whole round of the event loop: at
a thousand articles a second these rounds cost more than the articles. Here a task yields only when
it must wait; the streams are short, so every task soon must.
"""

from __future__ import annotations

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
