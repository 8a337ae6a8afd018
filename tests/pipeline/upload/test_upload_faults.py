"""upload, when the store or the source fails, and when it is stopped or killed."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import anyio
import psycopg
import pytest
from trees import SEGMENT, content, small_files
from worlds import FaultyStore, World, refuse

from usenetsync_tui.errors import StoreError, StoreUnavailableError
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import Article
from usenetsync_tui.pipeline.upload.upload import upload
from usenetsync_tui.store.retrying import RetryingStore


@pytest.mark.anyio
async def test_an_article_is_written_down_before_it_leaves(
    world: World, store: FaultyStore
) -> None:
    small_files(world.root, 200)
    (world.root / "large").write_bytes(content(5 * SEGMENT))
    seen = []
    with psycopg.connect(world.conninfo, autocommit=True) as other:

        def look(article: Article) -> None:
            row = other.execute(
                "SELECT status, payload_size, codec FROM segments WHERE message_id = %s",
                (article.message_id,),
            ).fetchone()
            assert row is not None, "sent before it was planned"
            assert row[1] == len(article.payload)
            seen.append(row[0])

        store.before = look
        await world.completed()
    assert len(seen) >= 6
    assert set(seen) == {1}


@pytest.mark.anyio
async def test_a_refused_article_is_its_files_problem(world: World, store: FaultyStore) -> None:
    (world.root / "a").write_bytes(content(2 * SEGMENT, 1))
    (world.root / "b").write_bytes(content(100_000, 2))
    refused: list[bytes] = []

    def hook(article: Article) -> None:
        if len(article.payload) == 100_000 and not refused:
            refused.append(article.message_id)
            raise StoreError("441 \0 no\udcffsuch group")

    store.before = hook
    copy = world.keep_copy()
    outcome = await world.upload()
    assert outcome.state is JobState.INCOMPLETE
    (notice,) = await world.notices()
    assert (notice.kind, notice.path) == (NoticeKind.UNPOSTED, b"b")
    assert "441" in notice.reason
    assert (await world.snapshots())[0].state is SnapshotState.INCOMPLETE
    world.check_ledger()
    restored = await world.restore(1)
    assert (restored / "a").read_bytes() == content(2 * SEGMENT, 1)
    assert not (restored / "b").exists()
    # The next run sends it under its own name and repairs the version.
    assert await world.completed() == 1
    assert refused[0] in store.articles
    assert store.posts.count(refused[0]) == 2
    (repaired,) = await world.snapshots()
    assert (repaired.state, repaired.errors) == (SnapshotState.COMPLETE, 0)
    await world.assert_restores(1, copy)


@pytest.mark.anyio
async def test_a_store_that_comes_back(world: World, store: FaultyStore) -> None:
    failures = iter(range(4))

    def hook(article: Article) -> None:
        if next(failures, None) is not None:
            raise StoreUnavailableError("down")

    store.before = hook
    world.store = RetryingStore(store, tries=5, backoff=0)
    (world.root / "a").write_bytes(content(SEGMENT))
    await world.completed()
    assert len(store.posts) == 5
    assert len(store.articles) == 1


@pytest.mark.anyio
async def test_a_store_that_refuses_all(world: World, store: FaultyStore) -> None:
    small_files(world.root, 100)
    (world.root / "large").write_bytes(content(SEGMENT + 1))
    store.before = refuse()
    copy = world.keep_copy()
    assert (await world.upload()).state is JobState.INCOMPLETE
    assert len(await world.notices()) == 101
    world.check_ledger()
    first = set(store.posts)
    store.before = None
    assert await world.completed() == 1
    assert set(store.posts) == first == set(store.articles)
    await world.assert_restores(1, copy)


@pytest.mark.anyio
async def test_pause_and_resume(world: World, store: FaultyStore) -> None:
    (world.root / "a").write_bytes(content(20 * SEGMENT))
    run = await world.new_run()
    closed = anyio.Event()

    def hook(article: Article) -> None:
        if len(store.posts) == 3:
            run.gate.close()
            closed.set()

    store.before = hook
    outcomes = []

    async def work() -> None:
        outcomes.append(await upload(run, frozenset()))

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        await closed.wait()
        await anyio.sleep(0.2)
        paused_at = len(store.posts)
        await anyio.sleep(0.2)
        assert len(store.posts) == paused_at < 20
        run.gate.open()
    assert outcomes[0].state is JobState.COMPLETED
    world.check_ledger()


@pytest.mark.anyio
@pytest.mark.parametrize("after", [0, 1, 5, 20])
async def test_drain_and_resume(world: World, store: FaultyStore, after: int) -> None:
    world.small(chunk_size=100_000, batch_size=50)
    small_files(world.root, 400)
    (world.root / "large").write_bytes(content(2_000_000))
    (world.root / "zeros").write_bytes(bytes(900_000))
    copy = world.keep_copy()
    run = await world.new_run()

    def hook(article: Article) -> None:
        if len(store.posts) >= after:
            run.drain()

    store.before = hook
    if not after:
        run.drain()
    outcome = await upload(run, frozenset())
    assert outcome.state is JobState.QUEUED
    assert [s.state for s in await world.snapshots()] == [SnapshotState.BUILDING]
    world.check_ledger()
    posted = set(store.articles)
    store.before = None
    assert await world.completed() == 1
    assert posted <= set(store.articles)
    assert len(store.posts) == len(set(store.posts)), "an acknowledged article was sent again"
    await world.assert_restores(1, copy)


def a_little_of_everything(root: Path, seed: int) -> None:
    small_files(root, 150, seed)
    for number in range(3):
        (root / f"large {number}").write_bytes(content(250_000 + number, seed))
    (root / "zeros").write_bytes(bytes(200_000))
    shutil.copy2(root / "large 1", root / "twin")


@pytest.mark.anyio
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
async def test_killed_anywhere(world: World, store: FaultyStore, seed: int) -> None:
    """Cancelled at random moments, again and again, while the folder changes in between."""
    rng = random.Random(seed)
    world.small(chunk_size=20_000, batch_size=40)
    a_little_of_everything(world.root, seed)
    lost: set[bytes] = set()

    async def hook(article: Article) -> None:
        await anyio.sleep(rng.random() * 0.004)
        if rng.random() < 0.02:
            lost.add(article.message_id)
            raise StoreUnavailableError("no answer")

    store.before = store.after = hook
    for _ in range(12):
        run = await world.new_run()
        with anyio.move_on_after(rng.random() * 0.35):
            await upload(run, frozenset())
        world.check_ledger()
        if rng.random() < 0.3:
            (world.root / f"large {rng.randrange(3)}").write_bytes(rng.randbytes(123_456))
        if rng.random() < 0.3:
            (world.root / "d000/e00" / f"f{rng.randrange(150):07}").write_bytes(b"edited")
    store.before = store.after = None
    copy = world.keep_copy()
    await world.upload()
    outcome = await world.upload()
    assert outcome.state is JobState.COMPLETED
    world.check_ledger()
    await world.assert_restores(outcome.version, copy)
