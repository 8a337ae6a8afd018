"""worker_counts: how many workers hold an item, and how the count changes while they work."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import anyio
import anyio.lowlevel
import pytest
from trees import SEGMENT, content
from worlds import FaultyStore, World, until

from usenetsync_tui.codec.compression import compressor_memory
from usenetsync_tui.disk.source.source_file import SourceFile
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import MOST_WORKERS
from usenetsync_tui.model.folders import Compression
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import Article
from usenetsync_tui.model.status.engine import Limits
from usenetsync_tui.model.status.jobs import StageStatus
from usenetsync_tui.pipeline.posting.posting_lanes import most_lanes
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.pipeline.run.worker_counts import StageWorkers, WorkerCounts
from usenetsync_tui.pipeline.upload import compress as compress_module
from usenetsync_tui.pipeline.upload.upload import upload

LIMITS = Limits(8, 40, 1000, 768_000, 4 << 30)


def test_the_settings_give_the_number_until_it_is_changed() -> None:
    counts = WorkerCounts(LIMITS)
    assert (counts.allowed, counts.most) == (8, MOST_WORKERS)
    counts.allowed = MOST_WORKERS
    assert counts.allowed == MOST_WORKERS
    counts.allowed = 1
    assert counts.allowed == 1
    for count in (0, -1, MOST_WORKERS + 1):
        with pytest.raises(UsageError, match="1 to 32"):
            counts.allowed = count
    assert counts.allowed == 1


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        (replace(LIMITS, memory_limit=64 << 20), 3),  # fewer than the settings say
        (replace(LIMITS, memory_limit=256 << 20), 14),
        (replace(LIMITS, chunk_size=64 << 20), 10),
        (replace(LIMITS, max_workers=256), 227),
    ],
)
def test_no_more_than_memory_has_room_for(limits: Limits, most: int) -> None:
    counts = WorkerCounts(limits)
    assert counts.most == most
    assert counts.allowed == min(limits.max_workers, most)
    counts.allowed = min(MOST_WORKERS, 2 * most)
    assert counts.allowed == min(MOST_WORKERS, most)


class Workshop:
    """A stage whose workers wait for the test's permission, and are counted."""

    def __init__(self, allowed: int) -> None:
        self.counts = WorkerCounts(replace(LIMITS, max_workers=allowed))
        self.stage_workers = self.counts.of_stage("shop", lambda workers: workers)
        self.working: set[int] = set()
        self.done: list[int] = []
        self.go_on = anyio.Event()

    async def work(self, number: int, stream: object, *, pieces: int = 1) -> None:
        async for item in self.stage_workers.items(number, stream.receive):
            self.working.add(number)
            for _ in range(pieces):
                await self.go_on.wait()
                self.working.discard(number)
                await self.stage_workers.checkpoint()
                self.working.add(number)
                assert len(self.working) <= max(self.stage_workers.allowed, 1)
            self.working.discard(number)
            self.done.append(item)


@pytest.mark.anyio
@pytest.mark.parametrize("allowed", [1, 3, MOST_WORKERS])
async def test_everything_is_done_once_by_as_many_as_are_allowed(allowed: int) -> None:
    shop = Workshop(allowed)
    items_in, items = anyio.create_memory_object_stream[int](100)
    async with items_in, items, anyio.create_task_group() as group:
        for number in range(shop.stage_workers.most):
            group.start_soon(shop.work, number, items)
        for item in range(100):
            items_in.send_nowait(item)
        await anyio.wait_all_tasks_blocked()
        assert shop.working == set(range(allowed))
        shop.go_on.set()
        items_in.close()
    assert sorted(shop.done) == list(range(100))


