"""A folder whose catalogue is lost, made again from its index, or a part of a version."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from index_ground import KEYS, Indexed
from trees import compare_trees, content
from worlds import FaultyStore, World

from usenetsync_tui.errors import IndexUnreadableError, UsageError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.index.roots import IndexRoot
from usenetsync_tui.pipeline.index import plan_run
from usenetsync_tui.pipeline.index.adoption.adopt import Adopted, adopt
from usenetsync_tui.pipeline.index.adoption.wanted import Wanted
from usenetsync_tui.pipeline.index.find_root import newest_root

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
    for number in range(400):
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
        (3, b"a/b"): [(b"a/b/", 0), (b"a/b/one", 5), (b"a/b/two", 3)],
        (1, b"many 0300"): [(b"many 0300", 3)],
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


FILES = (
    "path_key, first_version, last_version, kind, state, mode, size, stat_size, mtime_ns,"
    " CASE kind WHEN 1 THEN 0 ELSE ctime_ns END, xattrs, link_set, extents,"
    " inode, uid, gid, link, object_id, object_offset, digest, digest_kind, reason, racy, long_path"
)
SEGMENTS = "object_id, segment_index, redundancy, size, payload_size, hash, codec, message_id"
OBJECTS = "id, kind, size, segment_size, segments, copies, first_key, last_key, posted, complete"
SNAPSHOTS = (
    "version, state, started_at, finished_at, files, directories, symlinks, size, added, modified,"
    " removed, errors, indexed"
)


def dump(world: World) -> dict[str, Sequence[object]]:
    """What the catalogue knows of the folder, without what its index is made of."""
    data = "JOIN objects o ON o.id = object_id WHERE o.kind <> 2"
    asked = {
        "files": f"SELECT {FILES} FROM files ORDER BY 1, 2",
        "segments": f"SELECT {SEGMENTS.replace('size,', 's.size,', 1)} FROM segments s {data}",
        "objects": f"SELECT {OBJECTS} FROM objects WHERE kind <> 2",
        "snapshots": f"SELECT {SNAPSHOTS} FROM snapshots",
        "runs": "SELECT version, is_base, files, objects, size, fingerprints FROM index_runs",
        "pages": "SELECT version, level, number, of_objects, first_path, first_object,"
        " first_segment, data FROM index_pages WHERE number IS NOT NULL AND NOT replaced",
    }
    return {name: sorted(world.query(sql), key=repr) for name, sql in asked.items()}


@pytest.mark.parametrize(
    ("seed", "bases", "profile"), [(1, False, Profile.SEALED), (2, True, Profile.PLAIN)]
)
async def test_all_is_as_before_the_loss(
    indexed: Indexed, seed: int, bases: bool, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random histories, with one base or with a base in every other version."""
    world, chance = indexed.world, random.Random(seed)
    world.choices = FolderChoices(store=StoreKind.MEMORY, profile=profile)
    if bases:
        due = iter([True, False, True, True, False, False])
        monkeypatch.setattr(plan_run, "is_base_due", lambda runs: next(due))
    grow(world.root)
    copies: dict[int, Path] = {}
    for number in range(5):
        for path in chance.sample(sorted(world.root.glob("file *")), 6):
            match chance.randrange(4):
                case 0:
                    path.unlink()
                case 1:
                    path.write_bytes(content(chance.randrange(120_000)))
                case 2:
                    path.chmod(0o600)
                case 3:
                    path.rename(path.with_name(f"moved {path.name}"))
        (world.root / f"new {number}").write_bytes(content(number))
        copies[await indexed.version()] = world.keep_copy()
    before = dump(world)
    lose(world)
    made = await adopted(world)
    assert made.versions == (1, 2, 3, 4, 5) and made.left_out == ()
    world.check_ledger()
    after = dump(world)
    for name, rows in before.items():
        assert after[name] == rows, name
    version = chance.randint(1, 4)
    await world.assert_restores(version, copies[version])
    posts = len(world.store.posts)
    assert (await world.upload()).message == "nothing changed since version 5"
    assert len(world.store.posts) == posts
    (world.root / "new 1").write_bytes(b"changed")
    assert await indexed.version() == 6
    assert world.query("SELECT is_base FROM index_runs WHERE version = 6") == [(False,)]
    await indexed.assert_reads(6, world.root)


async def test_a_folder_is_adopted_beside_another(
    indexed: Indexed, store: FaultyStore, tmp_path: Path
) -> None:
    """Its objects get other numbers here; in its index they keep theirs."""
    world = indexed.world
    grow(world.root)
    copies = {await indexed.version(): world.keep_copy()}
    root = (await newest_root(store, KEYS)).root
    lose(world)
    mine, world.root = world.root, tmp_path / "other"
    world.root.mkdir()
    (world.root / "their file").write_bytes(content(300_000))
    await world.completed()
    with pytest.raises(UsageError, match=r"other.*is backed up here already"):
        await adopt(world.catalogue, store, KEYS, root, os.fsencode(world.root), lambda key: key)
    world.root = mine
    await adopted(world, root)
    offset = world.query("SELECT object_offset FROM folders ORDER BY id DESC LIMIT 1")[0][0]
    assert isinstance(offset, int) and offset > 0
    world.check_ledger()
    await world.assert_restores(1, copies[1])
    with pytest.raises(UsageError, match=r"folder.*is backed up here already"):
        await adopt(world.catalogue, store, KEYS, root, b"/elsewhere", lambda key: key)
    (world.root / "new").write_bytes(content(200_000))
    (world.root / "large").chmod(0o600)  # in an object that the base describes
    copies[await indexed.version()] = world.keep_copy()
    highest = world.query("SELECT max(id) FROM objects WHERE kind <> 2")[0][0]
    newest = (await newest_root(store, KEYS)).root
    assert isinstance(highest, int) and newest.next_object > highest - offset
    await indexed.assert_reads(2, world.root)
    lose(world)  # once more: both versions, with the numbers of the index
    await adopted(world)
    for version, copy in copies.items():
        await world.assert_restores(version, copy)


async def test_an_index_that_cannot_be_adopted_changes_nothing(
    indexed: Indexed, store: FaultyStore
) -> None:
    world = indexed.world
    grow(world.root)
    for number in range(3):
        (world.root / f"new {number}").write_bytes(b"%d" % number)
        await indexed.version()
    root = (await newest_root(store, KEYS)).root
    lose(world)
    (first, second, third), base = root.runs, root.runs[0]
    files, objects = first.pages
    lying = {
        "has 68 paths, and its root says 5": [replace(base, files=5), second, third],
        "objects, and its root says": [replace(base, objects=9), second, third],
        "is in no object": [replace(base, pages=(files,), objects=0), second, third],
        "an object twice": [replace(base, pages=(files, objects, objects)), second, third],
        "not in order": [replace(base, pages=(files, files, objects)), second, third],
    }
    for words, runs in lying.items():
        with pytest.raises(IndexUnreadableError, match=words):
            await adopted(world, replace(root, runs=tuple(runs)))
        assert world.query("SELECT 1 FROM folders UNION ALL SELECT 1 FROM realms") == []
    with pytest.raises(IndexUnreadableError, match="does not know of"):
        await adopted(world, replace(root, next_object=2))
    for line in second.pages:
        for name in line.message_ids:
            del store.articles[name]
    with pytest.raises(IndexUnreadableError, match=r"version 2.*cannot be fetched"):
        await adopted(world, root)
    for table in ("folders", "realms", "snapshots", "files", "objects", "segments", "index_pages"):
        assert world.query(f"SELECT 1 FROM {table} LIMIT 1") == [], table
