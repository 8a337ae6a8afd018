"""verify: finds missing and damaged articles, reports them by file, and an upload repairs them."""

from __future__ import annotations

import pytest
from trees import content, small_files
from worlds import FaultyStore, World

from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.folders import SnapshotState
from usenetsync_tui.model.segments import SegmentStatus


def message_id(world: World, path: bytes, index: int = 0) -> bytes:
    ((found,),) = world.query(
        "SELECT message_id FROM segments JOIN files USING (object_id)"
        " WHERE path_key = %s AND segment_index = %s",
        path,
        index,
    )
    assert isinstance(found, bytes)
    return found


@pytest.fixture
async def uploaded(world: World) -> World:
    world.small(chunk_size=100_000)
    (world.root / "large").write_bytes(content(1_000_000))
    (world.root / "small").write_bytes(b"small" * 10)
    (world.root / "same").write_bytes(b"small" * 20)
    await world.completed()
    return world


@pytest.mark.anyio
@pytest.mark.parametrize("bodies", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 1000])
async def test_all_is_well(uploaded: World, bodies: bool, batch_size: int) -> None:
    found = await uploaded.small(batch_size=batch_size).verify(bodies=bodies)
    assert (found.checked, found.missing, found.damaged) == (11, 0, 0)
    assert await uploaded.notices() == []
    statuses = uploaded.query("SELECT DISTINCT status, verified_at IS NOT NULL FROM segments")
    assert statuses == [(SegmentStatus.VERIFIED, True)]
    uploaded.check_ledger()


@pytest.mark.anyio
@pytest.mark.parametrize("bodies", [False, True])
async def test_missing_is_found_and_posted_again(
    uploaded: World, store: FaultyStore, bodies: bool
) -> None:
    lost = {message_id(uploaded, b"large", 3), message_id(uploaded, b"small")}
    for name in lost:
        del store.articles[name]
    found = await uploaded.verify(bodies=bodies)
    assert (found.checked, found.missing, found.damaged) == (11, 2, 0)
    notices = await uploaded.notices()
    assert {(n.kind, n.path) for n in notices} == {
        (NoticeKind.MISSING, p) for p in (b"large", b"small", b"same")
    }
    uploaded.check_ledger()
    assert [s.state for s in await uploaded.snapshots()] == [SnapshotState.INCOMPLETE]
    store.posts.clear()
    assert await uploaded.completed() == 1
    assert set(store.posts) == lost
    assert [s.state for s in await uploaded.snapshots()] == [SnapshotState.COMPLETE]
    await uploaded.assert_restores(1, uploaded.root)


@pytest.mark.anyio
async def test_damage_is_found_only_with_bodies_and_repaired(
    uploaded: World, store: FaultyStore
) -> None:
    lost = message_id(uploaded, b"large", 5)
    store.articles[lost] = b"rubbish"
    assert (await uploaded.verify()).damaged == 0
    found = await uploaded.verify(bodies=True)
    assert (found.missing, found.damaged) == (0, 1)
    (notice,) = await uploaded.notices()
    assert (notice.kind, notice.path) == (NoticeKind.DAMAGED, b"large")
    assert lost.hex() in notice.reason
    store.posts.clear()
    assert await uploaded.completed() == 1
    assert store.posts == [lost]
    assert (await uploaded.verify(bodies=True)).damaged == 0
    await uploaded.assert_restores(1, uploaded.root)


@pytest.mark.anyio
async def test_a_shared_article_is_fetched_once_and_lost_for_all(
    world: World, store: FaultyStore
) -> None:
    world.small(chunk_size=1024)
    (world.root / "zeros").write_bytes(bytes(50 * 1024))
    (world.root / "more zeros").write_bytes(bytes(60 * 1024))
    await world.completed()
    store.fetches.clear()
    assert (await world.verify(bodies=True)).checked == 110
    assert len(store.fetches) == 1
    store.articles.clear()
    assert (await world.verify()).missing == 1
    assert {n.path for n in await world.notices()} == {b"zeros", b"more zeros"}
    world.check_ledger()
    await world.completed()
    assert len(store.articles) == 1


@pytest.mark.anyio
async def test_all_versions_are_swept(world: World, store: FaultyStore) -> None:
    (world.root / "a").write_bytes(content(100_000, 1))
    await world.completed()
    old = set(store.articles)
    (world.root / "a").write_bytes(content(100_000, 2))
    await world.completed()
    for name in old:
        del store.articles[name]
    assert (await world.verify()).missing == 1
    # The old content is gone from the folder too: the first version cannot be repaired.
    await world.completed()
    states = [s.state for s in await world.snapshots()]
    assert states == [SnapshotState.INCOMPLETE, SnapshotState.COMPLETE]


@pytest.mark.anyio
async def test_many_objects_and_a_drain(world: World) -> None:
    small_files(world.root, 300, median=60_000, largest=70_000)
    await world.completed()
    found = await world.verify()
    ((objects,),) = world.query("SELECT count(*) FROM objects")
    assert found.checked == objects
    assert isinstance(objects, int)
    assert objects > 100
