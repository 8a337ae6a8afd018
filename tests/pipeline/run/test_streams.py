"""streams: a reader waits only when it must; a batch waits for more items, but not for long."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from usenetsync_tui.pipeline.run.streams import batches, put, take

pytestmark = pytest.mark.anyio


async def collect(patience: float, most: int, *waits: float, enough: int = 100) -> list[list[int]]:
    """Collect items that come one after the other, each after a wait."""
    out, items = anyio.create_memory_object_stream[int](100)
    found = []

    async def send() -> None:
        async with out:
            for number, wait in enumerate(waits):
                if wait:
                    await anyio.sleep(wait)
                await out.send(number)

    async with items, anyio.create_task_group() as group:
        group.start_soon(send)
        async for batch in batches(items, most=most, enough=enough, patience=patience):
            found.append(batch)  # noqa: PERF401
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


async def test_without_patience_a_batch_does_not_wait() -> None:
    assert await collect(0, 10, 0, 0.05, 0.05) == [[0], [1], [2]]


async def test_an_empty_stream() -> None:
    assert await collect(1, 10) == []


async def test_a_reader_that_need_not_wait_does_not_yield() -> None:
    out, items = anyio.create_memory_object_stream[int](2)
    others = 0

    async def other() -> None:
        nonlocal others
        while True:
            others += 1
            await anyio.lowlevel.checkpoint()

    with out, items:
        async with anyio.create_task_group() as group:
            group.start_soon(other)
            await put(out, 1)
            await put(out, 2)
            assert [await take(items), await take(items)] == [1, 2]
            assert others == 0
            group.cancel_scope.cancel()


async def test_a_reader_that_must_wait_yields() -> None:
    out, items = anyio.create_memory_object_stream[int](1)
    found = []

    async def receive() -> None:
        with items:
            found.extend([await take(items) for _ in range(3)])
            with pytest.raises(anyio.EndOfStream):
                await take(items)

    async with anyio.create_task_group() as group:
        group.start_soon(receive)
        with out:
            for number in range(3):
                await put(out, number)
    assert found == [0, 1, 2]


async def test_cancellation_wins_over_a_closed_stream() -> None:
    out, items = anyio.create_memory_object_stream[int](1)
    with anyio.CancelScope() as scope:
        scope.cancel()
        items.close()
        await put(out, 1)
    assert scope.cancelled_caught
    out.close()
    out, items = anyio.create_memory_object_stream[int](1)
    with items, anyio.CancelScope() as scope:
        scope.cancel()
        out.close()
        await take(items)
    assert scope.cancelled_caught
