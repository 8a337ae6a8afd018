"""What forgetting deletes and what it leaves, whatever is forgotten, and wherever it is killed."""

from __future__ import annotations

import os
import random
from pathlib import Path

import psycopg
import pytest
from forgotten_ground import Kept
from index_ground import KEYS, Indexed
from rows import Rows
from trees import content
from worlds import World, make_world

from usenetsync_tui.catalogue.tables import jobs
from usenetsync_tui.catalogue.tables.forgetting import erase, versions
from usenetsync_tui.catalogue.tables.metadata import metadata
from usenetsync_tui.codec.index.attributes import write_xattrs
from usenetsync_tui.errors import UnknownSnapshotError, UsageError
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.metadata.metadata import Metadata
from usenetsync_tui.pipeline.forget import forget
from usenetsync_tui.pipeline.index.adoption.adopt import adopt
from usenetsync_tui.pipeline.index.find_root import newest_root
from usenetsync_tui.postgres.pool import Pool
from usenetsync_tui.store.shards import ShardsStore

pytestmark = pytest.mark.anyio


@pytest.fixture
def kept(pool: Pool, rows: Rows, tmp_path: Path) -> Kept:
    world = make_world(pool, rows, tmp_path, ShardsStore(pool)).small(chunk_size=60_000)
    return Kept(Indexed(world))


def change(rng: random.Random, root: Path) -> None:
    """Some files are new, changed, removed, or have the content of others."""
    for _ in range(rng.randrange(1, 7)):
        path = root / f"{rng.randrange(25):02}"
        seed, size = rng.randrange(12), rng.choice((0, 9, 400, 20_000, 70_000, 130_000))
        if rng.random() < 0.25:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(content(size, seed))
    (root / "always").write_bytes(rng.randbytes(300))


def articles_bytes(kept: Kept) -> int:
    """The bytes of all articles in the shards."""
    ((size,),) = kept.world.query("SELECT coalesce(sum(octet_length(payload)), 0) FROM articles")
    return int(size)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [4])
async def test_every_kept_version_stays_whole(
    kept: Kept, tmp_path: Path, seed: int, request: pytest.FixtureRequest
) -> None:
    """Folders share articles; versions are forgotten at random, killed, with uploads in between."""
    rng, rounds = random.Random(seed), request.config.getoption("--kill-rounds") or 2
    other_root = tmp_path / "other"
    other_root.mkdir()
    other = World(kept.world.catalogue, kept.world.rows, other_root, tmp_path, kept.world.store)
    other.small(chunk_size=60_000).copies_made = 1_000
    for _ in range(rounds):
        for _ in range(rng.randrange(2, 5)):
            change(rng, kept.world.root)
            await kept.version()
        change(rng, other_root)
        mine = await other.completed(), other.keep_copy()
        gone = sorted(v for v in list(kept.copies)[:-1] if rng.random() < 0.6)
        preview = await kept.preview(gone)
        before = articles_bytes(kept)
        job = await kept.mark(gone)
        if rng.random() < 0.5:  # it waits while the next version is made
            change(rng, kept.world.root)
            await kept.version()
            preview = None
        space = await kept.erase(job, rng)
        await kept.assert_whole()
        await other.assert_restores(*mine)
        assert space.versions == len(gone) and space.unread_bytes == 0
        if preview is not None:
            assert preview.files == space.files
            assert preview.freed_bytes <= space.freed_bytes
            posted = articles_bytes(kept) - (before - space.freed_bytes)
            assert 0 <= posted < 50_000, "only roots are posted meanwhile"
        found = await kept.world.verify(bodies=True)
        assert (found.missing, found.damaged, found.unknown) == (0, 0, 0)


async def test_the_newest_version_and_unknown_ones_are_refused(kept: Kept) -> None:
    for number in range(3):
        (kept.world.root / "file").write_bytes(b"%d" % number)
        await kept.version()
    folder = await kept.world.folder()
    for wanted, error in (([3], UsageError), ([1, 7], UnknownSnapshotError)):
        async with kept.world.catalogue.transaction() as tx:
            with pytest.raises(error):
                await versions.mark(tx, folder.id, wanted)
    async with kept.world.catalogue.transaction() as tx:
        job = await jobs.add(tx, folder.id, Verb.RESTORE, folder.priority, version=2, queued=True)
    async with kept.world.catalogue.transaction() as tx:
        with pytest.raises(UsageError, match=f"job {job}"):
            await versions.mark(tx, folder.id, [1, 2])
    assert len(await kept.world.snapshots()) == 3
    assert await kept.mark([1]) and sorted(kept.copies) == [2, 3]
    assert os.path.exists(kept.copies[2])


