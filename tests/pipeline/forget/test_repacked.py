"""Packs that are written again: what it frees, whatever is killed, read, damaged or shared."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import psycopg
import pytest
from forgotten_ground import Kept
from index_ground import KEYS, Indexed
from rows import Rows
from worlds import World, make_world

from usenetsync_tui.catalogue.tables import jobs, version_files
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.errors import DatabaseFullError, leading_error
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.jobs import Verb
from usenetsync_tui.model.ports.stores import Opener
from usenetsync_tui.model.segments import ObjectKind
from usenetsync_tui.pipeline.forget.forget import Undone
from usenetsync_tui.pipeline.forget.repack import WORN_PARTS
from usenetsync_tui.pipeline.index.adoption.adopt import adopt
from usenetsync_tui.pipeline.index.find_root import newest_root
from usenetsync_tui.pipeline.restore.read_file import CatalogueReader
from usenetsync_tui.pipeline.verify.check import Repaired, repair
from usenetsync_tui.postgres.pool import Pool
from usenetsync_tui.store.shards import ShardsStore

pytestmark = pytest.mark.anyio

KINDS = {
    "packed": FolderChoices(profile=Profile.PACKED),
    "sealed, two copies": FolderChoices(profile=Profile.SEALED, copies=2),
    "dense": FolderChoices(profile=Profile.PACKED, compression=Compression.LZMA),
    "not compressed": FolderChoices(profile=Profile.PACKED, compression=Compression.NONE),
}


_COMPRESSED_AGAIN = 100
"""Bytes that a pack of random files grows by when compressed with zeros in it (XZ: 60 to 90)."""
_LEFT = """
    SELECT coalesce(sum(unneeded) FILTER (WHERE unneeded * %s < held), 0) FROM (
           SELECT o.size - coalesce(o.left_out, 0) AS held,
                  o.size - coalesce(o.left_out, 0) - sum(f.size) AS unneeded
             FROM objects o
             JOIN (SELECT DISTINCT object_id, object_offset, size FROM files) AS f
               ON f.object_id = o.id
            WHERE o.kind = 1 GROUP BY o.id) AS packs"""
"""Bytes that no file needs in packs of which they are so small a part that they stay."""


@pytest.fixture
def kept(pool: Pool, rows: Rows, tmp_path: Path) -> Kept:
    return Kept(Indexed(make_world(pool, rows, tmp_path, ShardsStore(pool))))


def begin(root: Path, rng: random.Random, files: int = 40) -> None:
    for number in range(files):
        (root / f"{number:02}").write_bytes(rng.randbytes(rng.randrange(300, 6_000)))
    (root / "00").write_bytes(rng.randbytes(50))  # both names of it are in the pack
    os.link(root / "00", root / "linked")


def change(root: Path, rng: random.Random, files: int = 5) -> None:
    """Some files change, one in its place, too, so that its linked name does."""
    for number in rng.sample(range(1, 40), files):
        (root / f"{number:02}").write_bytes(rng.randbytes(rng.randrange(300, 6_000)))
    with (root / "00").open("ab") as linked:
        linked.write(rng.randbytes(10))


def data_bytes(world: World) -> int:
    """The bytes of the articles that files need, without those of the index."""
    ((size,),) = world.query(
        """SELECT coalesce(sum(octet_length(a.payload)), 0) FROM articles a
            WHERE EXISTS (SELECT FROM segments s JOIN realms r ON r.id = s.realm_id
                           WHERE s.message_id = a.message_id AND NOT r.is_index)"""
    )
    return int(size)


def only_needed_by(world: World, gone: list[int]) -> int:
    """The bytes of files that only some versions have, as the rows of files say."""
    ((size,),) = world.query(
        """SELECT coalesce(sum(size), 0) FROM (
                  SELECT f.size FROM files f WHERE f.object_id IS NOT NULL
                   GROUP BY f.object_id, f.object_offset, f.size
                  HAVING NOT bool_or(EXISTS (
                         SELECT FROM snapshots s
                          WHERE s.folder_id = f.folder_id AND s.version <> ALL(%s)
                            AND s.version BETWEEN f.first_version
                                              AND coalesce(f.last_version, s.version)))) AS each""",
        gone,
    )
    return int(size)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_nine_tenths_are_freed_and_every_kept_version_is_whole(
    kept: Kept, kind: str, request: pytest.FixtureRequest
) -> None:
    """Killed between transactions; by the catalogue and by the secret alone."""
    rounds = request.config.getoption("--kill-rounds") or 1
    rng, world = random.Random(f"{kind} {rounds}"), kept.world
    world.choices = KINDS[kind]
    world.digest = DigestAlgorithm.SHA256 if kind == "dense" else DigestAlgorithm.BLAKE3
    copies = world.choices.copies or 1
    begin(world.root, rng)
    await kept.version()
    for _ in range(rounds):
        for _ in range(3):
            change(world.root, rng)
            await kept.version()
        gone = sorted(v for v in list(kept.copies)[:-1] if rng.random() < 0.7) or [min(kept.copies)]
        needless, before = only_needed_by(world, gone), data_bytes(world)
        space = await kept.erase(await kept.mark(gone), rng)
        freed = before - data_bytes(world)
        packs = world.query("SELECT count(*) FROM objects WHERE rewritten_at IS NOT NULL")
        spent = _COMPRESSED_AGAIN * copies * int(packs[0][0])  # type: ignore[call-overload]
        left = copies * int(world.query(_LEFT, WORN_PARTS)[0][0])  # type: ignore[call-overload]
        assert freed + spent + left >= 0.9 * copies * needless, (freed, left, needless, gone)
        assert space.freed_bytes >= freed
        await kept.assert_whole()
    found = await world.verify(bodies=True)
    assert (found.missing, found.damaged, found.unknown) == (0, 0, 0)
    assert world.query("SELECT count(*) FROM forgotten_objects WHERE replaced_at IS NOT NULL") == [
        (0,)
    ]


def names_needed_from(world: World, version: int) -> set[bytes]:
    """The articles of packs that versions from one on need: a restore may have looked them up."""
    rows = world.query(
        """SELECT s.message_id FROM segments s JOIN files f USING (object_id)
            WHERE coalesce(f.last_version, %s) >= %s""",
        version,
        version,
    )
    return {bytes(name) for (name,) in rows}  # type: ignore[call-overload]


async def test_what_a_pack_had_stays_while_a_restore_is_under_way(kept: Kept) -> None:
    """And what it has now can be made again from the folder."""
    rng, world = random.Random(1), kept.world
    begin(world.root, rng)
    for _ in range(3):
        change(world.root, rng, 12)
        await kept.version()
    folder = await world.folder()
    async with world.catalogue.transaction() as tx:
        job = await jobs.add(tx, folder.id, Verb.RESTORE, folder.priority, version=3, queued=True)
    world.query("UPDATE jobs SET state = 'running' WHERE id = %s RETURNING id", job)
    needed = names_needed_from(world, 2)
    assert await kept.erase_once(await kept.mark([1])) == Undone(old_packs=True)
    assert names_needed_from(world, 2) != needed, "packs have other articles"
    assert (await world.store.present(needed)).there == needed
    await kept.assert_whole()
    world.query("UPDATE jobs SET state = 'completed' WHERE id = %s RETURNING id", job)
    assert await kept.erase_once(await kept.mark([2])) == Undone()
    now = names_needed_from(world, 3)
    assert (await world.store.present(needed | now)).there == now
    await kept.assert_whole()
    lost = world.query("SELECT message_id FROM segments WHERE object_id = 1")
    world.query("DELETE FROM articles WHERE message_id = %s RETURNING 1", *lost[0])
    assert (await world.verify(bodies=True)).missing == 1
    assert world.run is not None and await repair(world.run) == Repaired(seen=1)
    world.query("UPDATE jobs SET state = 'completed' RETURNING id")
    await kept.assert_whole()


async def test_a_file_is_read_while_its_pack_is_written_again(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its articles go between the look into the catalogue and the fetch."""
    rng, world = random.Random(4), kept.world
    begin(world.root, rng)
    for _ in range(3):
        change(world.root, rng, 12)
        await kept.version()
    folder, fetch, begun = await world.folder(), world.store.fetch, []
    async with world.catalogue.transaction() as tx:
        span = Span(folder.id, 3, b"", None)
        rows = await version_files.version_page(tx, span, 100)

    async def fetched(name: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        if not begun:
            begun.append(name)
            await kept.erase_once(await kept.mark([1, 2]))
            assert not (await world.store.present({name})).there
        return await fetch(name, wait=wait, opened=opened)

    monkeypatch.setattr(world.store, "fetch", fetched)
    row = min((r for r in rows if r.object_kind == ObjectKind.PACK), key=lambda r: r.object_id)
    reader = CatalogueReader(world.catalogue, world)
    read = b"".join([data async for data in reader.content(row)])
    assert begun and read == (world.root / os.fsdecode(row.path)).read_bytes()


async def test_a_full_disk_loses_nothing_wherever_it_is_met(kept: Kept) -> None:
    """The database takes a few articles and refuses the next one, again and again."""
    rng, world = random.Random(5), kept.world
    begin(world.root, rng)
    for _ in range(3):
        change(world.root, rng, 12)
        await kept.version()
    job, before, written = await kept.mark([1, 2]), data_bytes(world), [0]
    with psycopg.connect(world.conninfo, autocommit=True) as connection:
        connection.execute(_LITTLE_ROOM)
        for _ in range(20):
            connection.execute("ALTER SEQUENCE room RESTART")
            try:
                assert await kept.erase_once(job) == Undone()
                break
            except (ExceptionGroup, DatabaseFullError) as error:
                assert isinstance(leading_error(error), DatabaseFullError), error
            await kept.assert_consistent()
            ((packs,),) = world.query("SELECT count(*) FROM objects WHERE rewritten_at IS NOT NULL")
            written.append(packs)
    assert len(written) > 2 and data_bytes(world) < before, written
    await kept.assert_whole()


_LITTLE_ROOM = """
    CREATE SEQUENCE room;
    CREATE FUNCTION little_room() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('room') > 2 THEN
            RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full';
        END IF;
        RETURN new;
    END $$;
    CREATE TRIGGER little_room BEFORE INSERT ON articles
       FOR EACH ROW WHEN (NEW.piece = 0) EXECUTE FUNCTION little_room()"""


async def test_packs_that_are_damaged_or_shared_stay_as_they_are(
    kept: Kept, tmp_path: Path
) -> None:
    rng, world, other_root = random.Random(2), kept.world, tmp_path / "other"
    begin(world.root, rng)
    await kept.version()
    shutil.copytree(world.root, other_root, symlinks=True)
    other = World(world.catalogue, world.rows, other_root, tmp_path, world.store)
    other.copies_made = 1_000
    mine = await other.completed(), other.keep_copy()
    for _ in range(3):
        change(world.root, rng, 12)
        await kept.version()
    ((pack,),) = world.query("SELECT min(object_id) FROM files WHERE first_version = 2")
    before = world.query(_ARTICLES_OF, pack)
    (name,) = before[0]
    world.query("UPDATE articles SET payload = 'other' WHERE message_id = %s RETURNING 1", name)
    assert await kept.erase_once(await kept.mark([1, 2])) == Undone(unread_packs=1)
    assert world.query(_ARTICLES_OF, pack) == before
    assert world.query("SELECT count(*) FROM objects WHERE rewritten_at IS NOT NULL") == [(0,)]
    await other.assert_restores(*mine)


_ARTICLES_OF = "SELECT message_id FROM segments WHERE object_id = %s"


async def test_who_adopts_the_folder_finds_its_packs_and_forgets_more(kept: Kept) -> None:
    rng, world = random.Random(3), kept.world
    begin(world.root, rng)
    for _ in range(4):
        await kept.version()
        change(world.root, rng, 12)
    await kept.erase(await kept.mark([1, 2]))
    with psycopg.connect(world.conninfo, autocommit=True) as connection:  # all but the articles
        connection.execute("TRUNCATE folders, realms, objects, segments, files, jobs CASCADE")
    found, path = (await newest_root(world.store, KEYS)).root, os.fsencode(world.root)
    await adopt(world.catalogue, world.store, KEYS, found, path, lambda key: key)
    await kept.version()
    assert await kept.erase_once(await kept.mark([3])) == Undone()
    await kept.assert_readable()
