"""How many segments are wanted from the lanes at once, and what a cancelled task leaves."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest
from anyio import to_thread

from usenetsync_tui.model.ports.stores import FetchingSource
from usenetsync_tui.pipeline.run.budget import Budget
from usenetsync_tui.pipeline.run.fetch_lanes import FetchLanes
from usenetsync_tui.pipeline.run.wanted_segment import WantedSegment
from usenetsync_tui.pipeline.run.worker_counts import BUFFERS_A_SEGMENT

pytestmark = pytest.mark.anyio
MOST = 4
"""Segments that one lane lets be under way."""


@dataclass
class OneLane:
    """A store whose only lane fetches when it may; `held` are the sizes under way."""

    fetching_lanes: int = 1
    lanes: int = 1
    may_fetch: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    async def fetch_from(self, source: FetchingSource) -> None:
        await to_thread.run_sync(self._fetch, source, abandon_on_cancel=True)

    def _fetch(self, source: FetchingSource) -> None:
        if self.may_fetch.acquire(timeout=0.01) and source.next() is not None:
            source.done(b"")


def run_with(store: OneLane, room: int) -> Any:
    realm = SimpleNamespace(realm=SimpleNamespace(id=1, digest=None), store=store, key=None)

    async def nothing() -> None:
        """The gate is open."""

    return SimpleNamespace(
        open_realm=realm,
        budget=Budget(room * BUFFERS_A_SEGMENT),
        limits=SimpleNamespace(max_workers=8, memory_limit=1 << 30, chunk_size=1_000),
        gate=SimpleNamespace(is_open=True, passed=nothing),
        progress=SimpleNamespace(from_copies=0),
    )


def segment(size: int, done: list[int]) -> WantedSegment:
    copy = SimpleNamespace(realm_id=1, size=size, message_id=b"id", redundancy=0)
    return WantedSegment(b"path", [cast(Any, copy)], lambda _: None, lambda *_: done.append(size))


async def test_no_more_are_under_way_than_there_is_room_for() -> None:
    store, done, begun = OneLane(), list[int](), list[int]()
    run, five = run_with(store, 100), anyio.Event()
    async with anyio.create_task_group() as group:
        lanes = FetchLanes(run, group, lambda: False)

        async def want(size: int) -> None:
            await lanes.want([segment(size, done)])
            begun.append(size)
            if len(begun) == 5:
                five.set()

        for size in (60, 30, 10):
            await want(size)
        waiting = [anyio.CancelScope() for _ in range(4)]

        async def wait(scope: anyio.CancelScope) -> None:
            with scope:
                await want(20)

        for scope in waiting:  # there is room for one more segment, and no memory
            group.start_soon(wait, scope)
        await anyio.wait_all_tasks_blocked()
        assert (len(begun), run.budget.held) == (3, 100)
        waiting[0].cancel()  # it had the room
        await anyio.wait_all_tasks_blocked()
        store.may_fetch.release()  # now there is memory for all of them, and room for two
        with anyio.fail_after(60):
            await five.wait()
        await anyio.wait_all_tasks_blocked()
        assert len(begun) - len(done) == MOST
        assert run.budget.held == 30 + 10 + 20 + 20
        for scope in waiting:
            scope.cancel()
        lanes.close()
    assert run.budget.held == 0
