"""The bytes that a run holds in memory at once, whatever the size of a segment."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest
from rows import Rows
from worlds import FaultyStore, World, make_world

from usenetsync_tui.codec.compression import compressor_memory
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Compression
from usenetsync_tui.model.ports.stores import Opener
from usenetsync_tui.model.segments import Article, Receipt
from usenetsync_tui.pipeline.run.budget import Budget
from usenetsync_tui.postgres.pool import Pool

KIB = 1 << 10


@pytest.mark.anyio
async def test_room_is_given_in_turn() -> None:
    budget, order = Budget(3 * 100), list[str]()

    async def worker(name: str, size: int, seconds: float) -> None:
        async with budget.holding(size):
            order.append(name)
            assert budget.held <= budget.most or budget.held == size
            await anyio.sleep(seconds)

    async with anyio.create_task_group() as group:
        for name, size in (("a", 60), ("b", 40), ("large", 300), ("c", 1), ("d", 99)):
            group.start_soon(worker, name, size, 0.01)
            await anyio.lowlevel.checkpoint()
    assert order == ["a", "b", "large", "c", "d"]
    assert budget.held == 0


@pytest.mark.anyio
async def test_a_cancelled_waiter_does_not_block_the_next() -> None:
    budget = Budget(3 * 100)
    await budget.take(90)
    with anyio.move_on_after(0.01):
        await budget.take(50)
    with anyio.fail_after(60):
        await budget.take(10)
        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                group.start_soon(budget.take, 100)
                await anyio.lowlevel.checkpoint()
                budget.give(100)
                scope.cancel()
    assert budget.held == 100


class LookingStore(FaultyStore):
    """Slow, and records the bytes that the run holds."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World | None = None
        self.most = 0

    async def post(self, article: Article) -> Receipt:
        await self._look()
        return await super().post(article)

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        await self._look()
        return await super().fetch(message_id, wait=wait, opened=opened)

    async def _look(self) -> None:
        await anyio.sleep(0.002)
        assert self.world is not None and self.world.run is not None
        run = self.world.run
        assert run.budget.held >= max(1, run.progress.in_flight)
        self.most = max(self.most, run.budget.held)


@pytest.mark.anyio
@pytest.mark.parametrize("compression", [Compression.LZ4, Compression.LZMA])
async def test_the_limit_holds_for_segments_of_any_size(
    pool: Pool, rows: Rows, tmp_path: Path, compression: Compression
) -> None:
    """Segments of a quarter of the limit, and more workers than fit."""
    store = LookingStore()
    world = store.world = make_world(pool, rows, tmp_path, store)
    world.choices = FolderChoices(compression=compression)
    for number in range(4):
        (world.root / f"large {number}").write_bytes(os.urandom(300 * KIB))
    for number in range(40):
        (world.root / f"small {number}").write_bytes(os.urandom(9 * KIB))
    room = 256 * KIB + compressor_memory(64 * KIB, compression)
    world.small(chunk_size=64 * KIB, memory_limit=room, max_workers=32)
    await world.completed()
    assert world.run is not None
    assert 64 * KIB <= store.most <= world.run.budget.most < 86 * KIB
    # The articles were posted with larger segments than the settings now say.
    store.most = 0
    await world.small(chunk_size=KIB, memory_limit=500 * KIB).assert_restores(1, world.root)
    assert 64 * KIB <= store.most <= max(64 * KIB, world.run.budget.most)
    store.most = 0
    assert (await world.verify(bodies=True)).missing == 0
    assert 64 * KIB <= store.most <= max(64 * KIB, world.run.budget.most)
    assert world.run.budget.held == 0
