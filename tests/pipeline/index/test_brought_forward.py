"""A folder whose catalogue is older than its store goes on from the newest version there."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from index_ground import KEYS, Indexed
from test_adopted_index import dump, grow
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.catalogue.backup.restore import restore_backup
from usenetsync_tui.catalogue.backup.write import write_backup
from usenetsync_tui.errors import FolderContinuedError, UsageError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.segments import Article
from usenetsync_tui.pipeline.index.adoption.adopt import Adopted
from usenetsync_tui.pipeline.index.adoption.bring_forward import bring_forward
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress
from usenetsync_tui.pipeline.index.continued import refuse_continued
from usenetsync_tui.pipeline.index.find_root import newest_root

pytestmark = pytest.mark.anyio


@pytest.fixture
def indexed(world: World) -> Indexed:
    world.choices = FolderChoices(store=StoreKind.MEMORY, profile=Profile.SEALED)
    return Indexed(world.small(chunk_size=100_000))


async def backup(world: World) -> bytes:
    kept = io.BytesIO()
    await write_backup(world.catalogue, kept.write, with_articles=False, now=datetime.now(UTC))
    return kept.getvalue()


async def restore(world: World, kept: bytes) -> None:
    await restore_backup(world.catalogue, io.BytesIO(kept).read, replace=True)


async def forward(world: World, *, jobs: str = "completed") -> Adopted:
    world.query("UPDATE jobs SET state = %s RETURNING 1", jobs)
    root = (await newest_root(world.store, KEYS)).root
    folder = await world.folder()
    return await bring_forward(
        world.catalogue, world.store, KEYS, root, folder, lambda key: key, LoadProgress()
    )


async def refused(indexed: Indexed) -> None:
    with pytest.raises(FolderContinuedError, match="Another machine has continued"):
        await refuse_continued(await indexed.world.new_run(), await indexed.realm())


async def change(indexed: Indexed, number: int) -> Path:
    """One version more: files that are new, changed, moved and gone. Returns a copy of it."""
    root = indexed.world.root
    (root / f"new {number}").write_bytes(b"%d" % number)
    (root / f"file {number:03}").write_bytes(content(70_000 + number))
    (root / f"file {number + 10:03}").unlink()
    (root / f"file {number + 20:03}").rename(root / f"moved {number}")
    assert await indexed.version()
    return indexed.world.keep_copy()


async def assert_goes_on(indexed: Indexed, copies: dict[int, Path]) -> None:
    """Nothing is read or posted for what is unchanged, all versions are there, and a next one."""
    world, newest = indexed.world, max(copies)
    world.check_ledger()
    posts = len(world.store.posts)
    assert (await world.upload()).message == f"nothing changed since version {newest}"
    assert len(world.store.posts) == posts
    for version, copy in copies.items():
        await world.assert_restores(version, copy)
    (world.root / "more").write_bytes(content(1000))
    assert await indexed.version() == newest + 1
    await indexed.assert_reads(newest + 1, world.root)
    world.check_ledger()


async def test_after_a_restore_of_an_older_backup(indexed: Indexed, store: FaultyStore) -> None:
    world = indexed.world
    grow(world.root)
    copies = {number: await change(indexed, number) for number in (1, 2)}
    kept = await backup(world)
    copies |= {number: await change(indexed, number) for number in (3, 4)}
    before = dump(world)
    await restore(world, kept)
    await refused(indexed)
    done = await forward(world)
    assert (done.before, done.versions, done.left_out) == (2, (3, 4), ())
    after = dump(world)
    for name, rows in before.items():
        assert after[name] == rows, name
    with pytest.raises(UsageError, match="is backed up here already"):
        await forward(world)
    await assert_goes_on(indexed, copies)


async def test_numbers_of_objects_that_another_folder_took_are_moved(
    indexed: Indexed, tmp_path: Path
) -> None:
    """The backup is also of a version that was not finished: the store has it finished."""
    world = indexed.world
    grow(world.root)
    copies = {1: await change(indexed, 1)}

    class Killed(Exception):
        pass

    def kill(article: Article) -> None:
        raise Killed

    store = world.store
    assert isinstance(store, FaultyStore)
    (world.root / "half").write_bytes(content(250_000))
    (world.root / "a.txt").unlink()
    store.before = kill
    try:
        await world.upload()
    except* Killed:
        pass
    store.before = None
    kept = await backup(world)
    copies |= {number: await change(indexed, number) for number in (2, 3)}
    await restore(world, kept)
    mine, world.root = world.root, tmp_path / "other"
    world.root.mkdir()
    (world.root / "their file").write_bytes(content(300_000))
    await world.completed()
    theirs = world.keep_copy()
    world.root = mine
    assert (await forward(world)).versions == (2, 3)
    (offset,) = world.query("SELECT object_offset FROM folders ORDER BY id")[0]
    assert isinstance(offset, int) and offset > 0
    await assert_goes_on(indexed, copies)
    world.root = tmp_path / "other"
    await world.assert_restores(1, theirs)


async def test_a_folder_with_versions_of_its_own_stays_as_it_is(indexed: Indexed) -> None:
    world = indexed.world
    grow(world.root)
    await change(indexed, 1)
    kept = await backup(world)
    await change(indexed, 2)
    await change(indexed, 3)
    await restore(world, kept)
    world.query("UPDATE snapshots SET files = files + 1 RETURNING 1")
    with pytest.raises(UsageError, match=r"its version 1 of .* is not the one that the store has"):
        await forward(world)
    world.query("UPDATE snapshots SET files = files - 1 RETURNING 1")
    with pytest.raises(UsageError, match=r"A job of .* waits or runs"):
        await forward(world, jobs="queued")
    assert [each.version for each in await world.snapshots()] == [1]
