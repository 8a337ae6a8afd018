"""Threads for blocking calls, which cost only a few microseconds to start.

`anyio.to_thread` would cost the event loop more time than many of these calls take.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

import anyio

T = TypeVar("T")
_Job = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Threads:
    """At most `most` threads, each started when all others are busy."""

    def __init__(self, most: int, name: str) -> None:
        """`name`: of each thread, for tools that list them."""
        self._most = most
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0

    async def run(self, call: Callable[[], T]) -> T:
        """The result of `call`, made in a thread. When cancelled, it returns at once: the thread
        finishes the call, and its result is dropped."""
        return await self._begun(call)

    async def run_to_end(self, call: Callable[[], T], stop: Callable[[], None]) -> T:
        """The result of `call`, made in a thread. When cancelled, it calls `stop`, which must end
        the call soon, and returns when the thread has left it."""
        future = self._begun(call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([future])
            future.exception()  # nobody else will look at it
            raise

    def close(self, seconds: float) -> None:
        """End the threads; wait at most `seconds` for all together. Blocking.

        They are daemons: a thread that is blocked in the system does not delay the program's end.
        """
        until = time.monotonic() + seconds
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _begun(self, call: Callable[[], T]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._busy += 1
        if self._busy > len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._jobs.put((call, future))
        return future

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            call, future = job
            result = error = None
            try:
                result = call()
            except BaseException as failure:  # noqa: BLE001 - raised where it is waited for
                error = failure
            with contextlib.suppress(RuntimeError):  # the loop is closed: no task waits
                future.get_loop().call_soon_threadsafe(self._done, future, result, error)
            # Free them before the next job comes: an article is a megabyte.
            del job, call, future, result, error

    def _done(
        self, future: asyncio.Future[Any], result: object, error: BaseException | None
    ) -> None:
        self._busy -= 1
        if future.done():
            return  # cancelled
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
