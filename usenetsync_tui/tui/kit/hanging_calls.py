"""Calls that may never return, such as `stat` on a dead network mount.

They run in a daemon thread, for which neither the screen nor the end of the program waits. For a
thread of the event loop's pool, both would wait.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TIMEOUT = 5.0
"""Seconds a file system may take to answer."""


async def call_with_timeout(work: Callable[[], T], *, seconds: float = TIMEOUT) -> T:
    """Run `work` in a daemon thread; returns or raises what `work` does.

    Raises `TimeoutError` after `seconds`.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def deliver(value: T | None, error: BaseException | None) -> None:
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
        except Exception as raised:  # noqa: BLE001 (raised again in the waiting caller)
            error = raised
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(deliver, value, error)
            except RuntimeError:
                return  # the loop closed in between: no caller waits any more

    threading.Thread(target=run, name="hanging call", daemon=True).start()
    async with asyncio.timeout(seconds):
        return await answer
