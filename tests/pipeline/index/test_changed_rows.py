"""Rows of finished versions that change without a version: the next run of the index tells them."""

from __future__ import annotations

import anyio
import psycopg
import pytest
from index_ground import KEYS, Indexed
from test_adopted_index import adopted, lose
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.catalogue.tables import files, objects
from usenetsync_tui.model.entries import Entry, FileKind
from usenetsync_tui.pipeline.index.find_root import newest_root
from usenetsync_tui.pipeline.posting import settle

pytestmark = pytest.mark.anyio


@pytest.fixture
def indexed(world: World) -> Indexed:
    return Indexed(world.small(chunk_size=100_000))


def execute(world: World, sql: str) -> None:
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        connection.execute(sql.encode())


async def test_what_only_the_walk_compares_is_in_the_next_delta(indexed: Indexed) -> None:
    """A file that was racy, and one of another ctime: read once, and never for that again."""
    world = indexed.world
    for name in ("racy", "touched", *[f"other {number}" for number in range(100)]):
        (world.root / name).write_bytes(name.encode())
    await world.completed()
    execute(world, "UPDATE files SET racy = true WHERE path_key = 'racy'")
    assert await indexed.post() == ""
    (world.root / "touched").chmod(0o600)
    (world.root / "touched").chmod(0o644)
    (world.root / "new").write_bytes(b"new")
    await indexed.version()
    now = world.query(
        "SELECT path_key, first_version, ctime_ns, racy FROM files WHERE kind <> 1 ORDER BY 1, 2"
    )
    lose(world)
    await adopted(world)
    assert now == world.query(
        "SELECT path_key, first_version, ctime_ns, racy FROM files WHERE kind <> 1 ORDER BY 1, 2"
    )
    assert world.query("SELECT count(*) FROM files WHERE racy") == [(0,)]
    (world.root / "more").write_bytes(b"more")
    await indexed.version()
    told = (await newest_root(world.store, KEYS)).root.runs
    assert [run.files for run in told] == [103, 4, 2]  # with the folder itself, racy, touched, new


async def test_content_that_was_posted_again_is_told_with_its_new_place(
    indexed: Indexed, store: FaultyStore
) -> None:
    """Its pack was lost when a neighbour had changed; the index must not lead to the lost pack."""
    world = indexed.world
    (world.root / "stays").write_bytes(content(5_000))
    (world.root / "changes").write_bytes(content(6_000))
    await indexed.version()
    (lost,) = world.query(
        "SELECT message_id FROM segments JOIN objects o ON o.id = object_id WHERE o.kind <> 2"
    )
    del store.articles[bytes(lost[0])]  # type: ignore[arg-type]
    assert (await world.verify()).missing == 1
    (world.root / "changes").write_bytes(content(7_000))
    copy = world.keep_copy()
    assert await indexed.version() == 2
    await indexed.assert_reads(2, world.root)
    lose(world)
    await adopted(world)
    await world.assert_restores(2, copy)
    (stays,) = world.query("SELECT first_version FROM files WHERE path_key = 'stays'")
    assert stays == (1,)  # the same content: version 1 has it from there, too


async def test_an_amendment_tells_the_new_place_where_no_version_does(
    indexed: Indexed, store: FaultyStore
) -> None:
    world = indexed.world
    (world.root / "small").write_bytes(content(5_000))
    await indexed.version()
    (world.root / "later").write_bytes(content(6_000))
    await indexed.version()
    copy = world.keep_copy()
    for (name,) in world.query(
        "SELECT message_id FROM segments JOIN objects o ON o.id = object_id WHERE o.kind <> 2"
    ):
        del store.articles[bytes(name)]  # type: ignore[arg-type]
    assert (await world.verify()).missing == 2
    run = await world.new_run()
    async with world.catalogue.transaction() as tx:
        lost = await objects.incomplete_page(tx, run.folder.id, 0, 10)
    for made in lost:
        await settle._stale(run, made)  # its source was another one for a moment
    assert (await world.upload()).message == "nothing changed since version 2"
    assert await indexed.post() == ""
    posts = len(store.posts)
    assert await indexed.post() == "" and len(store.posts) == posts  # told once
    await indexed.assert_reads(2, world.root)
    root = (await newest_root(store, KEYS)).root
    assert [(run.version, run.files) for run in root.runs[-2:]] == [(2, 2), (2, 2)]
    rows = world.query(
        "SELECT path_key, first_version, last_version FROM files WHERE kind <> 1 ORDER BY 1, 2"
    )
    lose(world)
    assert (await adopted(world)).versions == (1, 2)
    await world.assert_restores(2, copy)
    world.check_ledger()
    assert rows == world.query(
        "SELECT path_key, first_version, last_version FROM files WHERE kind <> 1 ORDER BY 1, 2"
    )
    (world.root / "last").write_bytes(content(7_000))
    assert await indexed.version() == 3
    await indexed.assert_reads(3, world.root)


async def test_a_file_that_waits_to_be_read_again_is_read_after_an_adoption(
    indexed: Indexed,
) -> None:
    """Its articles were lost before the index of its version was posted."""
    world = indexed.world
    (world.root / "lost").write_bytes(content(5_000))
    await world.completed()
    copy = world.keep_copy()
    execute(world, "UPDATE files SET state = 0 WHERE path_key = 'lost'")
    execute(world, "UPDATE segments SET status = 6")
    execute(world, "UPDATE snapshots SET state = 2, errors = 1")
    assert await indexed.post() == ""
    lose(world)
    await adopted(world)
    assert await indexed.version() == 2
    await world.assert_restores(2, copy)


async def test_a_change_that_commits_after_a_run_was_read_is_in_the_next_one(
    indexed: Indexed,
) -> None:
    world = indexed.world
    for name in ("touched", *[f"other {number}" for number in range(100)]):
        (world.root / name).write_bytes(name.encode())
    await indexed.version()
    (world.root / "new").write_bytes(b"new")
    assert await world.completed() == 2
    (world.root / "touched").chmod(0o600)
    (world.root / "touched").chmod(0o644)
    seen = (world.root / "touched").lstat()
    entry = Entry(b"touched", FileKind.REGULAR, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns,
                  seen.st_ino, 0o644, None, seen.st_uid, seen.st_gid)  # fmt: skip
    folder, posted = await world.folder(), anyio.Event()

    async def post() -> None:
        assert await indexed.post() == ""
        posted.set()

    async with anyio.create_task_group() as group:
        async with world.catalogue.transaction() as tx:
            await files.refresh(tx, folder.id, [entry])
            group.start_soon(post)
            waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not posted.is_set() and world.query(waits) == [(0,)]:  # noqa: ASYNC110
                await anyio.sleep(0.01)
    (world.root / "more").write_bytes(b"more")
    await indexed.version()
    now = world.query("SELECT path_key, ctime_ns FROM files WHERE kind <> 1 ORDER BY 1")
    lose(world)
    await adopted(world)
    assert now == world.query("SELECT path_key, ctime_ns FROM files WHERE kind <> 1 ORDER BY 1")