@pytest.mark.anyio
async def test_raised_more_start_at_once_and_lowered_none_takes_a_new_item() -> None:
    shop = Workshop(2)
    items_in, items = anyio.create_memory_object_stream[int](100)
    async with items_in, items, anyio.create_task_group() as group:
        for number in range(shop.stage_workers.most):
            group.start_soon(shop.work, number, items)
        for item in range(50):
            items_in.send_nowait(item)
        await anyio.wait_all_tasks_blocked()
        assert len(shop.working) == 2
        shop.counts.allowed = 5
        await anyio.wait_all_tasks_blocked()
        assert len(shop.working) == 5
        shop.counts.allowed = 1
        shop.working.clear()  # the worker that continues is the only one
        shop.go_on.set()
        items_in.close()
    assert sorted(shop.done) == list(range(50))


@pytest.mark.anyio
async def test_a_worker_without_an_item_frees_its_seat() -> None:
    """Otherwise the worker with a long item would wait for those who wait for its end."""
    shop = Workshop(3)
    items_in, items = anyio.create_memory_object_stream[int](100)
    async with items_in, items, anyio.create_task_group() as group:
        for number in range(shop.stage_workers.most):
            group.start_soon(shop.work, number, items)
        await anyio.wait_all_tasks_blocked()
        for item in range(3):
            items_in.send_nowait(item)
        await anyio.wait_all_tasks_blocked()
        assert shop.working == {0, 1, 2}
        shop.counts.allowed = 1
        shop.working.clear()
        shop.go_on.set()
        await until(lambda: len(shop.done) == 3)  # though the stream has not ended
        items_in.close()


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(10))
async def test_any_sequence_of_numbers(seed: int) -> None:
    dice = random.Random(seed)
    shop = Workshop(dice.randint(1, 8))
    shop.go_on.set()
    items_in, items = anyio.create_memory_object_stream[int](3)
    async with items, anyio.create_task_group() as group:
        for number in range(shop.stage_workers.most):
            group.start_soon(lambda n: shop.work(n, items, pieces=dice.randint(1, 4)), number)
        async with items_in:
            for item in range(200):
                await items_in.send(item)
                if not dice.randrange(5):
                    shop.counts.allowed = dice.randint(1, MOST_WORKERS)
                if not dice.randrange(3):
                    await anyio.lowlevel.checkpoint()
    assert sorted(shop.done) == list(range(200))


