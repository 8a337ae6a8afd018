"""The index of a folder in its store: posted with each version, read with the secret alone."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import psycopg
import pytest
from index_ground import KEYS, Indexed
from trees import content
from worlds import FaultyStore, World, refuse

from usenetsync_tui.catalogue.tables import aliases
from usenetsync_tui.catalogue.tables.index.posted import RunRow
from usenetsync_tui.engine.by_string.folder_string import names_that_wait
from usenetsync_tui.errors import IndexUnreadableError, StoreError, UnknownSnapshotError, UsageError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.ports.stores import Presence
from usenetsync_tui.model.segments import Article, SegmentStatus
from usenetsync_tui.pipeline.index.adoption.adopt import adopt
from usenetsync_tui.pipeline.index.find_root import fetch_root, last_of_base, newest_root
from usenetsync_tui.pipeline.index.plan_run import is_base_due
from usenetsync_tui.pipeline.index.read_version import VersionReader
from usenetsync_tui.pipeline.index.sizes import MOST_DELTAS

pytestmark = pytest.mark.anyio


@pytest.fixture
def indexed(world: World) -> Indexed:
    return Indexed(world.small(chunk_size=100_000))


def grow(root: Path) -> None:
    """A tree with every kind of path, long ones and a large file among them."""
    for number in range(300):
        (root / f"file {number:03}").write_bytes(content(50 + number))
    (root / "a").mkdir()
    (root / "a" / "small").write_bytes(b"small")
    (root / "a" / "empty").touch()
    (root / "a" / "link").symlink_to("small")
    (root / os.fsdecode(b"caf\xe9")).write_bytes(b"latin-1")
    (root / "large").write_bytes(content(350_000))
    deep = root.joinpath(*(["d" * 200] * 10))
    deep.mkdir(parents=True)
    for name in ("one", "two", "three"):
        (deep / name).write_bytes(name.encode())


@pytest.mark.parametrize("profile", [Profile.PACKED, Profile.SEALED, Profile.PLAIN])
async def test_every_version_is_read_with_the_secret_alone(
    indexed: Indexed, profile: Profile
) -> None:
    world = indexed.world
    world.choices = FolderChoices(store=StoreKind.MEMORY, profile=profile)
    grow(world.root)
    copies = {}
    for number in range(5):
        (world.root / f"new {number}").write_bytes(b"%d" % number)
        if number == 2:
            (world.root / "a" / "small").unlink()
            (world.root / "large").write_bytes(content(350_000)[::-1])
        if number == 4:
            (world.root / "a" / "small").write_bytes(b"back")
        copies[await indexed.version()] = world.keep_copy()
    root = (await newest_root(world.store, KEYS)).root
    assert [line.version for line in root.older] == [1, 2, 3, 4]
    for version, copy in copies.items():
        if version >= root.runs[0].version:
            await indexed.assert_reads(version, copy)
        await indexed.assert_reads(version, copy, root=version)


async def test_one_path_takes_few_pages(indexed: Indexed) -> None:
    world = indexed.world
    grow(world.root)
    for number in range(6):
        (world.root / f"new {number}").write_bytes(b"%d" % number)
        await indexed.version()
    reader = await indexed.reader(6)
    entry = await reader.entry(b"a/small")
    assert entry is not None and await indexed.content(reader, entry) == b"small"
    assert reader.fetched <= 3
    assert await reader.entry(b"a/nothing") is None
    assert await (await indexed.reader(2)).entry(b"new 3") is None


async def test_posting_goes_on_after_a_crash_anywhere(indexed: Indexed, store: FaultyStore) -> None:
    """The store breaks off before or after each article; never two roots or names for one page."""
    world = indexed.world
    grow(world.root)
    await world.completed()
    broken = 0

    class Killed(Exception):
        pass

    for place in range(20):
        left = [place // 2]

        def kill(article: Article, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        store.before, store.after = (kill, None) if place % 2 else (None, kill)
        try:
            assert await indexed.post() == ""
            break
        except* Killed:
            broken += 1
    assert broken >= 3
    store.before = store.after = None
    await indexed.assert_reads(1, world.root)
    world.check_ledger()
    names = [name for name in store.posts if name in store.articles]
    assert world.query("SELECT indexed FROM snapshots") == [(True,)]
    assert len(set(names)) == len(store.articles)
    before = len(store.posts)
    assert await indexed.post() == "" and len(store.posts) == before


async def test_each_article_of_an_index_is_recorded_before_it_leaves(
    indexed: Indexed, store: FaultyStore
) -> None:
    """Promise 1; the store is asked for none of these names, and nothing is done twice."""
    world, states, asked = indexed.world, [], []

    def look(article: Article) -> None:
        name = article.message_id.hex()
        query = f"SELECT status FROM segments WHERE message_id = '\\x{name}'"
        states.extend(world.query(query))  # on another connection: it is committed

    present = store.present

    async def noted(names: Collection[bytes]) -> Presence:
        asked.append(set(names))
        return await present(names)

    grow(world.root)
    await world.completed()
    store.before, store.present = look, noted  # type: ignore[method-assign]
    before = len(store.posts)
    assert await indexed.post() == ""
    sent = store.posts[before:]
    assert len(sent) > 4 and states == [(SegmentStatus.SENDING,)] * len(sent)
    roots = {KEYS.root_name(1, 0, copy) for copy in range(2)}
    assert roots < set().union(*asked), "whether another machine has continued the folder"
    assert not set().union(*asked) & (set(sent) - roots)
    asked.clear()
    assert await indexed.post() == "" and store.posts[before:] == sent and not asked


async def test_an_index_that_is_not_posted_says_so(indexed: Indexed, store: FaultyStore) -> None:
    grow(indexed.world.root)
    await indexed.world.completed()
    store.before = refuse()
    assert "not posted" in await indexed.post()
    assert indexed.world.query("SELECT indexed FROM snapshots") == [(False,)]
    with pytest.raises(UnknownSnapshotError):
        await newest_root(store, KEYS)
    store.before = None
    assert await indexed.post() == ""
    await indexed.assert_reads(1, indexed.world.root)


async def test_one_copy_of_everything_is_enough(indexed: Indexed, store: FaultyStore) -> None:
    world = indexed.world
    grow(world.root)
    await indexed.version()
    lost = world.query(
        "SELECT s.message_id FROM segments s JOIN index_pages p USING (object_id)"
        " WHERE s.redundancy = 0"
    )
    assert len(lost) >= 3
    for (name,) in lost:
        del store.articles[bytes(name)]  # type: ignore[arg-type]
    await indexed.assert_reads(1, world.root)


async def test_the_newest_root_that_is_left_is_found(indexed: Indexed, store: FaultyStore) -> None:
    grow(indexed.world.root)
    for number in range(3):
        (indexed.world.root / f"new {number}").touch()
        await indexed.version()
    for copy in range(2):
        del store.articles[KEYS.root_name(3, 0, copy)]
    assert (await newest_root(store, KEYS)).root.current.version == 2
    store.articles[KEYS.root_name(3, 0, 0)] = store.articles[KEYS.root_name(2, 0, 0)]
    assert (await newest_root(store, KEYS)).root.current.version == 2
    with pytest.raises(IndexUnreadableError, match="of version 2 instead of 3"):
        await fetch_root(store, KEYS, 3)


async def test_a_root_of_another_machine_is_not_overwritten(
    indexed: Indexed, store: FaultyStore
) -> None:
    grow(indexed.world.root)
    await indexed.version()
    foreign = dict(store.articles)
    (indexed.world.root / "mine").touch()
    await indexed.version()
    theirs = store.articles[KEYS.root_name(2, 0, 0)]
    world = indexed.world
    world.query("DELETE FROM index_roots WHERE version = 2 RETURNING 1")
    world.query("UPDATE snapshots SET indexed = false WHERE version = 2 RETURNING 1")
    with pytest.raises(UsageError, match=r"Another machine .* folder: its version 2"):
        await indexed.post()
    assert store.articles[KEYS.root_name(2, 0, 0)] == theirs and foreign


def test_a_base_is_due_after_many_deltas_or_large_ones() -> None:
    base, small = RunRow(1, True, 9, 9, 1000, None), RunRow(2, False, 1, 1, 1, None)
    assert is_base_due([]) and not is_base_due([base])
    assert not is_base_due([base, *[small] * (MOST_DELTAS - 1)])
    assert is_base_due([base, *[small] * MOST_DELTAS])
    assert not is_base_due([base, small._replace(size=250)])
    assert is_base_due([base, small._replace(size=250), small])


async def test_a_root_whose_name_is_of_no_use_gets_the_next_one(
    indexed: Indexed, store: FaultyStore
) -> None:
    grow(indexed.world.root)
    await indexed.world.completed()
    useless = {KEYS.root_name(1, 0, copy) for copy in range(2)}

    def refuse_useless(article: Article) -> None:
        if article.message_id in useless:
            raise StoreError("441 no")

    store.before = refuse_useless
    assert await indexed.post() == ""
    assert not useless & store.articles.keys()
    await indexed.assert_reads(1, indexed.world.root)
    assert (await newest_root(store, KEYS)).root.current.attempt == 1
    indexed.world.check_ledger()


async def test_new_names_wait_for_the_next_version_when_a_root_has_no_more_names(
    indexed: Indexed,
) -> None:
    world = indexed.world
    grow(world.root)
    await indexed.version()
    world.query("UPDATE index_roots SET attempt = 7 RETURNING 1")
    ((object_id,),) = world.query(
        "WITH one AS (SELECT s.object_id, s.message_id FROM segments s"
        " JOIN objects o ON o.id = s.object_id WHERE o.kind <> 2 LIMIT 1),"
        " added AS (INSERT INTO aliases (message_id, wire_id, adopted)"
        " SELECT message_id, 'new@name', true FROM one)"
        " SELECT object_id FROM one"
    )
    assert "version 1 has been renewed 7 times" in await indexed.post()
    folder = await world.folder()
    assert "renewed 7 times" in await names_that_wait(world.catalogue, folder.id)
    (world.root / "more").write_bytes(b"more")
    assert await indexed.version() == 2
    part = await (await indexed.reader(2)).part(int(str(object_id)))
    assert ("new@name",) in [each.aliases for s in part.segments for each in s.articles]
    assert await names_that_wait(world.catalogue, folder.id) == ""


async def test_a_root_that_no_article_takes_uses_no_name_up(indexed: Indexed) -> None:
    world = indexed.world
    grow(world.root)
    await world.completed()
    patterns = [content(40, number) for number in range(5_000)]
    world.query("UPDATE folders SET exclude = %s RETURNING 1", patterns)
    for _ in range(2):
        with pytest.raises(UsageError, match="an article takes 100 kB: set a larger chunk_size"):
            await indexed.post()
    assert world.query("SELECT count(*) FROM index_roots") == [(0,)]
    world.query("UPDATE folders SET exclude = '{*.o}' RETURNING 1")
    assert await indexed.post() == ""
    root = (await newest_root(world.store, KEYS)).root
    assert root.current.attempt == 0 and root.filters == Filters(exclude=(b"*.o",))


async def test_versions_before_the_newest_base_learn_new_names(indexed: Indexed) -> None:
    """An article that only they use is posted again under another name: their index tells it."""
    world = indexed.world
    grow(world.root)
    base = world.root / "base"
    base.write_bytes(content(60_000, 99))
    await indexed.version()
    lost = world.query("SELECT object_id FROM files WHERE path_key = 'base'")[0][0]
    for number in range(3):
        (world.root / f"new {number}").write_bytes(content(60_000, number))
        if number == 2:
            base.unlink()
            world.query("UPDATE index_runs SET size = 1 WHERE is_base RETURNING 1")
        await indexed.version()
    new = b"a new name 16 by"
    ((old,),) = world.query("SELECT message_id FROM segments WHERE object_id = %s", lost)
    assert isinstance(old, bytes)
    async with world.catalogue.transaction(durable=True) as tx:
        await aliases.pass_on(tx, old, new, "old@name")
    world.query("UPDATE segments SET message_id = %s WHERE message_id = %s RETURNING 1", new, old)
    assert world.query("SELECT version FROM index_runs WHERE is_base ORDER BY 1") == [(1,), (4,)]
    newest = (await newest_root(world.store, KEYS)).root
    assert await indexed.post() == ""
    assert (await newest_root(world.store, KEYS)).root == newest
    own = await fetch_root(world.store, KEYS, 1)
    told = await last_of_base(world.store, KEYS, own, [2, 3, 4])
    assert (told.current.version, told.current.attempt) == (3, 1)
    part = await VersionReader(world.store, KEYS, told, 1).part(int(str(lost)))
    names = [each for s in part.segments for each in s.articles]
    assert [(each.message_id, each.aliases) for each in names] == [(new, ("old@name",))]
    assert await indexed.post() == "" and await fetch_root(world.store, KEYS, 3) == told


async def test_a_lost_catalogue_is_made_again_from_the_index(
    indexed: Indexed, store: FaultyStore
) -> None:
    """The next upload of the unchanged source reads nothing, and one of a changed file one file."""
    world = indexed.world
    grow(world.root)
    copies = {}
    for number in range(3):
        (world.root / f"new {number}").write_bytes(b"%d" % number)
        if number == 2:
            (world.root / "a" / "small").unlink()
        copies[await indexed.version()] = world.keep_copy()
    tables = "folders, realms, snapshots, files, objects, segments, aliases, jobs, notices"
    more = "index_runs, index_roots, index_pages, index_realms"
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {tables}, {more} RESTART IDENTITY CASCADE".encode())
        connection.execute("ALTER SEQUENCE object_ids RESTART")
    root = (await newest_root(store, KEYS)).root
    path = os.fsencode(world.root)
    await adopt(world.catalogue, store, KEYS, root, path, lambda key: key)
    world.check_ledger()
    for version, copy in copies.items():
        if version >= root.runs[0].version:
            await world.assert_restores(version, copy)
    posts = len(store.posts)
    outcome = await world.upload()
    assert outcome.message == "nothing changed since version 3" and len(store.posts) == posts
    (world.root / "new 1").write_bytes(b"changed")
    assert await indexed.version() == 4
    assert len(store.posts) == posts + 1 + 2 * 2 + 2  # a pack; two pages and a root in two copies
    await indexed.assert_reads(4, world.root)
