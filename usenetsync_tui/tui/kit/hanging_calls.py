"""Calls that may never return, such as `stat` on a dead network mount.

They run in a daemon thread: neither the screen nor the end of the program waits for them, as
both would for a thread of the loop's pool.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds a file system may take to answer."""


async def aside(work: Callable[[], T], *, patience: float = PATIENCE) -> T:
    """What `work` returns or raises; `TimeoutError` when it takes longer than `patience`."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(value: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value, error = None, None
        try:
            value = work()
        except Exception as raised:  # noqa: BLE001 (the caller that waits gets it)
            error = raised
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(tell, value, error)
            except RuntimeError:
                return  # closed in between: no caller waits any more

    threading.Thread(target=run, name="aside", daemon=True).start()
    async with asyncio.timeout(patience):
        return await answer
