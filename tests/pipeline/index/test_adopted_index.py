"""A folder whose catalogue is lost, made again from its index, or a part of a version."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from index_ground import KEYS, Indexed
from trees import compare_trees, content
from worlds import FaultyStore, World

from usenetsync_tui.model.index_roots import IndexRoot
from usenetsync_tui.pipeline.index.adopt import Adopted, adopt
from usenetsync_tui.pipeline.index.find_root import newest_root
from usenetsync_tui.pipeline.index.wanted import Wanted

pytestmark = pytest.mark.anyio

TABLES = (
    "folders, realms, snapshots, files, objects, segments, aliases, jobs, notices, headers, "
    "index_runs, index_roots, index_pages, index_realms"
)


@pytest.fixture
def indexed(world: World) -> Indexed:
    return Indexed(world.small(chunk_size=100_000))


def lose(world: World) -> None:
    """Everything that the catalogue knows is gone."""
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE".encode())
        connection.execute("ALTER SEQUENCE object_ids RESTART")


async def adopted(
    world: World, root: IndexRoot | None = None, wanted: Wanted | None = None
) -> Adopted:
    found = root or (await newest_root(world.store, KEYS)).root
    path = os.fsencode(world.root)
    return await adopt(world.catalogue, world.store, KEYS, found, path, lambda key: key, wanted)


def grow(root: Path) -> None:
    """Many small files, a large one, and a directory whose neighbours sort around it."""
    for number in range(60):
        (root / f"file {number:03}").write_bytes(content(50 + number))
    (root / "a" / "b").mkdir(parents=True)
    for name in ("one", "two"):
        (root / "a" / "b" / name).write_bytes(name.encode())
    (root / "a.txt").write_bytes(b"between a and a/")
    (root / "large").write_bytes(content(350_000))


async def test_a_part_of_a_version_takes_only_its_pages(
    indexed: Indexed, store: FaultyStore
) -> None:
    world = indexed.world.small(chunk_size=14_000)  # small pages
    grow(world.root)
    for number in range(1500):
        (world.root / f"many {number:04}").write_bytes(b"%d" % number)
    await indexed.version()
    for number in range(4):
        (world.root / "a" / "b" / "one").write_bytes(b"one %d" % number)
        (world.root / f"other {number}").write_bytes(b"%d" % number)
        if number == 2:
            (world.root / "a" / "b" / "two").unlink()
        await indexed.version()
    expected = {
        (5, b"a/b/one"): [(b"a/b/one", 5)],
        (2, b"a/b/one"): [(b"a/b/one", 5)],
        (3, b"a/b"): [(b"a/b/", 0), (b"a/b/one", 5), (b"a/b/two", 3)],
        (4, b"a/b/"): [(b"a/b/", 0), (b"a/b/one", 5)],
        (1, b"many 0700"): [(b"many 0700", 3)],
        (5, b"nothing"): [],
    }
    for (version, path), files in expected.items():
        root = (await newest_root(store, KEYS)).root
        pages = sum(len(run.pages) for run in root.runs)
        lose(world)
        store.fetches.clear()
        made = await adopted(world, root, Wanted(version, (path,)))
        assert made.versions == (version,)
        most = 9 if path.rstrip(b"/") == b"a/b" else 3
        assert len(store.fetches) <= most < pages, path
        found = world.query(
            "SELECT path_key, size FROM files WHERE first_version <= %s"
            " AND (last_version IS NULL OR last_version >= %s) ORDER BY 1",
            version,
            version,
        )
        assert found == files
        world.check_ledger()
        if files:
            target = await world.restore(version, prefix=path)
            assert await world.notices() == []
            if version == 5:
                assert (target / "a" / "b" / "one").read_bytes() == b"one 3"


async def test_one_version_is_loaded_whole(indexed: Indexed, store: FaultyStore) -> None:
    world = indexed.world
    grow(world.root)
    copies = {}
    for number in range(3):
        (world.root / f"new {number}").write_bytes(b"%d" % number)
        copies[await indexed.version()] = world.keep_copy()
    for version, copy in copies.items():
        root = (await newest_root(store, KEYS)).root
        lose(world)
        assert (await adopted(world, root, Wanted(version))).versions == (version,)
        restored = await world.restore(version)
        assert compare_trees(copy, restored) == []
