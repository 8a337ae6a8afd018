"""handover: nothing is lost between threads and tasks; a batch waits for more, but not for long."""

from __future__ import annotations

import time

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread

from usenetsync_tui.pipeline.run.handover import Handover

pytestmark = pytest.mark.anyio


async def collect(patience: float, most: int, *waits: float, enough: int = 100) -> list[list[int]]:
    """Collect items that come one after the other, each after a wait."""
    items, found = Handover[int](100), list[list[int]]()

    def send() -> None:
        for number, wait in enumerate(waits):
            time.sleep(wait)
            items.put([number])

    async def close_after() -> None:
        await to_thread.run_sync(send)
        items.close()

    async with anyio.create_task_group() as group:
        group.start_soon(close_after)
        async for batch in items.batches(most, patience, enough):
            found.append(batch)
    return found


async def test_nothing_is_lost_and_the_order_kept() -> None:
    found = await collect(0.005, 7, *([0, 0, 0, 0.001] * 25))
    assert [item for batch in found for item in batch] == list(range(100))
    assert max(map(len, found)) <= 7


async def test_a_batch_waits_for_more_items() -> None:
    assert await collect(30, 10, 0, 0.02, 0.02) == [[0, 1, 2]]


async def test_a_full_batch_goes_at_once() -> None:
    assert await collect(3600, 2, 0, 0, 0, 0, 0) == [[0, 1], [2, 3], [4]]


async def test_a_batch_with_enough_items_does_not_wait() -> None:
    assert await collect(3600, 10, 0, 0.02, 0.02, 0, enough=2) == [[0, 1], [2, 3]]


async def test_what_comes_during_a_batch_waits_for_more_too() -> None:
    items, found = Handover[int](100), list[list[int]]()

    async def last() -> None:
        await anyio.sleep(0.02)
        items.put([3])
        items.close()

    items.put([0, 1])
    async with anyio.create_task_group() as group:
        async for batch in items.batches(10, 30, 2):
            found.append(batch)
            if len(found) == 1:
                items.put([2])
                group.start_soon(last)
    assert found == [[0, 1], [2, 3]]


async def test_without_patience_a_batch_does_not_wait() -> None:
    assert await collect(0, 10, 0, 0.05, 0.05) == [[0], [1], [2]]


async def test_nothing_came() -> None:
    assert await collect(1, 10) == []


async def test_several_tasks_take_each_item_once() -> None:
    items, found = Handover[int](4), list[int]()

    def send() -> None:
        for number in range(500):
            until = time.monotonic() + 60
            assert items.wait_for_room(until)
            items.put([number])

    async def worker() -> None:
        while True:
            try:
                found.append(await items.take())
            except anyio.EndOfStream:
                return
            await anyio.lowlevel.checkpoint()

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(worker)
            await to_thread.run_sync(send)
            items.close()
    assert sorted(found) == list(range(500))


async def test_who_waits_for_room_goes_on_when_there_is_some() -> None:
    items = Handover[int](2)
    items.put([1, 2])
    assert items.is_full
    assert not await to_thread.run_sync(items.wait_for_room, time.monotonic() + 0.05)
    waited: list[bool] = []

    async def thread() -> None:
        waited.append(await to_thread.run_sync(items.wait_for_room, time.monotonic() + 10))

    async def task() -> None:
        await items.room()
        waited.append(True)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(thread)
            group.start_soon(task)
            await anyio.sleep(0.05)
            assert not waited
            assert await items.take() == 1
    assert waited == [True, True]