async def test_who_adopts_the_folder_gets_the_kept_versions_alone(kept: Kept) -> None:
    root, world = kept.world.root, kept.world
    for number in range(1, 7):
        (root / "large").write_bytes(content(90_000, number))
        (root / f"only in {number}").write_bytes(content(100, number))
        (root / f"only in {number - 1}").unlink(missing_ok=True)
        await kept.version()
    job = await kept.mark([1, 2, 4])
    await kept.erase(job)
    await kept.assert_whole()
    assert kept.world.query("SELECT count(*) FROM files WHERE last_version < 3") == [(0,)]
    with psycopg.connect(world.conninfo, autocommit=True) as connection:  # all but the articles
        connection.execute("TRUNCATE folders, realms, objects, segments, files, jobs CASCADE")
    found = (await newest_root(world.store, KEYS)).root
    assert found.kept == (3, 5)
    path = os.fsencode(root)
    made = await adopt(world.catalogue, world.store, KEYS, found, path, lambda key: key)
    assert made.versions == (3, 5, 6) and made.left_out == ()
    for version, copy in kept.copies.items():
        await world.assert_restores(version, copy)
    assert world.query("SELECT path_key FROM files WHERE path_key = 'only in 4'") == []
    (root / "new").write_bytes(b"new")
    await kept.version()
    verified = await world.verify(bodies=True)
    assert (verified.missing, verified.damaged) == (0, 0)


async def test_a_removed_folder_leaves_what_others_share(kept: Kept, tmp_path: Path) -> None:
    world, other_root = kept.world, tmp_path / "other"
    other_root.mkdir()
    for root in (world.root, other_root):
        (root / "shared").write_bytes(content(150_000))
        (root / "own").write_bytes(content(70_000, len(root.name)))
    for number in range(3):
        (world.root / "new").write_bytes(content(80_000, 50 + number))
        await kept.version()
    await kept.erase(await kept.mark([1]))
    other = World(world.catalogue, world.rows, other_root, tmp_path, world.store)
    other.small(chunk_size=60_000).copies_made = 1_000
    mine = await other.completed(), other.keep_copy()
    folder = await world.folder()
    world.query("UPDATE jobs SET state = 'completed' RETURNING id")
    async with world.catalogue.transaction() as tx:
        await versions.mark_all(tx, folder.id)
        job = await jobs.add(tx, folder.id, Verb.REMOVE, folder.priority)
    run = await world.run_of(folder, job)
    await forget.remove(run)
    await forget.drop(run)
    await kept.assert_consistent()
    assert world.query("SELECT name FROM folders") == [("other",)]
    await other.assert_restores(*mine)
    index = world.query("SELECT count(*) FROM realms WHERE is_index")
    assert index == [(0,)], "a new folder at the path has a secret of its own"


async def test_attributes_that_no_version_has_go_unless_an_upload_takes_them(kept: Kept) -> None:
    world, path = kept.world, kept.world.root / "file"
    path.write_bytes(b"x")
    for number in range(3):
        try:
            os.setxattr(path, "user.a", b"%d" % number)
        except OSError:
            pytest.skip("no extended attributes here")
        (world.root / "always").write_bytes(content(100, number))
        await kept.version()
    count = "SELECT count(*) FROM xattrs"
    assert world.query(count) == [(3,)]
    await kept.erase(await kept.mark([1]))
    assert world.query(count) == [(2,)]
    await kept.assert_whole()
    folder, again = await world.folder(), write_xattrs([(b"user.a", b"0")])
    key, catalogue = b"file", world.catalogue
    async with catalogue.transaction() as tx:
        await metadata.add_xattrs(tx, [again])
    async with catalogue.transaction() as upload:
        await metadata.record(upload, folder.id, [(key, Metadata(again))])
        async with catalogue.transaction() as tx:
            assert await erase.delete_xattrs(tx, 10) == 0, "the upload has it"
    async with catalogue.transaction() as tx:
        assert await erase.delete_xattrs(tx, 10) == 1, "that of before has none any more"
    assert world.query("SELECT value FROM xattrs WHERE value = %s", again) == [(again,)]
