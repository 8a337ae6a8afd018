"""settle: articles that an earlier run left unfinished are checked, sent again, or become stale."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from trees import content
from worlds import FaultyStore, World, refuse

from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Profile, SnapshotState
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import Article, SegmentStatus
from usenetsync_tui.pipeline.upload.upload import upload


async def everything_refused(world: World, store: FaultyStore) -> None:
    store.before = refuse()
    assert (await world.upload()).state is JobState.INCOMPLETE
    store.before = None
    store.posts.clear()


@pytest.mark.anyio
async def test_an_unsent_article_is_sent_under_its_name(world: World, store: FaultyStore) -> None:
    (world.root / "small").write_bytes(b"small")
    (world.root / "large").write_bytes(content(2_000_000))
    await everything_refused(world, store)
    planned = {m for (m,) in world.query("SELECT message_id FROM segments")}
    assert await world.completed() == 1
    assert set(store.posts) == set(store.articles) == planned
    assert len(store.posts) == len(planned) == 4
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_an_article_that_arrived_without_an_answer_is_not_sent_again(
    world: World, store: FaultyStore
) -> None:
    (world.root / "small").write_bytes(b"small")
    (world.root / "large").write_bytes(content(2_000_000))
    store.after = refuse("connection lost")
    assert (await world.upload()).state is JobState.INCOMPLETE
    store.after = None
    store.posts.clear()
    assert await world.completed() == 1
    assert store.posts == []
    assert [s.state for s in await world.snapshots()] == [SnapshotState.COMPLETE]


@pytest.mark.anyio
async def test_a_changed_source_is_read_again_and_its_neighbours_are_kept(
    world: World, store: FaultyStore
) -> None:
    for name in ("a", "b", "c"):
        (world.root / name).write_bytes(name.encode() * 100)
    (world.root / "large").write_bytes(content(2_000_000))
    await everything_refused(world, store)
    (world.root / "b").write_bytes(b"changed")
    (world.root / "c").unlink()
    (world.root / "large").write_bytes(content(2_000_001))
    copy = world.keep_copy()
    assert await world.completed() == 2
    await world.assert_restores(2, copy)
    first, second = await world.snapshots()
    assert (first.state, second.state) == (SnapshotState.INCOMPLETE, SnapshotState.COMPLETE)
    restored = await world.restore(1)
    assert [n for n in os.listdir(restored) if not n.endswith(".part")] == ["a"]
    assert {n.path for n in await world.notices()} == {b"b", b"c", b"large"}


@pytest.mark.anyio
async def test_an_old_version_without_its_source_never_becomes_complete(
    world: World, store: FaultyStore
) -> None:
    """Closed rows of a stale pack: the version that holds them stays incomplete."""
    (world.root / "a").write_bytes(b"first")
    (world.root / "b").write_bytes(b"stays")
    await everything_refused(world, store)
    (world.root / "a").write_bytes(b"second")
    await everything_refused(world, store)
    assert await world.completed() == 2
    (world.root / "a").write_bytes(b"third")
    assert await world.completed() == 3
    states = [s.state for s in await world.snapshots()]
    assert states == [SnapshotState.INCOMPLETE, SnapshotState.COMPLETE, SnapshotState.COMPLETE]
    await world.restore(1)
    assert [n.path for n in await world.notices()] == [b"a"]


@pytest.mark.anyio
async def test_a_stale_object_keeps_the_copies_older_versions_need(
    world: World, store: FaultyStore
) -> None:
    world.choices = FolderChoices(copies=2)
    (world.root / "a").write_bytes(content(100_000))
    await world.completed()
    copy = world.keep_copy()
    lost = next(m for m, r in world.query("SELECT message_id, redundancy FROM segments") if r == 0)
    del store.articles[lost]  # type: ignore[arg-type]
    assert (await world.verify()).missing == 1
    (world.root / "a").write_bytes(b"another")
    assert await world.completed() == 2
    await world.assert_restores(1, copy)
    assert [s.state for s in await world.snapshots()] == [
        SnapshotState.INCOMPLETE,
        SnapshotState.COMPLETE,
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("profile", [Profile.PACKED, Profile.PLAIN])
async def test_a_half_read_file_continues_in_its_object(
    world: World, store: FaultyStore, profile: Profile
) -> None:
    world.small(chunk_size=1024).choices = FolderChoices(profile=profile)
    (world.root / "a").write_bytes(content(100 * 1024))
    run = await world.new_run()
    store.before = lambda article: run.drain() if len(store.posts) >= 20 else None
    assert (await upload(run, frozenset())).state is JobState.QUEUED
    ((begun,),) = world.query("SELECT object_id FROM files WHERE object_id IS NOT NULL")
    store.before = None
    assert await world.completed() == 1
    assert world.query("SELECT id FROM objects") == [(begun,)]
    assert len(store.posts) == len(set(store.posts)) == 100
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
@pytest.mark.parametrize("what", ["chunk_size", "copies"])
async def test_other_choices_between_runs(world: World, store: FaultyStore, what: str) -> None:
    world.small(chunk_size=2048)
    (world.root / "a").write_bytes(content(100 * 1024))
    (world.root / "small").write_bytes(b"small")
    run = await world.new_run()
    store.before = lambda article: run.drain() if len(store.posts) >= 10 else None
    await upload(run, frozenset())
    store.before = None
    if what == "chunk_size":
        world.limits = replace(world.limits, chunk_size=3000)
    else:
        world.choices = FolderChoices(copies=2)
    assert await world.completed() == 1
    await world.assert_restores(1, world.root)


@pytest.mark.anyio
async def test_an_unreferenced_object_is_deleted(world: World, store: FaultyStore) -> None:
    world.small(chunk_size=1024)
    (world.root / "a").write_bytes(content(100 * 1024))
    run = await world.new_run()
    store.before = lambda article: run.drain() if len(store.posts) >= 10 else None
    await upload(run, frozenset())
    store.before = None
    (world.root / "a").write_bytes(b"other")
    await world.completed()
    await world.completed()
    assert world.query("SELECT count(*) FROM objects WHERE NOT complete") == [(0,)]


@pytest.mark.anyio
async def test_two_folders_share_an_unsent_article(world: World, store: FaultyStore) -> None:
    """The first upload sends it; both files become complete."""
    (world.root / "a").write_bytes(content(100_000))
    await everything_refused(world, store)
    first = world.root
    world.root = world.scratch / "second"
    world.root.mkdir()
    (world.root / "b").write_bytes(content(100_000))
    await world.completed()
    assert len(store.posts) == 1
    assert world.query("SELECT count(*) FROM objects WHERE complete") == [(2,)]
    world.root = first
    await world.completed()
    assert [s.state for s in await world.snapshots()] == [SnapshotState.COMPLETE]
    assert len(store.posts) == 1


@pytest.mark.anyio
async def test_a_given_up_article_keeps_the_reply_and_its_tries(
    world: World, store: FaultyStore
) -> None:
    (world.root / "a").write_bytes(content(100_000))

    def hook(article: Article) -> None:
        raise StoreError("the group is \0 closed")

    store.before = hook
    for tries in (1, 2):
        assert (await world.upload()).state is JobState.INCOMPLETE
        ((status, counted, words),) = world.query("SELECT status, tries, error FROM segments")
        assert (status, counted) == (SegmentStatus.FAILED, tries)
        assert "the group is  closed" in str(words)