class Gate:
    """Counts the threads that are in it at once."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.passed = 0
        self._lock = threading.Lock()
        self.open = threading.Event()
        self.open.set()

    @contextmanager
    def through(self) -> Iterator[None]:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            assert self.open.wait(30)
            yield
        finally:
            with self._lock:
                self.inside -= 1
                self.passed += 1


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate, read = Gate(), SourceFile.read

    def slow(self: SourceFile, offset: int, size: int) -> bytes:
        with gate.through():
            return read(self, offset, size)

    monkeypatch.setattr(SourceFile, "read", slow)
    return gate


def stage(run: JobRun, name: str) -> StageStatus:
    return next(s.status() for s in run.stages if s.name == name)


def large_files(world: World, count: int) -> None:
    for number in range(count):
        (world.root / f"file {number:02}").write_bytes(content(60_000, number))


async def finish(world: World, run: JobRun) -> None:
    outcome = await upload(run, frozenset())
    assert outcome.state is JobState.COMPLETED, outcome
    await world.end(run, outcome)


@pytest.mark.anyio
async def test_readers_are_raised_and_lowered_while_a_job_runs(world: World, reading: Gate) -> None:
    large_files(world, 40)
    reading.open.clear()
    run = await world.small(max_workers=8).new_run()

    async def watch() -> None:
        await until(lambda: reading.inside == 4)
        assert (stage(run, "read").workers, stage(run, "read").active) == (4, 4)
        run.worker_counts.allowed = 20
        await until(lambda: reading.inside == 10)
        assert (stage(run, "read").workers, stage(run, "read").active) == (10, 10)
        assert len(run.stages[1].slots) == 10
        run.worker_counts.allowed = 2
        assert (stage(run, "read").workers, stage(run, "read").active) == (1, 10)
        assert len(run.stages[1].slots) == 10  # the status shows the items still in progress
        reading.open.set()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        await finish(world, run)
    assert (reading.most, reading.passed) == (10, 40)
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_a_reader_in_the_middle_of_a_large_file_waits_and_ends(
    world: World, store: FaultyStore
) -> None:
    for number in range(4):
        (world.root / f"file {number}").write_bytes(content(12 * SEGMENT, number))
    run = await world.small(max_workers=8).new_run()

    def lower(article: Article) -> None:
        run.worker_counts.allowed = 1

    store.before = lower
    await finish(world, run)
    assert stage(run, "read").workers == 1
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_compressors_are_a_stage_that_is_raised_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.choices = FolderChoices(compression=Compression.LZMA)
    large_files(world, 20)
    gate, prepare = Gate(), compress_module.prepare

    def slow(*args: object) -> object:
        with gate.through():
            return prepare(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(compress_module, "prepare", slow)
    gate.open.clear()
    run = await world.small(max_workers=4).new_run()

    async def watch() -> None:
        await until(lambda: gate.inside == 2)
        assert [s.name for s in run.stages][:4] == ["scan", "read", "compress", "plan"]
        assert (stage(run, "read").workers, stage(run, "compress").workers) == (2, 2)
        run.worker_counts.allowed = 9
        await until(lambda: gate.inside == 5)
        assert (stage(run, "read").workers, stage(run, "compress").workers) == (4, 5)
        gate.open.set()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        await finish(world, run)
    assert gate.most == 5
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_posting_lanes_without_a_number_of_their_own_follow(
    world: World, store: FaultyStore
) -> None:
    large_files(world, 30)
    inside, go_on = 0, anyio.Event()

    async def wait(article: Article) -> None:
        nonlocal inside
        inside += 1
        await go_on.wait()

    store.before = wait
    run = await world.small(max_workers=2, max_connections=40).new_run()

    async def watch() -> None:
        await until(lambda: inside == 2)
        assert stage(run, "post").workers == 2
        run.worker_counts.allowed = 6
        await until(lambda: inside == 6)
        run.worker_counts.allowed = 32
        await until(lambda: inside == 10)  # a quarter of the connections
        assert stage(run, "post").workers == 10
        go_on.set()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        await finish(world, run)


@pytest.mark.anyio
async def test_lowered_a_job_can_be_drained_and_goes_on_later(
    world: World, store: FaultyStore, reading: Gate
) -> None:
    large_files(world, 30)
    reading.open.clear()
    run = await world.small(max_workers=8).new_run()

    async def watch() -> None:
        await until(lambda: reading.inside == 4)
        run.worker_counts.allowed = 1
        run.drain()
        reading.open.set()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        outcome = await upload(run, frozenset())
    assert outcome.state is JobState.QUEUED
    await world.end(run, outcome)
    await world.completed()
    await world.assert_restores(1, world.root)


def test_workers_of_a_stage_that_are_replaced_are_forgotten() -> None:
    counts = WorkerCounts(LIMITS)
    first = counts.of_stage("read", lambda workers: workers)
    second = counts.of_stage("read", lambda workers: 2 * workers)
    assert isinstance(first, StageWorkers)
    assert (first.allowed, second.allowed, second.most) == (8, 16, 2 * MOST_WORKERS)


@pytest.mark.parametrize("megabytes", [64, 128, 512])
@pytest.mark.parametrize("wanted", Compression)
def test_workers_and_lanes_stay_within_the_limit(megabytes: int, wanted: Compression) -> None:
    limits = replace(LIMITS, max_workers=32, memory_limit=megabytes << 20)
    compressor = compressor_memory(limits.chunk_size, wanted)
    counts = WorkerCounts(limits, compressor)
    in_hand = 3 * max(limits.chunk_size, 3 << 20) + compressor
    in_lanes = 3 * limits.chunk_size * most_lanes(limits)
    assert counts.allowed * in_hand + in_lanes <= limits.memory_limit * 3 // 4
