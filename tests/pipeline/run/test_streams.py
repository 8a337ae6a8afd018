"""streams: a reader waits only when it must."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from usenetsync_tui.pipeline.run.streams import put, take

pytestmark = pytest.mark.anyio


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
