"""Pages of an index that no copy has: what they had is named, and all else is restored."""

from __future__ import annotations

import pytest
from index_ground import KEYS, Indexed
from test_adopted_index import adopted, lose
from trees import compare_trees
from worlds import FaultyStore, World

from usenetsync_tui.errors import IndexUnreadableError
from usenetsync_tui.model.index.roots import LEAF
from usenetsync_tui.pipeline.index.adoption.wanted import Wanted
from usenetsync_tui.pipeline.index.find_root import newest_root
from usenetsync_tui.pipeline.index.pages_of_run import pages_of_run

pytestmark = pytest.mark.anyio


@pytest.fixture
async def indexed(world: World) -> Indexed:
    """A version whose list of files has several pages."""
    indexed = Indexed(world.small(chunk_size=14_000))
    for number in range(600):
        (world.root / f"file {number:03}").write_bytes(b"%d" % number)
    await indexed.version()
    return indexed


@pytest.mark.parametrize("at", [0, 1])
async def test_a_version_is_restored_without_the_paths_of_a_lost_page(
    indexed: Indexed, store: FaultyStore, at: int
) -> None:
    world = indexed.world
    root = (await newest_root(store, KEYS)).root
    reader = await indexed.reader(1)
    every = pages_of_run(reader.page, root.runs[0], of_objects=False)
    pages = [line async for line, _ in every if line.level == LEAF]
    first, end = pages[at].first, pages[at + 1].first
    assert isinstance(first, bytes) and isinstance(end, bytes)
    for name in pages[at].message_ids:
        del store.articles[name]
    lose(world)
    with pytest.raises(IndexUnreadableError, match=f'begins with "{end.decode()}"'):
        await adopted(world, root)
    await adopted(world, root, Wanted(1))
    restored = await world.restore(1)
    (notice,) = await world.notices()
    assert f'to the last before "{end.decode()}"' in notice.reason and notice.is_error
    for path in sorted(world.root.glob("file *")):
        if first <= path.name.encode() < end:
            path.unlink()
    different = compare_trees(world.root, restored)
    assert [each for each in different if not each.startswith("b''")] == []  # unlink changed it
    assert len(list(restored.iterdir())) > 100


async def test_files_whose_articles_a_lost_page_lists_are_named(
    indexed: Indexed, store: FaultyStore
) -> None:
    world = indexed.world
    (world.root / "file 007").write_bytes(b"changed")
    await indexed.version()
    root = (await newest_root(store, KEYS)).root
    for line in root.runs[-1].pages:
        if line.of_objects:
            for name in line.message_ids:
                del store.articles[name]
    lose(world)
    await adopted(world, root, Wanted(2))
    restored = await world.restore(2)
    notices = await world.notices()
    assert notices and all("lists its articles is lost" in each.reason for each in notices)
    assert len(list(restored.iterdir())) + len(notices) == 600


async def test_an_older_version_learns_the_newer_names_of_its_articles(
    indexed: Indexed, store: FaultyStore
) -> None:
    """Whole or in part: a run of a later version tells them."""
    world = indexed.world
    (world.root / "new").write_bytes(b"new")
    await indexed.version()
    world.query(
        "INSERT INTO aliases (message_id, wire_id, adopted) SELECT message_id, 'a@b', true"
        " FROM segments JOIN objects o ON o.id = object_id WHERE o.kind <> 2"
        " ORDER BY object_id LIMIT 1 RETURNING 1"
    )
    assert await indexed.post() == ""
    root = (await newest_root(store, KEYS)).root
    assert [run.version for run in root.runs] == [1, 2, 2]
    for wanted in (Wanted(1), Wanted(1, (b"file 000",))):
        lose(world)
        await adopted(world, root, wanted)
        assert world.query("SELECT wire_id FROM aliases") == [("a@b",)]
        world.check_ledger()
