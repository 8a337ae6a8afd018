"""Threads: blocking calls beside the event loop."""

from __future__ import annotations

import threading
import time
from functools import partial

import anyio
import pytest

from usenetsync_tui.threads import Threads

pytestmark = pytest.mark.anyio


async def test_results_and_errors_come_back() -> None:
    threads = Threads(2, "test")
    assert await threads.run(lambda: 42) == 42

    def fail() -> None:
        raise ValueError("words")

    with pytest.raises(ValueError, match="words"):
        await threads.run(fail)
    threads.close(5)


async def test_as_many_threads_as_calls_and_no_more_than_allowed() -> None:
    threads, seen = Threads(3, "test"), set[int]()
    together = threading.Barrier(3)

    def call(wait: bool) -> None:
        if wait:
            together.wait(10)
        seen.add(threading.get_ident())

    await threads.run(partial(call, False))
    async with anyio.create_task_group() as group:
        for _ in range(3):  # only three threads at once can pass
            group.start_soon(threads.run, partial(call, True))
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(threads.run, partial(call, False))
    assert len(seen) == 3
    threads.close(5)


async def test_cancelled_it_returns_at_once_and_the_thread_is_used_again() -> None:
    threads, release, ran = Threads(1, "test"), threading.Event(), threading.Event()

    def block() -> None:
        release.wait(10)
        ran.set()

    with anyio.move_on_after(0.05) as scope:
        await threads.run(block)
    assert scope.cancelled_caught
    assert not ran.is_set()
    release.set()
    assert await threads.run(ran.is_set)
    threads.close(5)


async def test_cancelled_it_stops_the_call_and_waits_for_its_end() -> None:
    threads, stopped, left = Threads(1, "test"), threading.Event(), list[str]()

    def call() -> None:
        stopped.wait(10)
        time.sleep(0.05)
        left.append("left")
        raise ValueError("too late for anyone")

    with anyio.move_on_after(0.05) as scope:
        await threads.run_to_end(call, stopped.set)
    assert scope.cancelled_caught
    assert left == ["left"]
    assert await threads.run_to_end(lambda: 42, stopped.clear) == 42
    assert stopped.is_set()
    with pytest.raises(ValueError, match="too late"):
        await threads.run_to_end(call, stopped.set)
    threads.close(5)
