"""A folder whose articles move: to another realm, or to more copies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.jobs import JobState


@pytest.fixture
def kept(world: World, store: FaultyStore) -> World:
    world.store = store
    world.choices = replace(world.choices, store=StoreKind.MEMORY, profile=Profile.PACKED)
    (world.root / "large").write_bytes(content(2_000_000, 1))
    (world.root / "small").write_bytes(content(500, 2))
    (world.root / "empty").write_bytes(b"")
    (world.root / "folder").mkdir()
    return world


@pytest.mark.anyio
async def test_another_profile_posts_all_and_keeps_older_versions(
    kept: World, store: FaultyStore
) -> None:
    assert await kept.completed() == 1
    first = set(store.posts)
    kept.choices = replace(kept.choices, profile=Profile.SEALED)
    assert await kept.completed() == 2
    assert not first & set(store.posts[len(first) :])
    assert len(store.posts) == 2 * len(first)
    for version in (1, 2):
        await kept.assert_restores(version, kept.root)
    assert await kept.completed() == 2, "and then nothing more"


@pytest.mark.anyio
async def test_back_again_finds_its_articles(kept: World, store: FaultyStore) -> None:
    await kept.completed()
    for profile in (Profile.SEALED, Profile.PACKED, Profile.SEALED):
        kept.choices = replace(kept.choices, profile=profile)
        await kept.completed()
    assert len(store.posts) == len(store.articles) == 2 * len(set(store.posts)) // 2
    assert len(store.posts) == 2 * 4
    for version in (1, 2, 3, 4):
        await kept.assert_restores(version, kept.root)


@pytest.mark.anyio
async def test_more_copies_post_the_further_ones(kept: World, store: FaultyStore) -> None:
    await kept.completed()
    first = list(store.posts)
    kept.choices = replace(kept.choices, copies=2)
    assert await kept.completed() == 2
    assert len(store.posts) == 2 * len(first), "the first copies are there already"
    for name in first:
        del store.articles[name]
    restored = await kept.restore(2)
    assert kept.run is not None
    assert kept.run.progress.from_copies == len(first)
    assert (restored / "large").read_bytes() == content(2_000_000, 1)
    kept.choices = replace(kept.choices, copies=1)
    assert (await kept.upload()).state is JobState.COMPLETED
    assert [s.version for s in await kept.snapshots()] == [1, 2]


@pytest.mark.anyio
async def test_an_interrupted_version_moves_too(kept: World, store: FaultyStore) -> None:
    (kept.root / "other").write_bytes(content(60_000, 3))

    def drain(_: object) -> None:
        assert kept.run is not None
        kept.run.drain()

    store.before = drain
    assert (await kept.upload()).state is JobState.QUEUED
    store.before = None
    kept.choices = replace(kept.choices, profile=Profile.SEALED)
    assert await kept.completed() == 1
    await kept.assert_restores(1, kept.root)
    sealed = kept.query(
        "SELECT DISTINCT r.profile FROM files f JOIN objects o ON o.id = f.object_id"
        " JOIN realms r ON r.id = o.realm_id WHERE f.last_version IS NULL"
    )
    assert sealed == [("sealed",)]
